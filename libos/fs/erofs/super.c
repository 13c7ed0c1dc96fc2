/* SPDX-License-Identifier: Apache-2.0 */
/* The superblock: what the rest of the image is relative to. */
#include "erofs.h"

#include <u2k/log.h>

#define MAGIC 0xE0F5E1E2u
#define SUPER_OFFSET 1024
#define INCOMPAT_KNOWN (1u | 4u) /* zero padding of compressed data (there is none), chunks */

int erofs_open(struct erofs *e, const void *image, size_t size)
{
    *e = (struct erofs){.image = cursor_over(image, ALIGN_DOWN(size, EROFS_BLOCK))};
    const struct PACKED {
        uint32_t magic, checksum, compatible;
        uint8_t block_bits, slots;
        uint16_t root;
        uint64_t inodes, build_time;
        uint32_t build_nsec, blocks, meta, xattrs;
        uint8_t uuid[16], name[16];
        uint32_t incompatible;
    } *super = cursor_at(&e->image, SUPER_OFFSET, sizeof(*super));
    if (!super || super->magic != MAGIC || super->block_bits != 12 ||
        (super->incompatible & ~INCOMPAT_KNOWN)) {
        log_error("the root image is not EROFS, or has compression, or blocks of another size");
        return -EINVAL;
    }
    e->root = super->root;
    e->build_time = (int64_t)super->build_time;
    e->build_nsec = super->build_nsec;
    e->meta = (uint64_t)super->meta * EROFS_BLOCK;
    e->xattrs = (uint64_t)super->xattrs * EROFS_BLOCK;
    return 0;
}
