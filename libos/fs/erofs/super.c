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
    struct cursor c = e->image;
    cursor_seek(&c, SUPER_OFFSET);
    uint32_t magic = cursor_le32(&c);
    cursor_skip(&c, 8); /* checksum, compatible features */
    unsigned block_bits = cursor_u8(&c);
    cursor_skip(&c, 1);
    e->root = cursor_le16(&c);
    cursor_skip(&c, 8); /* number of inodes */
    e->build_time = (int64_t)cursor_le64(&c);
    e->build_nsec = cursor_le32(&c);
    cursor_skip(&c, 4); /* number of blocks */
    e->meta = (uint64_t)cursor_le32(&c) * EROFS_BLOCK;
    e->xattrs = (uint64_t)cursor_le32(&c) * EROFS_BLOCK;
    cursor_skip(&c, 32); /* uuid, volume name */
    uint32_t incompat = cursor_le32(&c);
    if (c.bad || magic != MAGIC || block_bits != 12 || (incompat & ~INCOMPAT_KNOWN)) {
        log_error(
            "the root image is not EROFS, or has blocks (2^%u bytes) or features (%#x) that are "
            "new",
            block_bits, incompat);
        return -EINVAL;
    }
    return 0;
}
