/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Block devices: what drivers (virtio_blk) offer, for file systems that are read from a disk. Reading waits, without
 * letting interrupts in: it happens within page faults, in the middle of anything.
 */
#ifndef U2K_BLOCK_H
#define U2K_BLOCK_H

#include <u2k/list.h>
#include <u2k/types.h>

#define BLOCK_SECTOR 512u

struct block_device {
    struct list link;
    char name[8];       /* vda, vdb ... in the order of block_offer() */
    uint64_t size;      /* bytes, a multiple of BLOCK_SECTOR */
    unsigned pages_max; /* of one read */
    void *priv;         /* the driver's */

    /* Read `count` (at most pages_max) whole pages from byte `offset` (a multiple of BLOCK_SECTOR) on, each to its
     * place. All lie within the device. -EIO. */
    int (*read)(struct block_device *d, uint64_t offset, void *const page[], unsigned count);
};

void block_offer(struct block_device *d);

/* `vda` or `/dev/vda`; NULL: there is none. */
struct block_device *block_find(const char *name);

#endif
