/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks: the host's vDSO, the same that the program sees. The timer: ITIMER_REAL, as SIGALRM. */
#include "elf.h"
#include "process.h"
#include "x86_64/hostcall.h"
#include <u2k/errno.h>
#include <u2k/string.h>

enum { CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, CLOCK_PROCESS_CPUTIME_ID = 2 };
enum { ITIMER_REAL = 0, NSEC_PER_USEC = 1000, USEC_PER_SEC = 1000000 };

typedef long (*gettime_fn)(int clock, struct host_timespec *out);
static gettime_fn vdso_gettime;

/* The host's kernel made the image: it is looked up in as any libc does, not checked. Its symbol
 * table ends where the strings begin, which holds for all vDSOs without the old DT_HASH. */
static gettime_fn find_gettime(uintptr_t image)
{
    const struct elf_ehdr *e = (const void *)image;
    const struct elf_phdr *ph = (const void *)(image + e->phoff);
    const struct elf_dyn *dyn = NULL;
    uintptr_t bias = image;
    for (unsigned i = 0; i < e->phnum; i++) {
        if (ph[i].type == PT_LOAD)
            bias = image + ph[i].offset - ph[i].vaddr;
        else if (ph[i].type == PT_DYNAMIC)
            dyn = (const void *)(image + ph[i].offset);
    }
    const char *names = NULL;
    const struct elf_sym *symbols = NULL;
    const uint32_t *hash = NULL;
    for (; dyn && dyn->tag; dyn++) {
        if (dyn->tag == DT_STRTAB)
            names = (const char *)(bias + dyn->value);
        else if (dyn->tag == DT_SYMTAB)
            symbols = (const void *)(bias + dyn->value);
        else if (dyn->tag == DT_HASH)
            hash = (const void *)(bias + dyn->value);
    }
    if (!names || !symbols)
        return NULL;
    size_t count = hash ? hash[1] : ((uintptr_t)names - (uintptr_t)symbols) / sizeof(*symbols);
    for (size_t i = 0; i < count; i++)
        if (symbols[i].section && strcmp(names + symbols[i].name, "__vdso_clock_gettime") == 0)
            return (gettime_fn)(bias + symbols[i].value);
    return NULL;
}

static uintptr_t vdso_image;

void clock_start(uintptr_t image)
{
    vdso_image = image;
}

static uint64_t read_clock(int clock)
{
    if (vdso_image) { /* looked up at the first use: not every program asks for the time */
        vdso_gettime = find_gettime(vdso_image);
        vdso_image = 0;
    }
    struct host_timespec t = {0, 0};
    if (!vdso_gettime || vdso_gettime(clock, &t) != 0)
        (void)host_call(clock_gettime, clock, &t);
    return (uint64_t)t.sec * NSEC_PER_SEC + (uint64_t)t.nsec;
}

uint64_t plat_clock_monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC);
}
uint64_t plat_clock_realtime(void)
{
    return read_clock(CLOCK_REALTIME);
}

uint64_t plat_clock_cpu(void)
{
    struct host_timespec t = {0, 0}; /* no vDSO has this one */
    (void)host_call(clock_gettime, CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.sec * NSEC_PER_SEC + (uint64_t)t.nsec;
}

static uint64_t timer_set = TIME_NEVER; /* what the host's timer is still to do */

void timer_over(void)
{
    timer_set = TIME_NEVER;
}

/* A call of the host only for what comes earlier than what it is to do anyway: one interruption too many is
 * cheaper. */
void plat_timer(uint64_t deadline)
{
    if (deadline >= timer_set)
        return;
    timer_set = deadline;
    uint64_t now = plat_clock_monotonic();
    uint64_t left = deadline > now ? deadline - now : 0;
    uint64_t us = left / NSEC_PER_USEC + 1; /* never early, and not 0, which would stop it */
    const struct {
        int64_t interval[2], value[2]; /* seconds, microseconds */
    } it = {{0, 0}, {(int64_t)(us / USEC_PER_SEC), (int64_t)(us % USEC_PER_SEC)}};
    (void)host_call(setitimer, ITIMER_REAL, &it, 0);
}

int plat_random(void *buf, size_t len)
{
    for (uint8_t *p = buf; len;) {
        long n = host_call(getrandom, p, len, 0);
        if (n < 0 && n != -EINTR)
            return (int)n;
        p += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}
