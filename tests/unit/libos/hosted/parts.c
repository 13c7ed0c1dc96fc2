/* SPDX-License-Identifier: Apache-2.0 */
/* Pages, heap, formats, faults, bundle, command line, ELF and scripts: one check each way in. */
#define _GNU_SOURCE
#include "../../../../libos/core/exec/exec.h"
#include "../../../../libos/core/mm.h"
#include "stub.h"

#include <u2k/boot.h>
#include <u2k/log.h>
#include <u2k/pages.h>
#include <u2k/process.h>
#include <u2k/signal.h>
#include <u2k/uaccess.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern struct siginfo stub_signal;

/* ---- pages: a random life, each page stamped with its owner ---- */

enum { RUNS = 200 };

static void test_pages(void)
{
    static struct { uint64_t *at; size_t pages; } runs[RUNS];
    size_t before = pages_free_count();

    for (int i = 0; i < 60000; i++) {
        int n = (int)(random() % RUNS);
        if (runs[n].at) {
            for (size_t p = 0; p < runs[n].pages; p++)
                CHECK(runs[n].at[p * 512] == (uint64_t)n && runs[n].at[p * 512 + 511] == ~(uint64_t)n);
            size_t part = (size_t)random() % runs[n].pages; /* in two pieces, the second one first */
            if (part)
                pages_free(runs[n].at + part * 512, runs[n].pages - part);
            pages_free(runs[n].at, part ? part : runs[n].pages);
            runs[n].at = NULL;
            continue;
        }
        runs[n].pages = 1 + (size_t)random() % (random() % 8 ? 3 : 40);
        unsigned zero = (unsigned)random() % 2;
        runs[n].at = pages_alloc(runs[n].pages, zero);
        if (!runs[n].at)
            continue;
        for (size_t p = 0; p < runs[n].pages * 512; p++)
            CHECK(!zero || !runs[n].at[p]);
        for (size_t p = 0; p < runs[n].pages; p++) {
            runs[n].at[p * 512] = (uint64_t)n;
            runs[n].at[p * 512 + 511] = ~(uint64_t)n;
        }
    }
    for (int n = 0; n < RUNS; n++)
        if (runs[n].at)
            pages_free(runs[n].at, runs[n].pages);
    CHECK(pages_free_count() == before);
    size_t all = 0;
    while (pages_alloc(1, PAGES_ANY))
        all++;
    CHECK(all == before); /* nothing was lost in the cutting and joining */
}

static void test_heap(void)
{
    static struct { unsigned char *at; size_t size; } item[500];
    size_t before = pages_free_count();

    for (int i = 0; i < 100000; i++) {
        size_t n = (size_t)random() % 500, size = 1 + (size_t)random() % (random() % 20 ? 300 : 9000);
        if (!item[n].at) {
            item[n].at = heap_alloc(item[n].size = size);
            CHECK(item[n].at && !((uintptr_t)item[n].at & 15));
            for (size_t k = 0; k < size; k++)
                CHECK(!item[n].at[k]);
        } else if (random() % 2) {
            size_t old = item[n].size;
            item[n].at = heap_resize(item[n].at, old, size);
            for (size_t k = 0; k < size; k++)
                CHECK(item[n].at[k] == (k < old ? (unsigned char)n : 0));
            item[n].size = size;
        } else {
            for (size_t k = 0; k < item[n].size; k++)
                CHECK(item[n].at[k] == (unsigned char)n);
            heap_free(item[n].at, item[n].size);
            item[n].at = NULL;
            continue;
        }
        memset(item[n].at, (int)n, item[n].size);
    }
    for (size_t n = 0; n < 500; n++)
        heap_free(item[n].at, item[n].size);
    CHECK(before - pages_free_count() < 20); /* at most one slab a class is kept */
}

static void test_format(void)
{
    char ours[100], theirs[100];
#define SAME(...)                                                              \
    do {                                                                       \
        size_t a = format_text(ours, sizeof(ours), __VA_ARGS__);               \
        size_t b = (size_t)snprintf(theirs, sizeof(theirs), __VA_ARGS__);      \
        CHECK(a == b && !strcmp(ours, theirs));                                \
    } while (0)
    SAME("%d %i %u %x", -1, INT32_MIN, UINT32_MAX, 0xbeef);
    SAME("%ld %lu %lx %lld %zu", INT64_MIN, UINT64_MAX, UINT64_MAX, 1ll << 60, (size_t)7);
    SAME("[%5d|%-5d|%05d|%-5s|%5s|%3d]", -42, -42, -42, "ab", "ab", 12345);
    SAME("%.*s %.2s %c%%", 3, "abcdef", "xyz", 'q');
    SAME("%p", (void *)0x1234);
    CHECK(format_text(ours, 4, "%s", "abcdef") == 6 && !strcmp(ours, "abc"));
}

/* ---- faults ---- */

static void test_faults(void)
{
    static struct stub_file file;
    struct regs regs = {0};
    struct fault f = {.kind = FAULT_PAGE, .addr = USER_LO + 0x5000, .access = PROT_READ};
    unsigned char byte = 7;

#define SIGNAL_IS(sig, why, where) \
    CHECK(stub_signal.signo == (sig) && stub_signal.code == (why) && stub_signal.fault.addr == (where))
    core_fault(&regs, &f);
    SIGNAL_IS(SIGSEGV, SEGV_MAPERR, f.addr);
    vaddr_t at = (vaddr_t)mm_map(0, 0x3000, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, NULL, 0);
    f.addr = at + 0x10;
    f.access = PROT_WRITE;
    core_fault(&regs, &f);
    SIGNAL_IS(SIGSEGV, SEGV_ACCERR, at + 0x10);
    f.access = PROT_EXEC;
    core_fault(&regs, &f);
    SIGNAL_IS(SIGSEGV, SEGV_ACCERR, at + 0x10);
    stub_signal.signo = 0;
    f.access = PROT_READ;
    core_fault(&regs, &f);
    CHECK(stub_signal.signo == 0);

    stub_file_init(&file, 4096 + 5, 2);
    file.data[0] = 11;
    vaddr_t map = (vaddr_t)mm_map(0, 0x4000, 3, MAP_PRIVATE, &file.file, 0);
    vaddr_t shared = (vaddr_t)mm_map(0, 0x4000, 3, MAP_SHARED, &file.file, 0);
    f.addr = map + 0x2000;
    core_fault(&regs, &f);
    SIGNAL_IS(SIGBUS, BUS_ADRERR, map + 0x2000);
    CHECK(!user_write(map, &byte, 1) && file.data[0] == 11);
    CHECK(!user_write(shared + 1, &byte, 1) && file.data[1] == 7);
    file.inode.size = 3 * 4096; /* it grows: the page is there now */
    stub_signal.signo = 0;
    core_fault(&regs, &f);
    CHECK(stub_signal.signo == 0);

    /* Its pages move: private copies stay, others follow; after truncation all are gone. */
    char *moved = pages_alloc(64, PAGES_ZERO);
    memcpy(moved, file.data, 3 * 4096);
    mm_file_changed(&file.inode, 0, 3, false);
    file.data = moved;
    moved[1] = 9;
    CHECK(!user_read(&byte, map, 1) && byte == 7);
    CHECK(!user_read(&byte, shared + 1, 1) && byte == 9);
    file.inode.size = 0;
    mm_file_changed(&file.inode, 0, 3, true);
    CHECK(user_read(&byte, map, 1) == -14 && user_read(&byte, shared, 1) == -14);

    f.kind = FAULT_ARITHMETIC;
    f.addr = 0x1234;
    core_fault(&regs, &f);
    SIGNAL_IS(SIGFPE, 1, 0x1234);
    f.kind = FAULT_PROTECTION;
    core_fault(&regs, &f);
    SIGNAL_IS(SIGSEGV, SI_KERNEL, 0);

    /* A stack grows down to its limit, and not into its neighbour. */
    vaddr_t stack = USER_LO + 0x20000000;
    CHECK(mm_map(stack, 0x1000, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, NULL, 0) ==
          (long)stack);
    CHECK(!user_write(stack - 0x5000, &byte, 1) && mm_next(stack)->start == stack - 0x5000);
    CHECK(user_write(stack - (9ul << 20), &byte, 1) == -14);
    CHECK(mm_map(stack - 0x9000, 0x1000, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL, 0) > 0);
    CHECK(user_write(stack - 0x6000, &byte, 1) == -14);
    mm_unmap(USER_LO, USER_HI - USER_LO);
    CHECK(!mm_next(0) && list_empty(&file.inode.mappings));
}

static void test_places(void)
{
    const struct plat_info *p = plat_info;
    unsigned flags = MAP_PRIVATE | MAP_ANONYMOUS;

    CHECK(mm_map(0, 65ul << 20, 3, flags, NULL, 0) == -12); /* never fits: 64 MiB */
    CHECK(mm_map(0, 8ul << 30, 0, flags, NULL, 0) > 0);     /* but reservations are free */
    CHECK(mm_map(0, 8ul << 30, 3, flags | MAP_NORESERVE, NULL, 0) > 0);
    CHECK(mm_map(p->reserved_lo - 4096, 8192, 3, flags | MAP_FIXED, NULL, 0) == -12);
    CHECK(mm_map(4096, 4096, 3, flags | MAP_FIXED, NULL, 0) == -1);
    CHECK(mm_map(0, 4096, 3, flags, NULL, 0) > 0);
    for (int i = 0; i < 3000; i++) { /* every second page, so that none merges */
        long at = mm_map(0, 8192, 3, flags, NULL, 0);
        CHECK(at > 0 && ((vaddr_t)at + 8192 <= p->reserved_lo || (vaddr_t)at >= p->reserved_hi));
        CHECK(mm_unmap((vaddr_t)at + 4096, 4096) == 0);
        CHECK(mm_protect((vaddr_t)at, 4096, (unsigned)i & 1) == 0);
    }
    process.limits[RLIMIT_AS].soft = mm.usage.total + 4096;
    CHECK(mm_map(0, 8192, 1, flags, NULL, 0) == -12 && mm_map(0, 4096, 1, flags, NULL, 0) > 0);
    process.limits[RLIMIT_AS].soft = RLIM_INFINITY;
    mm_unmap(USER_LO, USER_HI - USER_LO);

    vaddr_t brk = USER_LO + 0x40000;
    mm_set_brk(brk);
    CHECK(mm_brk(0) == brk && mm_brk(brk + 5) == brk + 5 && mm_brk(brk + 0x9000) == brk + 0x9000);
    CHECK(mm_next(brk)->end == brk + 0x9000 && !strcmp(mm_next(brk)->label, "[heap]"));
    CHECK(mm_map(brk + 0xb000, 4096, 3, flags | MAP_FIXED, NULL, 0) > 0);
    CHECK(mm_brk(brk + 0xb001) == brk + 0x9000); /* no collision, nor touching */
    CHECK(mm_brk(brk + 1) == brk + 1 && mm_next(brk)->end == brk + 0x1000);
    CHECK(mm_brk(brk - 1) == brk + 1);
    mm_unmap(USER_LO, USER_HI - USER_LO);
}

/* ---- hostile files ---- */

static void test_script(void)
{
    static const struct { const char *line, *interpreter, *argument; } cases[] = {
        {"#!/bin/sh\nrest", "/bin/sh", NULL},
        {"#! \t/bin/sh -e  x \t\nrest", "/bin/sh", "-e  x"},
        {"#!/bin/sh", "/bin/sh", NULL},
        {"#!\n", NULL, NULL},
        {"#!   \n", NULL, NULL},
        {"# /bin/sh\n", NULL, NULL},
    };
    char head[HEAD_SIZE], *interpreter, *argument;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        memset(head, 0, sizeof(head));
        strcpy(head, cases[i].line);
        int error = script_parse(head, &interpreter, &argument);
        CHECK(error == (cases[i].interpreter ? 0 : -8));
        CHECK(error || !strcmp(interpreter, cases[i].interpreter));
        CHECK(error || (!argument == !cases[i].argument && (!argument || !strcmp(argument, cases[i].argument))));
    }
    memset(head, 'x', sizeof(head)); /* the name itself is cut */
    memcpy(head, "#!/", 3);
    CHECK(script_parse(head, &interpreter, &argument) == -8);
    head[20] = ' '; /* only its argument is */
    CHECK(script_parse(head, &interpreter, &argument) == 0 && strlen(interpreter) == 18);
}

static void test_elf(const char *path)
{
    static struct stub_file file;
    static char original[64 << 12];
    struct elf e;
    FILE *f = fopen(path, "r");
    size_t n = fread(original, 1, sizeof(original), f);

    fclose(f);
    stub_file_init(&file, n, 0);
    memcpy(file.data, original, n);
    CHECK(elf_read(&file.file, &e) == 0 && e.count >= 2 && e.high > e.low && e.phdr);
    elf_release(&e);
    size_t before = pages_free_count(), good = 0;
    for (int i = 0; i < 20000; i++) { /* the headers, with a few bytes changed */
        for (int k = 1 + (int)(random() % 4); k; k--)
            file.data[random() % 1024] = (char)(random() % 3 ? random() : random() % 2 ? 0 : -1);
        file.inode.size = random() % 10 ? n : (size_t)random() % 2048;
        if (!elf_read(&file.file, &e)) {
            good++;
            CHECK(e.low < e.high && e.high <= USER_HI && e.count);
            vaddr_t bias = e.high - e.low < 1ul << 28 ? USER_LO + 0x1000000 - e.low : 0;
            if (bias && elf_map(&e, bias) == 0)
                CHECK(mm_next(USER_LO)->start >= USER_LO + 0x1000000);
            mm_unmap(USER_LO, USER_HI - USER_LO);
            elf_release(&e);
        }
        memcpy(file.data, original, 2048);
    }
    CHECK(good > 100 && before - pages_free_count() < 16);
}

static void test_boot(const char *path)
{
    static char bundle[1 << 16], broken[1 << 16];
    FILE *f = fopen(path, "r");
    size_t n = fread(bundle, 1, sizeof(bundle), f);
    struct boot_config *b = &boot_config;

    fclose(f);
    CHECK(boot_read(bundle, n) == 0 && !strcmp(b->argv[0], "prog") && !strcmp(b->argv[2], "b"));
    CHECK(!b->argv[3] && !strcmp(b->envp[0], "A=1") && !b->envp[2] && b->uid == 1000 && b->gid == 7);
    CHECK(b->group_count == 2 && b->groups[1] == 99 && !strcmp(b->cwd, "/w") && !strcmp(b->path, "/p/prog"));
    CHECK(b->root_size == 4096 && ((const char *)b->root)[0] == 'R' && !strcmp(b->hostname, "box"));
    CHECK(b->umask == 027);

    for (int i = 0; i < 20000; i++) {
        memcpy(broken, bundle, n);
        for (int k = 1 + (int)(random() % 4); k; k--)
            broken[random() % 300] = (char)random();
        (void)boot_read(broken, random() % 4 ? n : (size_t)random() % n);
        stub_log[0] = 0;
    }
    const char line[] = "console=hvc0 quiet A=2 NEW=\"x y\" a.b=c pci=off u2k.env=E%3d%41%0a= "
                        "u2k.user=5:6:7,8 u2k.cwd=/c%20d \"Q=r s\" -- one \"two words\" -x=\"y z\"";
    CHECK(cmdline_parse(line, sizeof(line)) == 0);
    CHECK(!strcmp(cmdline_value("console"), "hvc0") && !cmdline_value("cons"));
    CHECK(boot_read(bundle, n) == 0);
    const char *argv[] = {"prog", "one", "two words", "-x=y z"}, *envp[] = {"A=2", "B=", "NEW=x y", "E=A\n=", "Q=r s"};
    for (size_t i = 0; i < 5; i++)
        CHECK(!strcmp(b->envp[i], envp[i]) && (i > 3 || !strcmp(b->argv[i], argv[i])));
    CHECK(!b->argv[4] && !b->envp[5] && b->uid == 5 && b->gid == 6 && b->group_count == 2);
    CHECK(!strcmp(b->cwd, "/c d"));
    const char other[] = "u2k.exec=sh u2k.arg=%41rg0 u2k.arg= u2k.arg=-c"; /* after `--`: no more tokens */
    CHECK(cmdline_parse(other, sizeof(other)) == 0 && boot_read(bundle, n) == 0);
    CHECK(!strcmp(b->argv[4], "u2k.exec=sh"));
    const char quoted[] = "'daemon off;' it's 'a' '' 'b";
    CHECK(cmdline_parse(quoted, sizeof(quoted)) == 0 && boot_read(bundle, n) == 0);
    const char *words[] = {"daemon off;", "it's", "a", "", "'b"};
    for (size_t i = 0; i < 5; i++)
        CHECK(!strcmp(b->argv[8 + i], words[i]));
    CHECK(!b->argv[13]);
}

/* ---- memory that firmware has used ---- */

static void test_used_memory(void)
{
    enum { BYTES = 4 << 20 };
    static _Alignas(4096) uint64_t used[BYTES / 8];
    uint64_t *page;
    size_t all = 0;

    memset(used, 0xa5, sizeof(used));
    pages_add(used, sizeof(used), false);
    CHECK(pages_free_count() >= BYTES / 4096 - 4);
    for (int again = 0; again < 2; again++) {
        for (all = 0; (page = pages_alloc(1 + all % 3, PAGES_ZERO)); all++) {
            for (size_t i = 0; i < (1 + all % 3) * 512; i++)
                CHECK(!page[i]);
            memset(page, 0xff, 4096);
            if (all % 2)
                pages_free(page, 1 + all % 3);
        }
        CHECK(again || all > 500);
    }
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    stub_start(64 << 20);
    mm_reset();
    test_heap();
    test_format();
    test_places();
    test_faults();
    test_script();
    test_elf(argv[1]);
    test_boot(argv[2]);
    test_pages(); /* takes all there is */
    test_used_memory();
    return 0;
}
