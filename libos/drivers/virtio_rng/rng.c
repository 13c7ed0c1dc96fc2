/* SPDX-License-Identifier: Apache-2.0 */
/* The host's randomness (VIRTIO 1.2, 5.4), for CPUs without RDRAND. */
#include <u2k/errno.h>
#include <u2k/part.h>
#include <u2k/string.h>
#include <u2k/virtio.h>

enum { BUFFER = 64 };

static struct virtio_device device;
static struct virtqueue queue;
static _Alignas(64) uint8_t buffer[BUFFER];

static void done(void *arg)
{
    (void)arg; /* rng_fill() looks */
}

static ssize_t rng_fill(void *buf, size_t len)
{
    enum { PATIENCE = 1000000000 };
    uint64_t give_up = 0;
    uint32_t got = 0;

    if (queue.free_count) {
        virtqueue_give(&queue, buffer, buffer, BUFFER, true);
        virtqueue_kick(&queue);
    }
    while (!virtqueue_take(&queue, &got)) {
        uint64_t now = plat_clock_monotonic();
        give_up = give_up ? give_up : now + PATIENCE;
        if (now >= give_up)
            return -EAGAIN; /* no plat_idle() before: who asks is in the middle of something */
    }
    if (!got)
        return -EAGAIN;
    size_t n = MIN(len, (size_t)got);
    memcpy(buf, buffer, n);
    memset(buffer, 0, sizeof(buffer)); /* used once */
    return (ssize_t)n;
}

static int probe(void)
{
    int error = virtio_find(VIRTIO_RNG, &device);

    if (!error)
        error = virtio_start(&device, 0, done, NULL);
    if (!error)
        error = virtqueue_start(&device, 0, 1, &queue);
    if (error)
        return error;
    virtqueue_interrupts(&queue, false);
    virtio_ready(&device);
    random_offer(rng_fill);
    return 0;
}

const struct driver driver_virtio_rng = {.name = "virtio-rng", .probe = probe};
