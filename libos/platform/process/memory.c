/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program's memory is the host's mappings, made at once. `backing` is in one of two files: the
 * unikernel file or the memory file, which holds all pages of u2k/pages.h. A reserved range is one
 * that the host has nothing in.
 *
 * Calls of core may cover holes (reserved parts), where the host's calls stop with ENOMEM: those are
 * then done by halves, so that each mapped part gets its due.
 */
#include "process.h"
#include "x86_64/hostcall.h"
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/pages.h>

enum { MFD_CLOEXEC = 1 };
enum { MREMAP_MAYMOVE = 1, MREMAP_FIXED = 2, MADV_DONTNEED = 4 };
enum { MEMORY_LEAST = 16 << 20, PIECE_PAGES = 4096 };

struct backing_file memory_file;

struct host_sysinfo {
    int64_t uptime;
    uint64_t loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
    uint16_t procs, pad;
    uint64_t totalhigh, freehigh;
    uint32_t mem_unit;
};

static uint64_t host_memory_total(void)
{
    struct host_sysinfo s;
    return host_call(sysinfo, &s) < 0 ? 0 : s.totalram * s.mem_unit;
}

uint64_t plat_memory_free(void)
{
    struct host_sysinfo s;
    if (host_call(sysinfo, &s) < 0)
        return 0;
    return MIN((s.freeram + s.bufferram) * s.mem_unit, plat_info->memory);
}

int memory_map(uint64_t limit)
{
    long fd = host_call(memfd_create, "u2k", MFD_CLOEXEC);
    if (fd < 0)
        return (int)fd;
    if (!limit)
        limit = host_memory_total();
    uint64_t len = ALIGN_DOWN(MIN(limit, MEMORY_MAX), PAGE_SIZE);
    long error = host_call(ftruncate, fd, len);
    if (error < 0)
        return (int)error;
    long at;
    /* Only a limit on the host's side (RLIMIT_AS) makes address space scarce. */
    while ((at = host_call(mmap, MEMORY_BASE, len, PROT_READ | PROT_WRITE,
                           HOST_MAP_SHARED | HOST_MAP_NORESERVE | HOST_MAP_FIXED_NOREPLACE, fd,
                           0)) == -ENOMEM &&
           len > MEMORY_LEAST)
        len = ALIGN_DOWN(len / 2, PAGE_SIZE);
    if (at < 0)
        return (int)at;
    memory_file = (struct backing_file){.fd = (int)fd, .base = MEMORY_BASE, .len = len};
    return 0;
}

static bool holds(const struct backing_file *f, uintptr_t at, size_t len)
{
    return at >= f->base && at - f->base < f->len &&
           len <= ALIGN_UP(f->len, PAGE_SIZE) - (at - f->base);
}

/* The file that `backing` is in, NULL: none, so that core is at fault. */
static const struct backing_file *find_file(const void *backing, size_t len)
{
    uintptr_t at = (uintptr_t)backing;
    if (holds(&memory_file, at, len))
        return &memory_file;
    return holds(&bundle_file, at, len) ? &bundle_file : NULL;
}

static int told(long result)
{
    static bool said;
    if (result == -ENOMEM && !said) {
        said = true;
        log_error("the host refuses another mapping: out of memory, or over vm.max_map_count");
    }
    return result < 0 ? (int)result : 0;
}

static long map(vaddr_t at, size_t len, unsigned prot, enum plat_backing how, const void *backing,
                unsigned fixed)
{
    if (how == MAP_ZERO) {
        return host_call(mmap, at, len, prot,
                         HOST_MAP_PRIVATE | HOST_MAP_ANONYMOUS | HOST_MAP_NORESERVE | fixed, -1, 0);
    }
    const struct backing_file *f = find_file(backing, len);
    if (!f)
        return -EINVAL;
    unsigned flags = (how == MAP_DIRECT ? HOST_MAP_SHARED : HOST_MAP_PRIVATE) | HOST_MAP_NORESERVE;
    return host_call(mmap, at, len, prot, flags | fixed, f->fd, (uintptr_t)backing - f->base);
}

int plat_map(vaddr_t at, size_t len, unsigned prot, enum plat_backing how, const void *backing)
{
    if (how == MAP_RESERVE)
        return plat_unmap(at, len);
    fast_unmapped(at, len);
    return told(map(at, len, prot, how, backing, HOST_MAP_FIXED));
}

static bool mapped(vaddr_t page)
{
    uint8_t vec;
    return host_call(mincore, page, PAGE_SIZE, &vec) == 0;
}

/* What core has mapped is mapped here, unless it left a part reserved: then all of the range if none
 * of it is there yet, else the page. */
int plat_fault(vaddr_t addr, unsigned access, vaddr_t lo, vaddr_t hi, unsigned prot,
               enum plat_backing how, const void *backing)
{
    (void)access;
    vaddr_t page = ALIGN_DOWN(addr, PAGE_SIZE);
    if (how == MAP_RESERVE || mapped(page))
        return -EFAULT;
    long result = map(lo, hi - lo, prot, how, backing, HOST_MAP_FIXED_NOREPLACE);
    if (result == -EEXIST) {
        const char *part = backing ? (const char *)backing + (page - lo) : NULL;
        result = map(page, PAGE_SIZE, prot, how, part, HOST_MAP_FIXED_NOREPLACE);
    }
    return told(result);
}

int plat_unmap(vaddr_t at, size_t len)
{
    fast_unmapped(at, len);
    return told(host_call(munmap, at, len));
}

/* Protect the mapped parts of a range that has holes. */
static long protect_parts(vaddr_t at, size_t pages, unsigned prot)
{
    static uint8_t vec[PIECE_PAGES];
    if (pages <= PIECE_PAGES && host_call(mincore, at, pages << PAGE_SHIFT, vec) == 0)
        return host_call(mprotect, at, pages << PAGE_SHIFT, prot);
    if (pages == 1)
        return 0;
    size_t half = pages / 2;
    long error = protect_parts(at, half, prot);
    return error < 0 ? error : protect_parts(at + (half << PAGE_SHIFT), pages - half, prot);
}

int plat_protect(vaddr_t at, size_t len, unsigned prot)
{
    if (prot & PROT_WRITE)
        fast_restore(at, len);
    long error = host_call(mprotect, at, len, prot);
    return told(error == -ENOMEM ? protect_parts(at, len >> PAGE_SHIFT, prot) : error);
}

int plat_discard(vaddr_t at, size_t len)
{
    fast_unmapped(at, len);
    long error = host_call(madvise, at, len, MADV_DONTNEED);
    return error == -ENOMEM ? 0 : (int)error; /* holes; madvise(2) goes on behind them */
}

/* The host moves one mapping at a time (EFAULT: several, or a hole). */
static long move_parts(vaddr_t from, vaddr_t to, size_t pages)
{
    size_t len = pages << PAGE_SHIFT;
    long at = host_call(mremap, from, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to);
    if (at != -EFAULT)
        return at < 0 ? at : 0;
    if (pages == 1)
        return host_call(munmap, to, len);
    size_t half = pages / 2;
    long error = move_parts(from, to, half);
    if (error < 0)
        return error;
    return move_parts(from + (half << PAGE_SHIFT), to + (half << PAGE_SHIFT), pages - half);
}

int plat_move(vaddr_t from, vaddr_t to, size_t len)
{
    fast_restore(from, len);
    fast_unmapped(from, len);
    fast_unmapped(to, len);
    return told(move_parts(from, to, len >> PAGE_SHIFT));
}

int plat_resident(vaddr_t at, size_t len, uint8_t *vec)
{
    for (size_t pages = len >> PAGE_SHIFT, n; pages; pages -= n, at += n << PAGE_SHIFT, vec += n) {
        n = pages;
        if (host_call(mincore, at, n << PAGE_SHIFT, vec) == 0)
            continue;
        n = 1; /* a hole somewhere */
        if (host_call(mincore, at, PAGE_SIZE, vec) < 0)
            vec[0] = 0;
    }
    return 0;
}
