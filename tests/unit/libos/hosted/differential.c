/* SPDX-License-Identifier: Apache-2.0 */
/* The same random calls to Linux and to the library OS: results, contents and areas must agree. */
#define _GNU_SOURCE
#include "stub.h"

#include <u2k/errno.h>
#include <u2k/mm.h>
#include <u2k/uaccess.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGES 24
#define BASE (USER_LO + 0x10000000ul)
#define OPS 120
#define FILE_BYTES (5 * 4096 + 100)

enum kind { OP_MAP, OP_FILE, OP_UNMAP, OP_PROTECT, OP_REMAP, OP_ADVISE, OP_WRITE, OP_READ, OP_INCORE,
            OP_LOCK, OP_KINDS };

struct op {
    enum kind kind;
    unsigned long at, len, prot, flags, to, new_len, offset;
    int advice, value;
};

static struct op ops[OPS];
static long native[OPS];
static unsigned char native_maps[OPS][PAGES], native_bytes[PAGES]; /* maps: after each call */
static struct stub_file file;
static int native_fd;

static unsigned long some_pages(unsigned most) { return (1 + (unsigned long)random() % most) << 12; }
static unsigned long some_place(void) { return BASE + ((unsigned long)random() % PAGES << 12); }

/* Nothing may reach beyond the window: other mappings of the host are there. */
static unsigned long clip(unsigned long at, unsigned long len)
{
    unsigned long end = BASE + (PAGES << 12);
    return at + len > end ? end - at : len;
}

static struct op some_op(void)
{
    static const unsigned prots[] = {0, 1, 3, 3, 3, 5, 7, 1};
    /* Not MADV_FREE: when its pages go is up to the system. */
    static const int advices[] = {4, 4, 4, 4, 0, 3, 20, 10, 18, 99, 21, 16, 22};
    struct op o = {.kind = (enum kind)(random() % OP_KINDS), .at = some_place()};

    o.len = clip(o.at, some_pages(6));
    o.prot = prots[random() % 8];
    o.flags = random() % 4 ? 2 : 1;
    if (o.kind == OP_MAP && random() % 40 == 0)
        o.flags = 0;
    o.flags |= random() % 6 ? MAP_FIXED : MAP_FIXED_NOREPLACE;
    o.offset = (unsigned long)(random() % 7) << 12;
    if (random() % 30 == 0)
        o.at += 8; /* misaligned */
    if (random() % 30 == 0)
        o.len = 0;
    o.value = 1 + (int)(random() % 250);
    o.advice = advices[random() % 13];
    if (o.kind == OP_REMAP) {
        o.new_len = some_pages(6);
        o.flags = random() % 3 ? 3 : 0;
        if (random() % 10 == 0)
            o.flags = (unsigned)(random() % 8) & ~1u; /* without MAYMOVE: mostly invalid */
        o.to = some_place();
        o.new_len = clip(o.flags & 2 ? o.to : o.at, o.new_len);
        if (o.len && random() % 8 == 0)
            o.flags = 3 | 4, o.new_len = o.len = clip(o.to, o.len);
        if (!o.len)
            o.len = 4096; /* old_len 0 of shared anonymous memory: documented difference */
    }
    return o;
}

static long host(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d, long e,
                 unsigned long f)
{
    long r = syscall(nr, a, b, c, d, e, f);
    return r == -1 ? -errno : r;
}

static long host_copy(bool write, unsigned long at, unsigned char *byte)
{
    struct iovec mine = {byte, 1}, there = {(void *)at, 1};
    long r = write ? process_vm_writev(getpid(), &mine, 1, &there, 1, 0)
                   : process_vm_readv(getpid(), &mine, 1, &there, 1, 0);
    return r == 1 ? 0 : -EFAULT;
}

static long run_native(const struct op *o)
{
    unsigned char byte = (unsigned char)o->value, vec[PAGES + 1];
    long r;

    switch (o->kind) {
    case OP_MAP:
        return host(SYS_mmap, o->at, o->len, o->prot, o->flags | MAP_ANONYMOUS, -1, 0);
    case OP_FILE:
        return host(SYS_mmap, o->at, o->len, o->prot, o->flags, native_fd, o->offset);
    case OP_UNMAP:
        return host(SYS_munmap, o->at, o->len, 0, 0, 0, 0);
    case OP_PROTECT:
        return host(SYS_mprotect, o->at, o->len, o->prot, 0, 0, 0);
    case OP_REMAP:
        return host(SYS_mremap, o->at, o->len, o->new_len, o->flags, (long)o->to, 0);
    case OP_ADVISE:
        return host(SYS_madvise, o->at, o->len, (unsigned long)o->advice, 0, 0, 0);
    case OP_INCORE:
        return host(SYS_mincore, o->at, o->len, (unsigned long)vec, 0, 0, 0);
    case OP_LOCK:
        return host(o->value & 1 ? SYS_munlock : SYS_mlock2, o->at, o->len, 1, 0, 0, 0);
    case OP_WRITE:
        return host_copy(true, o->at, &byte);
    default:
        r = host_copy(false, o->at, &byte);
        return r ? r : byte;
    }
}

static long incore(unsigned long at, unsigned long len)
{
    if (at & 4095)
        return -EINVAL;
    for (unsigned long end = at + len; at < end; at += 4096) {
        const struct vma *v = mm_next(at);
        if (!v || v->start > at)
            return -ENOMEM;
    }
    return 0;
}

static long run_ours(const struct op *o)
{
    unsigned char byte = (unsigned char)o->value;
    long r;

    switch (o->kind) {
    case OP_MAP:
        return mm_map(o->at, o->len, (unsigned)o->prot, (unsigned)o->flags | MAP_ANONYMOUS, NULL, 0);
    case OP_FILE:
        return mm_map(o->at, o->len, (unsigned)o->prot, (unsigned)o->flags, &file.file, o->offset);
    case OP_UNMAP:
        return mm_unmap(o->at, o->len);
    case OP_PROTECT:
        return mm_protect(o->at, o->len, (unsigned)o->prot);
    case OP_REMAP:
        return mm_remap(o->at, o->len, o->new_len, (unsigned)o->flags, o->to);
    case OP_ADVISE:
        return mm_advise(o->at, o->len, o->advice);
    case OP_INCORE:
        return incore(o->at, o->len);
    case OP_LOCK:
        return mm_lock(o->at, o->len, !(o->value & 1), false);
    case OP_WRITE:
        return user_write(o->at, &byte, 1);
    default:
        r = user_read(&byte, o->at, 1);
        return r ? r : byte;
    }
}

static void read_native_maps(unsigned char *maps)
{
    FILE *f = fopen("/proc/self/maps", "r");
    char line[512], rights[5];
    unsigned long lo, hi;

    memset(maps, 0, PAGES);
    while (fgets(line, sizeof(line), f)) {
        CHECK(sscanf(line, "%lx-%lx %4s", &lo, &hi, rights) == 3);
        for (unsigned long p = MAX(lo, BASE); p < hi && p < BASE + (PAGES << 12); p += 4096)
            maps[(p - BASE) >> 12] = (unsigned char)(0x80 | (rights[0] == 'r') |
                                                     (rights[1] == 'w') << 1 | (rights[2] == 'x') << 2);
    }
    fclose(f);
}

static void check_tree(void)
{
    vaddr_t end = 0;
    uint64_t total = 0;
    struct mm_usage usage;

    for (const struct vma *v = mm_next(0); v; v = mm_next(v->end)) {
        CHECK(v->start >= end && v->start < v->end);
        end = v->end;
        total += v->end - v->start;
    }
    mm_usage(&usage);
    CHECK(usage.total == total);
}

static void describe(unsigned seed, int i)
{
    static const char *const names[] = {"map", "file", "unmap", "protect", "remap", "advise", "write",
                                        "read", "incore", "lock"};
    for (int k = 0; k <= i; k++) {
        const struct op *o = &ops[k];
        fprintf(stderr, "%d %s page %ld+%ld len %lu prot %lu flags %lx to %ld new %lu off %lu adv %d val %d = %ld\n",
                k, names[o->kind], (long)(o->at - BASE) >> 12, (long)o->at & 4095, o->len >> 12, o->prot,
                o->flags, (long)(o->to - BASE) >> 12, o->new_len >> 12, o->offset >> 12, o->advice,
                o->value, native[k]);
    }
    fprintf(stderr, "seed %u\n", seed);
}

static void check_maps(unsigned seed, int op)
{
    for (unsigned long i = 0; i < PAGES; i++) {
        const struct vma *v = mm_next(BASE + (i << 12));
        bool there = v && v->start <= BASE + (i << 12);
        unsigned maps = there ? 0x80 | v->prot : 0;
        if (maps != native_maps[op][i]) {
            describe(seed, op);
            fprintf(stderr, "page %lu: Linux %x, ours %x\n", i, native_maps[op][i], maps);
            stub_fail(__FILE__, __LINE__, "areas differ");
        }
    }
}

static void fill(unsigned char *page, size_t n)
{
    for (size_t i = 0; i < n; i++)
        page[i] = (unsigned char)(i >> 12 | 0x40);
}

static void round_of(unsigned seed)
{
    static unsigned char contents[FILE_BYTES];
    srandom(seed);
    for (int i = 0; i < OPS; i++)
        ops[i] = some_op();

    fill(contents, sizeof(contents));
    syscall(SYS_munmap, BASE, PAGES << 12); /* what the stub left there */
    native_fd = (int)syscall(SYS_memfd_create, "file", 0);
    CHECK(write(native_fd, contents, sizeof(contents)) == sizeof(contents));
    for (int i = 0; i < OPS; i++) {
        native[i] = run_native(&ops[i]);
        read_native_maps(native_maps[i]);
    }
    for (unsigned long i = 0; i < PAGES; i++)
        native_bytes[i] = host_copy(false, BASE + (i << 12), &native_bytes[i]) ? 0xff : native_bytes[i];
    syscall(SYS_munmap, BASE, PAGES << 12);
    close(native_fd);

    memcpy(file.data, contents, sizeof(contents));
    memset(file.data + sizeof(contents), 0, (64 << 12) - sizeof(contents));
    int done = 0;
    for (int i = 0; i < OPS; i++, done++) {
        const struct vma *v = mm_next(ops[i].at);
        if (ops[i].kind == OP_REMAP && v && !v->file && (v->flags & MAP_SHARED) &&
            (ops[i].new_len > ops[i].len || (ops[i].flags & 4)))
            break; /* documented: what grows is zeros, where Linux has SIGBUS; no second view */
        long r = run_ours(&ops[i]);
        /* Linux 6.17 and later move several areas at once; and which neighbours are one area is not
         * told anywhere: Linux keeps written ones apart. */
        if (ops[i].kind == OP_REMAP && r != native[i] &&
            ((r == -EFAULT && ops[i].len == ops[i].new_len) || native[i] == -EFAULT))
            break;
        if (r != native[i]) {
            describe(seed, i);
            fprintf(stderr, "Linux %ld, ours %ld\n", native[i], r);
            stub_fail(__FILE__, __LINE__, "results differ");
        }
        check_tree();
        check_maps(seed, i);
    }
    for (unsigned long i = 0; i < PAGES && done == OPS; i++) {
        unsigned char byte;
        if (user_read(&byte, BASE + (i << 12), 1))
            byte = 0xff;
        if (byte != native_bytes[i]) {
            describe(seed, OPS - 1);
            fprintf(stderr, "page %lu: Linux %x, ours %x\n", i, native_bytes[i], byte);
            stub_fail(__FILE__, __LINE__, "contents differ");
        }
    }
    CHECK(mm_unmap(BASE, PAGES << 12) == 0);
    CHECK(!mm_next(0) && file.file.refs == 1 && list_empty(&file.inode.mappings));
}

int main(int argc, char **argv)
{
    unsigned first = argc > 1 ? (unsigned)atoi(argv[1]) : 1, count = argc > 2 ? (unsigned)atoi(argv[2]) : 300;

    stub_start(16 << 20);
    stub_file_init(&file, FILE_BYTES, 2 /* O_RDWR */);
    mm_reset();
    for (unsigned seed = first; seed < first + count; seed++)
        round_of(seed);
    return 0;
}
