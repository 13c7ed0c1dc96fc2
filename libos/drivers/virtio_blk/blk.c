/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disks (VIRTIO 1.2, 5.2), for reading. One request at a time: who reads waits for it, and looks at the ring instead
 * of sleeping, which takes a host some ten microseconds when it has the block in memory.
 */
#include <u2k/block.h>
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/pages.h>
#include <u2k/part.h>
#include <u2k/platform.h>
#include <u2k/virtio.h>

#define BLK_F_SIZE_MAX (1ull << 1)
#define BLK_F_SEG_MAX (1ull << 2)

enum { CONFIG_CAPACITY = 0, CONFIG_SIZE_MAX = 8, CONFIG_SEG_MAX = 12 };
enum { REQUEST_IN = 0, STATUS_OK = 0, STATUS_NONE = 0xff };
enum {
    QUEUE_SIZE = 64,
    PIECES_MAX = 34, /* header, pages, status */
    PATIENCE = 30, /* seconds; the host's disk may have to be woken */
};

struct disk {
    struct block_device block;
    struct virtio_device device;
    struct virtqueue queue;
    struct {
        uint32_t type, reserved;
        uint64_t sector;
    } request;
    uint8_t status;
};

static int disk_read(struct block_device *b, uint64_t offset, void *const page[], unsigned count)
{
    struct disk *d = b->priv;
    struct vq_piece piece[PIECES_MAX];
    uint64_t give_up = 0;
    uint32_t len;

    if (d->queue.free_count <
        d->queue.size) /* the last one never came: its pages are not ours to know */
        return -EIO;
    d->request.type = REQUEST_IN;
    d->request.sector = offset / BLOCK_SECTOR;
    d->status = STATUS_NONE;
    piece[0] = (struct vq_piece){&d->request, sizeof(d->request)};
    for (unsigned i = 0; i < count; i++)
        piece[1 + i] = (struct vq_piece){page[i], PAGE_SIZE};
    piece[1 + count] = (struct vq_piece){&d->status, 1};
    virtqueue_give_pieces(&d->queue, d, piece, count + 2, count + 1);
    virtqueue_kick(&d->queue);
    while (!virtqueue_take(&d->queue, &len)) {
        uint64_t now = plat_clock_monotonic();
        give_up = give_up ? give_up : now + PATIENCE * NSEC_PER_SEC;
        if (now >= give_up)
            return -EIO;
    }
    return *(volatile uint8_t *)&d->status == STATUS_OK ? 0 : -EIO;
}

static void ignore(void *arg)
{
    (void)arg; /* who waits looks by itself */
}

static int start(struct disk *d)
{
    struct virtio_device *v = &d->device;
    int error = virtio_start(v, BLK_F_SIZE_MAX | BLK_F_SEG_MAX, ignore, d);

    if (!error)
        error = virtqueue_start(v, 0, QUEUE_SIZE, &d->queue);
    if (error)
        return error;
    virtqueue_interrupts(&d->queue, false);
    uint64_t sectors = virtio_config(v, CONFIG_CAPACITY, 4) |
                       (uint64_t)virtio_config(v, CONFIG_CAPACITY + 4, 4) << 32;
    uint32_t pieces = v->features & BLK_F_SEG_MAX ? virtio_config(v, CONFIG_SEG_MAX, 4) : 1;
    if (v->features & BLK_F_SIZE_MAX && virtio_config(v, CONFIG_SIZE_MAX, 4) < PAGE_SIZE)
        return -EOPNOTSUPP;
    d->block.size = MIN(sectors, INT64_MAX / BLOCK_SECTOR) * BLOCK_SECTOR;
    d->block.pages_max = MAX(MIN(pieces, MIN(d->queue.size, (uint32_t)PIECES_MAX) - 2u), 1u);
    d->block.priv = d;
    d->block.read = disk_read;
    virtio_ready(v);
    block_offer(&d->block);
    return 0;
}

static int probe(void)
{
    struct disk *d;
    int found = -ENODEV;

    while ((d = NEW(struct disk)) != NULL) {
        if (virtio_find(VIRTIO_BLOCK, &d->device) < 0)
            break;
        int error = start(d);
        if (!error)
            found = 0;
        else
            log_warning("disk at %lx: error %d: not used", (unsigned long)d->device.place.base,
                        error);
    }
    if (d)
        DELETE(d);
    return found;
}

const struct driver driver_virtio_blk = {.name = "virtio-blk", .probe = probe};
