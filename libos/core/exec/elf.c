/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF64 executables (System V gABI, chapters 4 and 5): reading, with every number suspected, and
 * mapping. What Linux refuses after it has dropped the old program, we refuse before.
 */
#include "exec.h"
#include "../mm.h"

#include <u2k/arch.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/string.h>
#include <u2k/uaccess.h>
#include <u2k/vfs.h>

enum { PHDR_SIZE = 56, PHDRS_MAX = 65536 / PHDR_SIZE };
enum { ET_EXEC = 2, ET_DYN = 3 };
enum { PT_LOAD = 1, PT_INTERP = 3, PT_GNU_STACK = 0x6474e551 };
enum { PF_X = 1, PF_W = 2, PF_R = 4 };

struct ehdr {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct phdr {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
_Static_assert(sizeof(struct ehdr) == 64 && sizeof(struct phdr) == PHDR_SIZE, "as in the gABI");

static int take_segment(struct elf *e, const struct phdr *p)
{
    uint64_t limit = plat_info->user_hi;

    if (p->filesz > p->memsz || p->memsz > limit || p->vaddr > limit - p->memsz ||
        ((p->vaddr ^ p->offset) & PAGE_MASK) || p->offset > INT64_MAX - p->filesz)
        return -EINVAL;
    if (p->align > 1 && !(p->align & (p->align - 1)))
        e->align = MAX(e->align, p->align);
    if (!p->memsz)
        return 0;
    e->segments[e->count++] =
        (struct elf_segment){.vaddr = p->vaddr,
                             .offset = p->offset,
                             .filesz = p->filesz,
                             .memsz = p->memsz,
                             .prot = (p->flags & PF_R ? (unsigned)PROT_READ : 0) |
                                     (p->flags & PF_W ? (unsigned)PROT_WRITE : 0) |
                                     (p->flags & PF_X ? (unsigned)PROT_EXEC : 0)};
    e->low = MIN(e->low, ALIGN_DOWN(p->vaddr, PAGE_SIZE));
    e->high = MAX(e->high, ALIGN_UP(p->vaddr + p->memsz, PAGE_SIZE));
    return 0;
}

/* Where it is not a part of this unikernel. */
int interpreter_missing(struct elf *e, uint64_t offset, uint64_t len);
int interpreter_missing(struct elf *e, uint64_t offset, uint64_t len)
{
    (void)e, (void)offset, (void)len;
    part_missing("interpreter", "a program that is not static");
    return -ENOEXEC;
}

static int take_phdrs(struct elf *e, const struct phdr *p, uint64_t phoff)
{
    for (unsigned i = 0; i < e->phnum; i++, p++) {
        int error = 0;
        if (p->type == PT_LOAD)
            error = take_segment(e, p);
        else if (p->type == PT_INTERP)
            error = interpreter_name(e, p->offset, p->filesz);
        else if (p->type == PT_GNU_STACK)
            e->exec_stack = p->flags & PF_X;
        if (error)
            return error;
        if (p->type == PT_LOAD && phoff >= p->offset && phoff - p->offset < p->filesz)
            e->phdr = phoff - p->offset + p->vaddr;
    }
    return e->count ? 0 : -ENOEXEC;
}

/* All of it, or an error. */
static int read_whole(struct file *f, void *out, size_t size, uint64_t at)
{
    ssize_t n = at > INT64_MAX ? 0 : file_read_at(f, out, size, at);

    return n < 0 ? (int)n : (size_t)n < size ? -ENOEXEC : 0;
}

static int read_headers(struct elf *e)
{
    struct ehdr h;
    int error = read_whole(e->file, &h, sizeof(h), 0);

    if (error)
        return error;
    if (memcmp(h.ident, "\177ELF\2\1", 6) || (h.type != ET_EXEC && h.type != ET_DYN) ||
        h.machine != ARCH_ELF_MACHINE || h.phentsize != PHDR_SIZE || !h.phnum ||
        h.phnum > PHDRS_MAX)
        return -ENOEXEC;
    e->entry = h.entry;
    e->phnum = h.phnum;
    e->position_independent = h.type == ET_DYN;

    size_t size = (size_t)h.phnum * PHDR_SIZE;
    struct phdr *table = heap_alloc(size);
    e->segments = heap_alloc(h.phnum * sizeof(*e->segments));
    error = table && e->segments ? 0 : -ENOMEM;
    if (!error)
        error = read_whole(e->file, table, size, h.phoff);
    if (!error)
        error = take_phdrs(e, table, h.phoff);
    heap_free(table, size);
    return error;
}

int elf_read(struct file *f, struct elf *out)
{
    *out = (struct elf){.file = f, .low = UINT64_MAX, .align = PAGE_SIZE};
    int error = read_headers(out);
    if (error)
        elf_release(out);
    return error;
}

void elf_release(struct elf *e)
{
    if (e->interpreter)
        heap_free(e->interpreter, PATH_MAX);
    if (e->segments)
        heap_free(e->segments, e->phnum * sizeof(*e->segments));
    e->interpreter = NULL;
    e->segments = NULL;
}

/*
 * The file's part, then zeros: the rest of its last page by writing, whole pages by mapping. Zeros go
 * to the end of the page, beyond p_memsz, as Linux has it: glibc's loader takes its first memory there.
 */
static int map_segment(const struct elf *e, const struct elf_segment *s, uint64_t bias)
{
    vaddr_t start = s->vaddr + bias, file_end = start + s->filesz;
    vaddr_t page = ALIGN_DOWN(start, PAGE_SIZE), bss = ALIGN_UP(file_end, PAGE_SIZE);
    vaddr_t end = ALIGN_UP(start + s->memsz, PAGE_SIZE);
    long at = 0;

    if (!s->filesz)
        bss = page;
    else
        at = mm_map(page, bss - page, s->prot, MAP_PRIVATE | MAP_FIXED, e->file,
                    s->offset - (start - page));
    if (at < 0)
        return (int)at;
    if (s->filesz && s->memsz > s->filesz && bss > file_end && (s->prot & PROT_WRITE) &&
        user_zero(file_end, bss - file_end))
        return -EFAULT;
    if (end > bss)
        at = mm_map(bss, end - bss, s->prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL, 0);
    return at < 0 ? (int)at : 0;
}

int elf_map(const struct elf *e, uint64_t bias)
{
    int error = 0;

    for (size_t i = 0; i < e->count && !error; i++)
        error = map_segment(e, &e->segments[i], bias);
    return error;
}
