/* SPDX-License-Identifier: Apache-2.0 */
/* mmap(2) and its family on anonymous memory. */
#include "../check.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

enum { PAGE = 4096 };
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

static sigjmp_buf back;
static volatile int fault_code;
static char *volatile fault_address;

static void on_fault(int signo, siginfo_t *info, void *context)
{
    (void)context;
    fault_code = signo * 1000 + info->si_code;
    fault_address = info->si_addr;
    siglongjmp(back, 1);
}

/* "SIGSEGV * 1000 + code, and how far into `base` it was", or that nothing happened. */
static void touch(const char *name, char *base, size_t offset, bool write)
{
    if (sigsetjmp(back, 1)) {
        printf("%s: signal %d code %d at +%#zx\n", name, fault_code / 1000, fault_code % 1000,
               (size_t)(fault_address - base));
        return;
    }
    volatile char *at = base + offset;
    if (write)
        *at = 9;
    else
        (void)*at;
    printf("%s: %d\n", name, *at);
}

static char *map(size_t size, int prot, int flags)
{
    char *at = mmap(NULL, size, prot, flags, -1, 0);

    if (at == MAP_FAILED)
        must(-1);
    return at;
}

static void splits(void)
{
    char *at = map(10 * PAGE, PROT_READ | PROT_WRITE, ANON);

    memset(at, 1, 10 * PAGE);
    result("protect the middle", mprotect(at + 3 * PAGE, 2 * PAGE, PROT_READ));
    touch("before the middle", at, 3 * PAGE - 1, true);
    touch("read the middle", at, 3 * PAGE, false);
    touch("write the middle", at, 3 * PAGE + 5, true);
    touch("behind the middle", at, 5 * PAGE, true);
    result("unmap across", munmap(at + 4 * PAGE, 3 * PAGE));
    touch("left of the hole", at, 4 * PAGE - 1, false);
    touch("hole", at, 4 * PAGE, false);
    touch("end of the hole", at, 7 * PAGE - 1, true);
    touch("right of the hole", at, 7 * PAGE, false);
    result("protect over the hole", mprotect(at, 10 * PAGE, PROT_READ | PROT_WRITE));
    touch("protected up to the hole", at, 3 * PAGE, true);
    result("unmap a hole", munmap(at + 4 * PAGE, PAGE));
    result("unmap all", munmap(at, 10 * PAGE));
    result("unmap nothing", munmap(at, 0));
    result("unmap askew", munmap(at + 1, PAGE));
    result("protect askew", mprotect(at + 1, PAGE, PROT_READ));
    result("protect nothing", mprotect(at, 0, PROT_READ));
    result("protect with wrong bits", mprotect(at, PAGE, 0x1000));
}

static void reservations(void)
{
    size_t tera = (size_t)1 << 40;
    char *at = map(tera, PROT_NONE, ANON | MAP_NORESERVE);

    touch("reserved", at, tera / 2, false);
    result("commit in it", mprotect(at + tera / 2, 16 * PAGE, PROT_READ | PROT_WRITE));
    touch("committed", at, tera / 2 + 3 * PAGE, true);
    touch("committed reads zero", at, tera / 2 + 15 * PAGE, false);
    touch("not committed", at, tera / 2 + 16 * PAGE, true);
    works("place into it", mmap(at + PAGE, PAGE, PROT_READ | PROT_WRITE, ANON | MAP_FIXED, -1, 0));
    touch("placed", at, PAGE, true);
    touch("before placed", at, PAGE - 1, false);
    result("give it all back", munmap(at, tera));
    touch("given back", at, PAGE, false);
    works("too large", mmap(NULL, (size_t)1 << 47, PROT_NONE, ANON | MAP_NORESERVE, -1, 0));
    works("absurd", mmap(NULL, SIZE_MAX - 100, PROT_NONE, ANON, -1, 0));
    works("nothing", mmap(NULL, 0, PROT_NONE, ANON, -1, 0));
    works("neither private nor shared", mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0));
    works("bad descriptor", mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0));
    works("askew", mmap((void *)0x10000001, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0));
    works("at the end of the world",
          mmap((void *)0x7ffffffff000, 2 * PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0));
}

static void fixed(void)
{
    char *at = map(4 * PAGE, PROT_READ | PROT_WRITE, ANON);
    char *hint;

    memset(at, 3, 4 * PAGE);
    works("noreplace over something",
          mmap(at + PAGE, PAGE, PROT_READ, ANON | MAP_FIXED_NOREPLACE, -1, 0));
    must(munmap(at + 2 * PAGE, 2 * PAGE));
    yes("noreplace where nothing is",
        mmap(at + 2 * PAGE, PAGE, PROT_READ, ANON | MAP_FIXED_NOREPLACE, -1, 0) == at + 2 * PAGE);
    hint = mmap(at + 3 * PAGE, PAGE, PROT_READ, ANON, -1, 0);
    yes("a hint that is free is taken", hint == at + 3 * PAGE);
    hint = mmap(at, PAGE, PROT_READ, ANON, -1, 0);
    yes("a hint that is taken is not", hint != at && hint != MAP_FAILED);
    yes("fixed replaces", mmap(at, PAGE, PROT_READ | PROT_WRITE, ANON | MAP_FIXED, -1, 0) == at);
    touch("replaced is zero", at, 0, false);
    touch("neighbour stays", at, PAGE, false);
}

static void remap(void)
{
    char *at = map(8 * PAGE, PROT_READ | PROT_WRITE, ANON), *moved, *target;

    for (int i = 0; i < 8; i++)
        at[i * PAGE] = (char)(i + 1);
    yes("shrink stays", mremap(at, 8 * PAGE, 4 * PAGE, 0) == at);
    touch("shrunk away", at, 4 * PAGE, false);
    yes("grow in place where free", mremap(at, 4 * PAGE, 6 * PAGE, 0) == at);
    touch("grown is zero", at, 5 * PAGE, false);
    must(mmap(at + 6 * PAGE, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0));
    works("grow into something", mremap(at, 6 * PAGE, 9 * PAGE, 0));
    moved = mremap(at, 6 * PAGE, 9 * PAGE, MREMAP_MAYMOVE);
    yes("it moved", moved != MAP_FAILED && moved != at);
    printf("contents moved: %d %d %d\n", moved[0], moved[3 * PAGE], moved[8 * PAGE]);
    touch("old place is gone", at, 0, false);
    target = map(3 * PAGE, PROT_READ, ANON);
    yes("moved to a place",
        mremap(moved, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target) == target);
    touch("there", target, PAGE, true);
    touch("rest of the place", target, 2 * PAGE, true);
    works("overlap", mremap(moved + 2 * PAGE, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
                            moved + 3 * PAGE));
    works("nothing mapped", mremap(at, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
    works("to nothing", mremap(target, PAGE, 0, MREMAP_MAYMOVE));
    works("fixed without maymove", mremap(target, PAGE, PAGE, MREMAP_FIXED, moved));
    works("askew", mremap(target + 1, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
}

static void advice(void)
{
    char *at = map(4 * PAGE, PROT_READ | PROT_WRITE, ANON);
    unsigned char resident[4];

    memset(at, 7, 2 * PAGE);
    memset(resident, 0xff, 4);
    result("mincore", mincore(at, 4 * PAGE, resident));
    printf("resident: %d %d %d %d\n", resident[0] & 1, resident[1] & 1, resident[2] & 1,
           resident[3] & 1);
    result("dontneed", madvise(at, PAGE, MADV_DONTNEED));
    printf("after dontneed: %d %d\n", at[0], at[PAGE]);
    result("willneed", madvise(at, 4 * PAGE, MADV_WILLNEED));
    result("unknown advice", madvise(at, PAGE, 4711));
    result("askew", madvise(at + 1, PAGE, MADV_DONTNEED));
    must(munmap(at + PAGE, PAGE));
    result("dontneed over a hole", madvise(at, 3 * PAGE, MADV_DONTNEED));
    result("mincore over a hole", mincore(at, 3 * PAGE, resident));
    result("mincore to nowhere", mincore(at, PAGE, (void *)8));
    result("msync", msync(at, PAGE, MS_SYNC));
    result("msync over a hole", msync(at, 3 * PAGE, MS_SYNC));
    result("mlock", mlock(at, PAGE));
    result("munlock", munlock(at, PAGE));
}

static void heap_end(void)
{
    char *end = sbrk(0);

    yes("brk grows", sbrk(5 * PAGE) == end);
    end[5 * PAGE - 1] = 4;
    yes("brk shrinks", sbrk(-5 * PAGE) == end + 5 * PAGE);
    yes("brk grows again", sbrk(5 * PAGE) == end);
    touch("what was given back is zero", end, 5 * PAGE - 1, false);
    yes("brk refuses to go below its start", syscall(SYS_brk, 1) == (long)(end + 5 * PAGE));
    yes("brk refuses the moon", syscall(SYS_brk, (long)1 << 46) == (long)(end + 5 * PAGE));
}

static void guards(void)
{
    char *at = map(3 * PAGE, PROT_READ | PROT_WRITE, ANON);

    must(mprotect(at, PAGE, PROT_NONE));
    touch("guard page", at, PAGE - 8, true);
    touch("above it", at, PAGE, true);
    must(mprotect(at + PAGE, PAGE, PROT_READ));
    result("read into memory that cannot be written",
           read(open("/dev/zero", O_RDONLY), at + PAGE, 10));
    result("write from memory that is not there", write(1, at, 10));
    result("read across a border", read(open("/dev/zero", O_RDONLY), at + 3 * PAGE - 4, 4));
    result("open with a name at a border", open(at + PAGE - 1, O_RDONLY));
    touch("NULL", NULL, 0, false);
    touch("NULL + 100", NULL, 100, true);
}

static void limited(void)
{
    struct rlimit limit = {64 << 20, RLIM_INFINITY};
    void *at;

    must(setrlimit(RLIMIT_AS, &limit));
    at = mmap(NULL, 256 << 20, PROT_READ | PROT_WRITE, ANON, -1, 0);
    yes("a limit on address space holds", at == MAP_FAILED && errno == ENOMEM);
    yes("malloc says so", malloc(256 << 20) == NULL);
    yes("and small ones work", malloc(1 << 20) != NULL);
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    splits();
    reservations();
    fixed();
    remap();
    advice();
    heap_end();
    guards();
    limited();
    return 0;
}
