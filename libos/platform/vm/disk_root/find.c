/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the root image is on the disk: at its beginning, or, if the disk is the unikernel file itself or has it in a
 * partition, behind the bundle's segment, which was loaded without it (u2k/boot.h).
 */
#include <u2k/block.h>
#include <u2k/boot.h>
#include <u2k/cursor.h>
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/pages.h>
#include <u2k/string.h>

#include "../vm.h"
#include "disk_root.h"

#define EROFS_MAGIC 0xe0f5e1e2u
#define EROFS_SUPER 1024

enum { PT_LOAD = 1 };

struct PACKED elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum;
};

struct PACKED elf_segment {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

/* The file's offset of the segment that was loaded where our bundle is; 0: there is none. */
static uint64_t bundle_offset(const struct cursor *head)
{
    const struct elf_header *h = cursor_at(head, 0, sizeof(*h));

    for (unsigned i = 0; h && i < h->phnum; i++) {
        const struct elf_segment *s =
            cursor_at(head, h->phoff + i * sizeof(struct elf_segment), sizeof(*s));
        if (!s)
            break;
        if (s->type == PT_LOAD && s->paddr == vm_kernel_end_physical())
            return s->offset;
    }
    return 0;
}

static int find(struct block_device *d, void *page, uint64_t *offset, uint64_t *size)
{
    static const uint8_t elf[] = {0x7f, 'E', 'L', 'F', 2, 1};
    const struct bundle_header *ours = plat_info->bundle;
    struct cursor head = cursor_over(page, PAGE_SIZE);
    uint64_t start = 0, end = ALIGN_DOWN(d->size, PAGE_SIZE);
    uint32_t magic;

    if (!end || d->read(d, 0, &page, 1))
        return -EIO;
    int error = gpt_partition(d, page, &start, &end);
    if (error)
        return error;
    *offset = start;
    *size = ALIGN_DOWN(end - start, PAGE_SIZE);
    memcpy(&magic, (const char *)page + EROFS_SUPER, sizeof(magic));
    if (magic == EROFS_MAGIC)
        return 0;
    if (memcmp(page, elf, sizeof(elf)) != 0)
        return -EINVAL;
    uint64_t bundle = bundle_offset(&head);
    if (!bundle || bundle % BLOCK_SECTOR || bundle > *size - PAGE_SIZE ||
        d->read(d, start + bundle, &page, 1))
        return -EINVAL;
    if (memcmp(page, ours, sizeof(*ours)) != 0)
        return -ESTALE; /* another unikernel's */
    *offset = start + bundle + ours->root_offset;
    *size = ours->root_size;
    return ours->root_offset <= INT64_MAX && *size <= INT64_MAX ? 0 : -EINVAL;
}

int plat_root(const void **image, size_t *size)
{
    const char *name = cmdline_value("root");
    uint64_t offset, len;

    vm_stream_start();
    name = name ? name : "/dev/vda";
    struct block_device *d = block_find(name);
    void *page = pages_alloc(1, PAGES_ANY);
    int error = !d ? -ENODEV : !page ? -ENOMEM : find(d, page, &offset, &len);
    if (!error)
        error = root_open(d, offset, len, image);
    if (page)
        pages_free(page, 1);
    if (error) {
        log_error("the root is on the disk %s: %s", name,
                  error == -ENODEV
                      ? "there is none: give the unikernel file to the machine as a disk"
                  : error == -ESTALE ? "it has the root of another unikernel"
                                     : "there is no root image on it, or it cannot be read");
        return error;
    }
    *size = (size_t)len;
    return 0;
}
