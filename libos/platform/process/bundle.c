/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the bundle. The file is untrusted: everything read from it is checked against its size. */
#include "bundle.h"
#include "process.h"
#include "x86_64/hostcall.h"
#include <u2k/boot.h>
#include <u2k/cursor.h>
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/platform.h>
#include <u2k/string.h>

struct backing_file bundle_file;

bool bundle_is_own(uintptr_t phdr, size_t count)
{
    const struct elf_phdr *linked = (const void *)(LIBOS_BASE + sizeof(struct elf_ehdr));
    if (phdr != (uintptr_t)linked)
        return true;
    for (size_t i = 0; i < count; i++)
        if (linked[i].type == BUNDLE_SEGMENT)
            return true;
    return false;
}

static struct elf_phdr read_phdr(struct cursor *c)
{
    struct elf_phdr ph;
    ph.type = cursor_le32(c);
    ph.flags = cursor_le32(c);
    ph.offset = cursor_le64(c);
    ph.vaddr = cursor_le64(c);
    ph.paddr = cursor_le64(c);
    ph.filesz = cursor_le64(c);
    ph.memsz = cursor_le64(c);
    ph.align = cursor_le64(c);
    return ph;
}

/* The first segment of `file` that is a bundle, as a cursor over it; bad if there is none. */
static struct cursor find_bundle(const struct cursor *file)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2 /* 64-bit */, 1 /* little-endian */};
    struct cursor c = *file;
    const uint8_t *magic = cursor_take(&c, sizeof(ident));
    if (!magic || memcmp(magic, ident, sizeof(ident)) != 0)
        return (struct cursor){.bad = true};
    cursor_seek(&c, offsetof(struct elf_ehdr, phoff));
    uint64_t phoff = cursor_le64(&c);
    cursor_seek(&c, offsetof(struct elf_ehdr, phentsize));
    uint16_t entry_size = cursor_le16(&c), count = cursor_le16(&c);
    if (c.bad || entry_size != sizeof(struct elf_phdr))
        return (struct cursor){.bad = true};

    struct cursor table = cursor_part(file, phoff, (uint64_t)count * entry_size);
    for (unsigned i = 0; i < count && !table.bad; i++) {
        struct elf_phdr ph = read_phdr(&table);
        if (table.bad || (ph.type != PT_LOAD && ph.type != BUNDLE_SEGMENT) || ph.offset & PAGE_MASK)
            continue;
        const struct bundle_header *h = cursor_at(file, ph.offset, sizeof(h->magic));
        if (!h || h->magic != BUNDLE_MAGIC)
            continue;
        /* Of a root that a VM has on a disk the segment knows nothing: the header does. */
        h = cursor_at(file, ph.offset, sizeof(*h));
        struct cursor whole = cursor_part(file, ph.offset, h ? h->total_size : 0);
        return h && !whole.bad ? whole : cursor_part(file, ph.offset, ph.filesz);
    }
    return (struct cursor){.bad = true};
}

/* The file is mapped as a whole. */
int plat_root(const void **image, size_t *size)
{
    (void)image, (void)size;
    log_error("the root image is not all there: convert again");
    return -EIO;
}

int bundle_map(int fd, const void **bundle, size_t *len, const char **why)
{
    struct host_stat st;
    long error = host_call(fstat, fd, &st);
    *why = "cannot read the unikernel file";
    if (error < 0)
        return (int)error;
    *why = "not a unikernel file: it is empty or larger than 1 TiB";
    if (st.size < (int64_t)sizeof(struct elf_ehdr) || (uint64_t)st.size > BUNDLE_MAX)
        return -ENOEXEC;
    *why = "cannot map the unikernel file";
    size_t size = (size_t)st.size;
    long at = host_call(mmap, BUNDLE_BASE, size, PROT_READ,
                        HOST_MAP_PRIVATE | HOST_MAP_FIXED_NOREPLACE, fd, 0);
    if (at < 0)
        return (int)at;

    *why = "not a unikernel file: no segment of it is a bundle; make one with `u2k convert`";
    struct cursor file = cursor_over((const void *)BUNDLE_BASE, size);
    struct cursor found = find_bundle(&file);
    if (found.bad)
        return -ENOEXEC;
    bundle_file = (struct backing_file){.fd = fd, .base = BUNDLE_BASE, .len = size};
    *bundle = found.base;
    *len = found.len;
    return 0;
}
