/* SPDX-License-Identifier: Apache-2.0 */
/* What a program asks of the system as a whole, calls that are absent, and the vDSO. */
#include "../check.h"
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>

typedef int (*clock_function)(clockid_t, struct timespec *);

/* A function of the vDSO by its name, as a C library looks for it. */
static void *vdso_symbol(const char *name)
{
    const char *base = (const char *)getauxval(AT_SYSINFO_EHDR);
    const ElfW(Ehdr) *header = (const void *)base;
    const ElfW(Phdr) * phdr;
    const ElfW(Dyn) *dynamic = NULL;
    const ElfW(Sym) *symbols = NULL;
    const char *strings = NULL;
    const uint32_t *hash = NULL;
    uintptr_t bias = 0, count = 0;

    if (!base)
        return NULL;
    phdr = (const void *)(base + header->e_phoff);
    for (int i = 0; i < header->e_phnum; i++) {
        if (phdr[i].p_type == PT_LOAD)
            bias = (uintptr_t)base - (phdr[i].p_vaddr - phdr[i].p_offset);
        if (phdr[i].p_type == PT_DYNAMIC)
            dynamic = (const void *)(base + phdr[i].p_offset);
    }
    for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++) {
        if (dynamic->d_tag == DT_SYMTAB)
            symbols = (const void *)(bias + dynamic->d_un.d_ptr);
        if (dynamic->d_tag == DT_STRTAB)
            strings = (const void *)(bias + dynamic->d_un.d_ptr);
        if (dynamic->d_tag == DT_HASH)
            hash = (const void *)(bias + dynamic->d_un.d_ptr);
        if (dynamic->d_tag == DT_GNU_HASH && !hash)
            count = 64;
    }
    if (hash)
        count = hash[1];
    for (uintptr_t i = 0; symbols && strings && i < count; i++)
        if (symbols[i].st_value && strcmp(strings + symbols[i].st_name, name) == 0)
            return (void *)(bias + symbols[i].st_value);
    return NULL;
}

static long long nanoseconds(const struct timespec *t)
{
    return t->tv_sec * 1000000000ll + t->tv_nsec;
}

static void clocks(void)
{
    const clockid_t which[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME};
#if defined(__x86_64__)
    clock_function get = (clock_function)vdso_symbol("__vdso_clock_gettime");
#else
    clock_function get = (clock_function)vdso_symbol("__kernel_clock_gettime");
#endif
    yes("vDSO has the clock", get != NULL);
    for (int i = 0; get && i < 3; i++) {
        struct timespec a = {0}, b = {0}, c = {0};
        bool ordered = true;
        for (int turn = 0; turn < 2000; turn++) {
            ordered &= syscall(SYS_clock_gettime, which[i], &a) == 0;
            ordered &= get(which[i], &b) == 0;
            ordered &= syscall(SYS_clock_gettime, which[i], &c) == 0;
            ordered &= nanoseconds(&a) <= nanoseconds(&b) && nanoseconds(&b) <= nanoseconds(&c);
            ordered &= b.tv_nsec >= 0 && b.tv_nsec < 1000000000;
        }
        printf("clock %d: call and vDSO are in order: %d\n", which[i], ordered);
    }
    struct timespec t;
    if (get) {
        fact("no such clock", get(77, &t));
        fact("cpu clock", get(CLOCK_PROCESS_CPUTIME_ID, &t));
    }
}

static void whole(void)
{
    struct utsname uts;
    struct sysinfo info;

    result("uname", uname(&uts));
    text("sysname", uts.sysname);
    text("machine", uts.machine);
    yes("release is a version", atoi(uts.release) >= 4 && strchr(uts.release, '.'));
    yes("node has a name", uts.nodename[0] != 0);
    result("uname to nowhere", syscall(SYS_uname, 8L));
    result("sysinfo", sysinfo(&info));
    yes("memory", info.totalram > 0 && info.freeram <= info.totalram && info.mem_unit > 0);
    yes("up", info.uptime >= 0);
    yes("processes", info.procs >= 1);
    yes("processors", sysconf(_SC_NPROCESSORS_ONLN) >= 1 && sysconf(_SC_NPROCESSORS_CONF) >= 1);
    yes("pages", sysconf(_SC_PHYS_PAGES) > 0 && sysconf(_SC_AVPHYS_PAGES) > 0);
    fact("page size", sysconf(_SC_PAGESIZE));
    fact("clock ticks", sysconf(_SC_CLK_TCK));
    fact("longest argument list", sysconf(_SC_ARG_MAX) > 100000);
}

static void absent(void)
{
    result("number beyond all", syscall(4000));
    result("number below all", syscall(-5));
    result("a call that Linux has no more", syscall(180)); /* nfsservctl */
    result("again", syscall(180));
}

int main(void)
{
    clocks();
    whole();
#if defined(__x86_64__)
    absent();
#endif
    return 0;
}
