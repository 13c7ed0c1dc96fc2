/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of code that has run: it is made writable, thrown away, moved, mapped again. */
#include "calls.h"
#include <sys/mman.h>

enum { ROUNDS = 40 };
typedef long (*call_fn)(long, long, long, long);

static unsigned wrong;

static void run(call_fn f)
{
    for (int i = 0; i < 10; i++)
        wrong += f(SYS_getpid, 0, 0, 0) != site_plain(SYS_getpid) ||
                 f(SYS_close, -1, 0, 0) != 1000000 + EBADF;
}

void code(void)
{
    size_t page = 4096, offset = (uintptr_t)site_call % page, len = 2 * page;
    unsigned char *start = (unsigned char *)site_call - offset;
    unsigned char before[16];

    memcpy(before, site_instruction, sizeof(before));
    run(site_call);
    printf("rights: %d\n", mprotect(start, len, PROT_READ | PROT_WRITE | PROT_EXEC));
    printf("as it was: %d\n", memcmp(before, site_instruction, sizeof(before)) == 0);
    run(site_call);
    printf("rights: %d\n", mprotect(start, len, PROT_READ | PROT_EXEC));
    run(site_call);
    printf("wrong: %u\n", wrong);

    /* Another mapping of the same file, at one place after another. */
    int fd = open("/proc/self/exe", O_RDONLY);
    FILE *maps = fopen("/proc/self/maps", "r");
    unsigned long lo, hi, from = 0;
    char line[512];
    while (fgets(line, sizeof(line), maps))
        if (sscanf(line, "%lx-%lx %*s %lx", &lo, &hi, &from) == 3 && lo <= (uintptr_t)start &&
            (uintptr_t)start < hi)
            break;
    from += (uintptr_t)start - lo;

    /* What lies below the program is nobody's, as far as it can know. */
    rewind(maps);
    unsigned long lowest = 0;
    while (!lowest && fgets(line, sizeof(line), maps))
        if (strstr(line, "/calls"))
            sscanf(line, "%lx", &lowest);
    unsigned char *below = mmap((void *)(lowest - 32 * page), 32 * page, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    printf("below: %d\n", below == (void *)(lowest - 32 * page));
    run(site_call);
    for (size_t i = 0; i < 32 * page; i++)
        wrong += below[i] != 0;
    memset(below, 1, 32 * page);
    run(site_call);
    munmap(below, 32 * page);
    run(site_call);
    printf("wrong: %u\n", wrong);
    for (int i = 0; i < ROUNDS; i++) {
        unsigned char *at = mmap(NULL, len, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, (off_t)from);
        if (at == MAP_FAILED) {
            printf("cannot be mapped: %s\n", error_name(errno));
            return;
        }
        run((call_fn)(at + offset));
        if (i % 4 == 1) {
            unsigned char *to = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            at = mremap(at, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to);
            run((call_fn)(at + offset));
        } else if (i % 4 == 2) {
            madvise(at, len, MADV_DONTNEED);
            run((call_fn)(at + offset));
        } else if (i % 4 == 3) {
            mmap(at, len, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, (off_t)from);
            run((call_fn)(at + offset));
        }
        munmap(at, len);
    }
    printf("wrong: %u\n", wrong);
}
