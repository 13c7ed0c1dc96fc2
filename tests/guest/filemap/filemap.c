/* SPDX-License-Identifier: Apache-2.0 */
/* Files in memory: private and shared mappings, copy on write, what lies past the end. */
#include "../check.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { PAGE = 4096 };

static sigjmp_buf back;
static volatile int fault_signal, fault_code;
static char *volatile fault_address;

static void on_fault(int signo, siginfo_t *info, void *context)
{
    (void)context;
    fault_signal = signo;
    fault_code = info->si_code;
    fault_address = info->si_addr;
    siglongjmp(back, 1);
}

static void touch(const char *name, char *base, size_t offset, bool write)
{
    if (sigsetjmp(back, 1)) {
        printf("%s: signal %d code %d at +%#zx\n", name, fault_signal, fault_code,
               (size_t)(fault_address - base));
        return;
    }
    volatile char *at = base + offset;
    if (write)
        *at = 'W';
    printf("%s: %d\n", name, *at);
}

static int file_of(const char *name, size_t size)
{
    int fd = (int)must(open(name, O_RDWR | O_CREAT | O_TRUNC, 0644));
    char page[PAGE];

    for (size_t at = 0; at < size; at += PAGE) {
        size_t part = size - at < PAGE ? size - at : PAGE;
        memset(page, 'a' + (int)(at / PAGE), PAGE);
        must(write(fd, page, part));
    }
    return fd;
}

static char at_offset(int fd, off_t offset)
{
    char byte = 0;

    return pread(fd, &byte, 1, offset) == 1 ? byte : '-';
}

static void private_mapping(void)
{
    int fd = file_of("private", 2 * PAGE + 100);
    char *at = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

    must((long)at);
    touch("first page", at, 0, false);
    touch("last byte", at, 2 * PAGE + 99, false);
    touch("behind the end, same page", at, 2 * PAGE + 100, false);
    touch("page behind the end", at, 3 * PAGE + 1, false);
    touch("copy on write", at, 10, true);
    printf("file after a private write: %c\n", at_offset(fd, 10));
    must(pwrite(fd, "Z", 1, PAGE + 7));
    printf("file's change shows on an untouched page: %c\n", at[PAGE + 7]);
    result("dontneed", madvise(at, PAGE, MADV_DONTNEED));
    printf("private write forgotten: %c\n", at[10]);
    result("close", close(fd));
    printf("still mapped: %c\n", at[0]);
    result("unmap", munmap(at, 4 * PAGE));
}

static void shared_mapping(void)
{
    int fd = file_of("shared", 2 * PAGE);
    char *at = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), *other, *moved;

    must((long)at);
    at[5] = 'S';
    printf("file after a shared write: %c\n", at_offset(fd, 5));
    must(pwrite(fd, "T", 1, PAGE + 5));
    printf("mapping after a write to the file: %c\n", at[PAGE + 5]);
    other = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, PAGE);
    at[PAGE + 6] = 'U';
    printf("second mapping sees it: %c\n", other[6]);
    touch("second mapping is read-only", other, 6, true);
    result("msync", msync(at, 2 * PAGE, MS_SYNC));
    moved = mremap(at, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE);
    yes("remapped", moved != MAP_FAILED);
    touch("behind the end", moved, 2 * PAGE, false);
    result("file grows", ftruncate(fd, 3 * PAGE));
    touch("now it is there", moved, 2 * PAGE, true);
    printf("and in the file: %c\n", at_offset(fd, 2 * PAGE));
    result("file shrinks", ftruncate(fd, 100));
    touch("gone", moved, PAGE, false);
    touch("cut page reads zero", moved, 101, false);
    result("file grows again", ftruncate(fd, 2 * PAGE));
    touch("what was cut is zero", moved, PAGE + 5, false);
    result("unlink", unlink("shared"));
    moved[0] = 'V';
    printf("unlinked file still has it: %c\n", at_offset(fd, 0));
}

static void permissions(void)
{
    int reader, writer;

    close(file_of("modes", PAGE));
    reader = (int)must(open("modes", O_RDONLY));
    writer = (int)must(open("modes", O_WRONLY));
    works("shared write of a read-only descriptor",
          mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0));
    works("private write of a read-only descriptor",
          mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, reader, 0));
    works("write-only descriptor", mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, writer, 0));
    char *at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, reader, 0);
    result("protect a shared one to be written", mprotect(at, PAGE, PROT_READ | PROT_WRITE));
    works("offset askew", mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, reader, 100));
    works("a folder", mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, open("/", O_RDONLY), 0));
    works("a pipe", mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 0, 0));
    works("/dev/zero",
          mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, open("/dev/zero", O_RDWR), 0));
    char *beyond = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, reader, 16 * PAGE);
    yes("far behind the end can be mapped", beyond != MAP_FAILED);
    touch("but not touched", beyond, 0, false);
    result("read into a mapping of nothing", read(open("/dev/zero", O_RDONLY), beyond, 4));
}

static void executable(void)
{
    char *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
#if defined(__x86_64__)
    static const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3}; /* mov $42,%eax; ret */
#else
    static const unsigned char code[] = {0x40, 0x05, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6};
#endif
    memcpy(at, code, sizeof(code));
    must(mprotect(at, PAGE, PROT_READ | PROT_EXEC));
    __builtin___clear_cache(at, at + sizeof(code));
    fact("made code runs", ((int (*)(void))at)());
    must(mprotect(at, PAGE, PROT_READ));
    if (sigsetjmp(back, 1))
        printf("data does not run: signal %d code %d\n", fault_signal, fault_code);
    else
        fact("data ran", ((int (*)(void))at)());
}

static void own_image(const char *self)
{
    int fd = (int)must(open(self, O_RDONLY));
    struct stat about;

    must(fstat(fd, &about));
    char *at = mmap(NULL, (size_t)about.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    must((long)at);
    printf("magic of the image's file: %d%c%c%c\n", at[0], at[1], at[2], at[3]);
    at[1] = 'X';
    printf("file keeps: %c, mapping has: %c\n", at_offset(fd, 1), at[1]);
    size_t last = (size_t)about.st_size - 1;
    yes("last byte is the file's", at[last] == at_offset(fd, (off_t)last));
    if (about.st_size % PAGE)
        touch("behind the last byte", at, last + 1, false);
    works("its text cannot be opened to be written", open(self, O_WRONLY));
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

    (void)argc;
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    own_image(argv[0]);
    own_folder();
    private_mapping();
    shared_mapping();
    permissions();
    executable();
    return 0;
}
