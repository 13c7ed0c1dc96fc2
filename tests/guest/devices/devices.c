/* SPDX-License-Identifier: Apache-2.0 */
/* Device files, and terminal requests to what is no terminal. */
#include "../check.h"
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>

static void about(const char *path)
{
    struct stat st;

    if (stat(path, &st)) {
        printf("%s: %s\n", path, error_name(errno));
        return;
    }
    printf("%s: type %o", path, st.st_mode & S_IFMT);
    if (S_ISCHR(st.st_mode))
        printf(" device %u:%u", major(st.st_rdev), minor(st.st_rdev));
    printf("\n");
}

static void null_and_zero(void)
{
    char bytes[100];
    int null = (int)must(open("/dev/null", O_RDWR)), zero = (int)must(open("/dev/zero", O_RDWR));
    int full = (int)must(open("/dev/full", O_RDWR)), sum = 0;

    memset(bytes, 7, sizeof(bytes));
    result("read null", read(null, bytes, 10));
    result("write null", write(null, bytes, 100));
    result("write null from nowhere", write(null, (void *)8, 10));
    result("seek null", lseek(null, 100, SEEK_SET));
    result("truncate null", ftruncate(null, 0));
    result("create null", close(open("/dev/null", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644)));
    result("read zero", read(zero, bytes, 100));
    for (int i = 0; i < 100; i++)
        sum |= bytes[i];
    fact("all of it", sum);
    result("write zero", write(zero, bytes, 100));
    result("read zero to nowhere", read(zero, (void *)8, 10));
    result("read full", read(full, bytes, 100));
    result("write full", write(full, bytes, 100));
    result("write nothing to full", write(full, bytes, 0));
}

static void random_bytes(const char *path)
{
    unsigned char one[64] = {0}, two[64] = {0}, sum = 0;
    int fd = (int)must(open(path, O_RDONLY));

    text("random", path);
    result("read", read(fd, one, 64));
    result("read", read(fd, two, 64));
    for (int i = 0; i < 64; i++)
        sum |= one[i];
    yes("two differ, none is zero", memcmp(one, two, 64) != 0 && sum != 0);
    close(fd);
}

static void terminals(void)
{
    struct termios settings;
    struct winsize size;
    int ends[2], group;

    must(pipe(ends));
    result("TCGETS of a pipe", tcgetattr(ends[0], &settings));
    result("TIOCGWINSZ of a pipe", ioctl(ends[1], TIOCGWINSZ, &size));
    result("TIOCGPGRP of a pipe", ioctl(ends[1], TIOCGPGRP, &group));
    result("TCGETS of standard output", tcgetattr(1, &settings));
    result("TIOCGWINSZ of standard output", ioctl(1, TIOCGWINSZ, &size));
    result("TCGETS of null", ioctl(open("/dev/null", O_RDWR), TCGETS, &settings));
    result("unknown request", ioctl(1, 0x12345678, &size));
    result("of nothing", ioctl(99, TCGETS, &settings));
    int on = 1;
    result("FIONBIO", ioctl(ends[0], FIONBIO, &on));
    octal("flags", (unsigned long)fcntl(ends[0], F_GETFL));
    result("FIOCLEX", ioctl(ends[0], FIOCLEX));
    fact("close on exec", fcntl(ends[0], F_GETFD));
    result("isatty", isatty(0));
    works("/dev/tty", open("/dev/tty", O_RDWR));
}

static void streams(void)
{
    int fd;

    fflush(stdout);
    fd = (int)must(open("/dev/stdout", O_WRONLY));
    must(write(fd, "by /dev/stdout\n", 15));
    fd = (int)must(open("/dev/stderr", O_WRONLY));
    must(write(fd, "by /dev/stderr\n", 15));
    fd = (int)must(open("/dev/fd/1", O_WRONLY));
    must(write(fd, "by /dev/fd/1\n", 13));
    fd = (int)must(open("/proc/self/fd/2", O_WRONLY | O_APPEND));
    must(write(fd, "by /proc/self/fd/2\n", 19));
    char bytes[16] = "";
    fd = (int)must(open("/dev/stdin", O_RDONLY));
    result("read by /dev/stdin", read(fd, bytes, 5));
    text("it was", bytes);
}

int main(void)
{
    const char *const all[] = {"/dev/null",    "/dev/zero", "/dev/full", "/dev/random",
                               "/dev/urandom", "/dev/tty",  "/dev/shm",  "/dev/none"};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        about(all[i]);
    null_and_zero();
    random_bytes("/dev/random");
    random_bytes("/dev/urandom");
    terminals();
    streams();
    return 0;
}
