/* SPDX-License-Identifier: Apache-2.0 */
/* Contents: what the image has, what is written over it, holes, truncation, pages for mappings. */
#include "check.h"

#include <u2k/fd.h>

/* /big of the image: byte i is i * 7 + i / 4096, 20000 bytes. */
static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i * 7 + i / 4096);
}

static void check_big(long fd, size_t from, size_t to)
{
    uint8_t bytes[20000];
    CHECK(CALL(pread64, P(fd), P(bytes), to - from, from), to - from);
    for (size_t i = from; i < to; i++)
        CHECK(bytes[i - from], byte_at(i));
}

static void reading(void)
{
    char text[16];
    long fd = open_("/big", O_RDONLY, 0);
    check_big(fd, 0, 20000);
    check_big(fd, 4095, 4097);
    check_big(fd, 16384, 20000);
    CHECK(CALL(pread64, P(fd), P(text), 16, 19990), 10);
    CHECK(CALL(pread64, P(fd), P(text), 16, 20000), 0);
    CHECK(CALL(pread64, P(fd), P(text), 16, P(-1)), -EINVAL);
    CHECK(CALL(read, P(fd), 8, 16), -EFAULT);
    CHECK(CALL(write, P(fd), P(text), 1), -EBADF);
    CHECK(CALL(lseek, P(fd), P(-10), SEEK_END), 19990);
    CHECK(CALL(read, P(fd), P(text), 16), 10);
    CHECK(CALL(lseek, P(fd), P(-1), SEEK_SET), -EINVAL);
    CHECK(CALL(lseek, P(fd), 0, 9), -EINVAL);
    CHECK(CALL(lseek, P(fd), 20000, SEEK_DATA), -ENXIO);
    long dir = open_("/etc", O_RDONLY, 0);
    CHECK(CALL(read, P(dir), P(text), 1), -EISDIR);
    CHECK(open_("/etc", O_WRONLY, 0), -EISDIR);
    struct iovec_k vec[3] = {{P(text), 3}, {0, 0}, {P(text + 3), 5}};
    long motd = open_("/etc/motd", O_RDONLY, 0);
    CHECK(CALL(readv, P(motd), P(vec), 3), 8);
    CHECK(memcmp(text, "welcome\n", 8), 0);
}

static void copied_up(void)
{
    uint8_t byte;
    long fd = open_("/big", O_RDWR, 0);
    CHECK(CALL(pwrite64, P(fd), P("XY"), 2, 8191), 2);
    check_big(fd, 0, 8191);
    check_big(fd, 8193, 20000);
    CHECK(CALL(pread64, P(fd), P(&byte), 1, 8192), 1);
    CHECK(byte, 'Y');
    CHECK(CALL(pwrite64, P(fd), P("Z"), 1, 30000), 1); /* a hole between */
    CHECK(CALL(pread64, P(fd), P(&byte), 1, 25000), 1);
    CHECK(byte, 0);
    check_big(fd, 8193, 20000);
    CHECK(CALL(lseek, P(fd), 24576, SEEK_DATA), 28672);
    CHECK(CALL(ftruncate, P(fd), 10000), 0);
    CHECK(CALL(ftruncate, P(fd), 20000), 0);
    check_big(fd, 8193, 10000);
    for (size_t i = 10000; i < 20000; i += 999) {
        CHECK(CALL(pread64, P(fd), P(&byte), 1, i), 1);
        CHECK(byte, 0);
    }
    CHECK(CALL(fallocate, P(fd), 3, 100, 5000), 0); /* punch */
    CHECK(CALL(pread64, P(fd), P(&byte), 1, 5000), 1);
    CHECK(byte, 0);
    check_big(fd, 0, 100);
    check_big(fd, 5100, 8191);
    CHECK(CALL(fallocate, P(fd), 0, 20000, 5000), 0);
    struct stat_k st;
    CHECK(CALL(fstat, P(fd), P(&st)), 0);
    CHECK(st.size, 25000);
    CHECK(CALL(fallocate, P(fd), 0, 0, P(1l << 60)), -ENOSPC);
    CHECK(CALL(ftruncate, P(fd), P(-1)), -EINVAL);
    CHECK(CALL(truncate, P("/etc"), 0), -EISDIR);
}

static void forgotten_and_found(void)
{
    char name[] = "/tmp/00000";
    long fd = open_("/big", O_RDWR, 0);
    CHECK(CALL(pwrite64, P(fd), P("changed"), 7, 0), 7);
    CALL(close, P(fd));
    for (int i = 0; i < 30000; i++) { /* the cache forgets what is not used */
        int n = i;
        for (int k = 9; k > 4; k--, n /= 10)
            name[k] = (char)('0' + n % 10);
        CHECK(mode_of(name), -ENOENT);
    }
    char text[8] = {0};
    CHECK(read_text("/big", text, 8), 7);
    CHECK(strcmp(text, "changed"), 0);
    fd = open_("/big", O_RDONLY, 0);
    check_big(fd, 7, 20000);
}

static void pages(void)
{
    void *page, *again;
    size_t run;
    long fd = open_("/big", O_RDWR, 0);
    struct inode *i = fd_peek((int)fd)->inode;
    struct list mapping;
    CHECK(file_page(i, 1, PAGE_FOR_READ, &page, &run), 0);
    CHECK(((uint8_t *)page)[5], byte_at(4101));
    CHECK(file_page(i, 5, PAGE_FOR_READ, &page, &run), -ENXIO);
    CHECK(file_page(i, UINT64_MAX >> 12, PAGE_FOR_READ, &page, &run), -ENXIO);
    CHECK(file_page(i, 4, PAGE_FOR_READ, &page, &run), 0); /* the tail: zeros behind it */
    CHECK(((uint8_t *)page)[3615], byte_at(19999));
    CHECK(((uint8_t *)page)[3616], 0);
    list_push_back(&i->mappings, &mapping);
    CHECK(file_page(i, 1, PAGE_FOR_READ, &page, &run), 0);
    CHECK(run >= 3, 1);
    stub_changes = 0;
    CHECK(file_page(i, 1, PAGE_FOR_WRITE, &again, &run), 0);
    CHECK(again != page, 1);
    CHECK(stub_changes, 1);
    ((uint8_t *)again)[0] = 99;
    uint8_t byte;
    CHECK(CALL(pread64, P(fd), P(&byte), 1, 4096), 1);
    CHECK(byte, 99);
    CHECK(file_page(i, 0, PAGE_FOR_READ, &page, &run), 0);
    CHECK(run, 1);
    CHECK(CALL(ftruncate, P(fd), 4096), 0);
    CHECK(stub_changes >= 2, 1);
    CHECK(CALL(pwrite64, P(fd), P("x"), 1, 100000), 1);
    CHECK(file_page(i, 10, PAGE_FOR_READ, &page, &run), 0);
    CHECK(page == NULL, 1);
    list_remove(&mapping);
}

static void limits(void)
{
    process.limits[RLIMIT_FSIZE].soft = 10;
    CHECK(write_text("/tmp/f", "0123456789abc"), 10);
    long fd = open_("/tmp/f", O_WRONLY | O_APPEND, 0);
    CHECK(CALL(write, P(fd), P("x"), 1), -EFBIG);
    CHECK(stub_signals, SIGBIT(SIGXFSZ));
    process.limits[RLIMIT_FSIZE].soft = RLIM_INFINITY;
    CHECK(CALL(pwrite64, P(fd), P("x"), 1, 500), 1); /* O_APPEND: the offset does not count */
    CHECK(has_text("/tmp/f", "0123456789x"), 1);
    CALL(close, P(fd));
    fd = open_("/tmp/f", O_WRONLY, 0);
    CHECK(CALL(pwrite64, P(fd), P("x"), 1, INT64_MAX), -EINVAL);
    process.limits[RLIMIT_NOFILE].soft = 7;
    for (long n = fd + 1; n < 7; n++)
        CHECK(CALL(dup, P(fd)), n);
    CHECK(CALL(dup, P(fd)), -EMFILE);
    CHECK(open_("/etc/motd", O_RDONLY, 0), -EMFILE);
}

static void attributes(void)
{
    char value[16] = {0}, names[64];
    CHECK(CALL(getxattr, P("/etc/motd"), P("user.origin"), P(value), 16), 5);
    CHECK(strcmp(value, "image"), 0);
    CHECK(CALL(getxattr, P("/etc/motd"), P("user.origin"), P(value), 2), -ERANGE);
    CHECK(CALL(getxattr, P("/etc/motd"), P("user.none"), P(value), 16), -ENODATA);
    CHECK(CALL(listxattr, P("/etc/motd"), P(names), 64), 12);
    CHECK(CALL(setxattr, P("/etc/motd"), P("user.new"), P("v"), 1, 0), 0);
    CHECK(CALL(setxattr, P("/etc/motd"), P("user.new"), P("v"), 1, 1), -EEXIST);
    CHECK(CALL(listxattr, P("/etc/motd"), P(names), 64), 21);
    CHECK(CALL(removexattr, P("/etc/motd"), P("user.origin")), 0);
    CHECK(CALL(getxattr, P("/etc/motd"), P("user.origin"), P(value), 16), -ENODATA);
    CHECK(CALL(getxattr, P("/etc/motd"), P("user.new"), P(value), 16), 1);
    CHECK(CALL(setxattr, P("/etc/motd"), P("bad"), P("v"), 1, 0), -EOPNOTSUPP);
    struct timespec64 times[2] = {{5, 6}, {7, 8}};
    struct stat_k st;
    CHECK(CALL(utimensat, P(-100), P("/etc/motd"), P(times), 0), 0);
    CHECK(CALL(stat, P("/etc/motd"), P(&st)), 0);
    CHECK(st.mtime * 100 + st.mtime_nsec, 708);
    times[0].nsec = -1;
    CHECK(CALL(utimensat, P(-100), P("/etc/motd"), P(times), 0), -EINVAL);
    uint8_t stx[256];
    CHECK(CALL(statx, P(-100), P("/etc/motd"), 0, 0x7ff, P(stx)), 0);
    CHECK(CALL(statx, P(0), P(""), AT_EMPTY_PATH, 0x7ff, P(stx)), 0);
}

static void sealed(void)
{
    long fd = CALL(memfd_create, P("name"), 2);
    char text[32] = {0};
    CHECK(CALL(write, P(fd), P("hello"), 5), 5);
    CHECK(CALL(readlink, P("/proc/self/fd/3"), P(text), 32), 21);
    CHECK(strcmp(text, "/memfd:name (deleted)"), 0);
    CHECK(CALL(fcntl, P(fd), 1033, F_SEAL_SHRINK | F_SEAL_GROW), 0);
    CHECK(CALL(ftruncate, P(fd), 2), -EPERM);
    CHECK(CALL(pwrite64, P(fd), P("x"), 1, 5), -EPERM);
    CHECK(CALL(pwrite64, P(fd), P("x"), 1, 4), 1);
    CHECK(CALL(fcntl, P(fd), 1033, F_SEAL_WRITE | F_SEAL_SEAL), 0);
    CHECK(CALL(pwrite64, P(fd), P("x"), 1, 0), -EPERM);
    CHECK(CALL(fcntl, P(fd), 1034), 15);
    CHECK(CALL(fcntl, P(fd), 1033, 0), -EPERM);
    CHECK(CALL(fcntl, 0, 1034), -EINVAL);
}

const struct test tests_data[] = {
    {"reading", reading},
    {"copied_up", copied_up},
    {"forgotten_and_found", forgotten_and_found},
    {"pages", pages},
    {"limits", limits},
    {"attributes", attributes},
    {"sealed", sealed},
    {0},
};
