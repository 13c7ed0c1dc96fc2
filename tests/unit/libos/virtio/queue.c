/* SPDX-License-Identifier: Apache-2.0 */
/* A queue and its device at random: whole buffers arrive, notifications are neither lost nor many, and a device
 * that lies gets nothing for it. */
#include <u2k/pages.h>
#include <u2k/virtio.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 300000, PIECES = 5, TABLE = 12 };
enum { NEXT = 1, WRITE = 2, INDIRECT = 4 };

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            exit(1); \
        } \
    } while (0)

/* ---- what a queue needs ---- */

uint64_t device_address(const void *memory)
{
    return (uintptr_t)memory;
}
void *pages_alloc(size_t count, unsigned flags)
{
    (void)flags;
    void *memory = aligned_alloc(PAGE_SIZE, count * PAGE_SIZE);
    memset(memory, 0, count * PAGE_SIZE);
    return memory;
}
void *heap_alloc(size_t size)
{
    return calloc(1, size);
}

static unsigned device_size;
static bool notified, interrupted;

static int size(struct virtio_device *d, struct virtqueue *q)
{
    (void)d;
    q->size = MIN(q->size, device_size);
    return 0;
}
static int queue(struct virtio_device *d, struct virtqueue *q)
{
    (void)d;
    CHECK((uintptr_t)q->desc % 512 == 0 && (uintptr_t)q->used % 64 == 0);
    return 0;
}
static void notify(struct virtqueue *q)
{
    (void)q;
    notified = true;
}
static const struct virtio_transport transport = {.size = size, .queue = queue, .notify = notify};
static struct virtio_device device = {.transport = &transport};
static struct virtqueue q;

/* ---- the device ---- */

static uint16_t seen, used, told; /* avail entries taken, used entries given, and those told of */

static bool event_index(void)
{
    return device.features & VIRTIO_F_EVENT_IDX;
}

static unsigned chain(struct vq_desc *table, unsigned count, unsigned at, uint64_t *sum,
                      uint32_t *room)
{
    unsigned pieces = 0;
    for (;; at = table[at].next) {
        CHECK(at < count && pieces++ < 64);
        struct vq_desc *d = &table[at];
        if (d->flags & INDIRECT) {
            CHECK(!(d->flags & NEXT) && d->len % sizeof(*d) == 0);
            return chain((void *)d->address, d->len / sizeof(*d), 0, sum, room);
        }
        if (d->flags & WRITE)
            memset((void *)d->address, 0xee, d->len), *room += d->len;
        else
            for (uint32_t i = 0; i < d->len; i++)
                *sum += ((uint8_t *)d->address)[i];
        if (!(d->flags & NEXT))
            return pieces;
    }
}

static void use(uint32_t head, uint32_t len)
{
    volatile uint32_t *entry = (volatile uint32_t *)(q.used + 2) + 2 * (used & (q.size - 1));
    entry[0] = head;
    entry[1] = len;
    q.used[1] = ++used;
    uint16_t wanted = q.avail[2 + q.size];
    if (event_index() ? (uint16_t)(used - wanted - 1) < (uint16_t)(used - told) : !(q.avail[0] & 1))
        interrupted = true;
    told = used;
}

/* ---- what was given ---- */

static struct given {
    uint64_t sum;
    uint32_t room;
    unsigned descriptors;
    bool busy;
    uint8_t bytes[TABLE][16];
    struct vq_desc table[TABLE];
} given[256];
static unsigned outstanding, descriptors;

static struct {
    uint16_t head;
    struct given *g;
} held[256]; /* by the device */
static unsigned held_count;

static void give(void)
{
    struct given *g = given;
    while (g->busy)
        g++;
    unsigned kind = (unsigned)rand() % 3, n = 1 + (unsigned)rand() % (kind == 1 ? PIECES : TABLE);
    unsigned need = kind == 1 ? n : 1;
    if (q.free_count < need)
        return;
    struct vq_piece piece[TABLE];
    unsigned written = (unsigned)rand() % (n + 1);
    *g = (struct given){.busy = true, .descriptors = need};
    if (kind != 1)
        written = kind == 0 && rand() % 2;
    n = kind == 0 ? 1 : n;
    for (unsigned i = 0; i < n; i++) {
        piece[i] = (struct vq_piece){g->bytes[i], 1 + (uint32_t)rand() % 16};
        for (unsigned j = 0; j < 16; j++)
            g->bytes[i][j] = (uint8_t)rand();
        for (unsigned j = 0; j < piece[i].len && i + written < n; j++)
            g->sum += g->bytes[i][j];
        g->room += i + written < n ? 0 : piece[i].len;
    }
    if (kind == 0)
        virtqueue_give(&q, g, piece[0].at, piece[0].len, written);
    else if (kind == 1)
        virtqueue_give_pieces(&q, g, piece, n, written);
    else {
        for (unsigned i = 0; i < n; i++)
            vq_table_set(g->table, i, n, piece[i]);
        virtqueue_give_table(&q, g, g->table, n);
    }
    outstanding++;
    descriptors += need;
}

static void device_takes(void)
{
    while (seen != q.avail[1]) {
        uint16_t head = q.avail[2 + (seen & (q.size - 1))];
        uint64_t sum = 0;
        uint32_t room = 0;
        seen++;
        chain(q.desc, q.size, head, &sum, &room);
        struct given *g = q.slots[head].token;
        CHECK(g && g->busy && g->sum == sum && g->room == room);
        held[held_count].head = head;
        held[held_count++].g = g;
    }
    q.used[2 + 4 * q.size] = seen; /* tell me of the next */
    q.used[0] = 0;
}

static void take(void)
{
    uint32_t len;
    struct given *g = virtqueue_take(&q, &len);

    CHECK(g == NULL || (g->busy && len <= g->room));
    if (g) {
        g->busy = false;
        outstanding--;
        descriptors -= g->descriptors;
    }
    CHECK(q.free_count == q.size - descriptors);
}

static void run(unsigned asked, unsigned has, uint64_t features)
{
    device_size = has;
    device = (struct virtio_device){.transport = &transport, .features = features};
    seen = used = told = 0;
    CHECK(virtqueue_start(&device, 0, asked, &q) == 0 && q.size == MIN(asked, has));
    memset(given, 0, sizeof(given));
    outstanding = descriptors = held_count = 0;
    bool armed = true;
    for (unsigned step = 0; step < STEPS; step++) {
        switch (rand() % 8) {
        case 0:
        case 1:
        case 2: give(); break;
        case 3: {
            notified = false;
            virtqueue_kick(&q);
            if (notified || rand() % 4 == 0)
                device_takes();
            CHECK(seen ==
                  q.avail[1]); /* it waited for the next, so it was told, or took it by itself */
            break;
        }
        case 4: /* in any order */
            if (held_count) {
                unsigned i = (unsigned)rand() % held_count;
                bool was = virtqueue_pending(&q);
                interrupted = false;
                use(held[i].head, rand() % 3 ? held[i].g->room : UINT32_MAX);
                held[i] = held[--held_count];
                CHECK(!armed || was || interrupted);
                armed = armed && !interrupted; /* an event index is used up */
                if (interrupted && rand() % 2)
                    virtqueue_interrupts(&q, false);
            }
            break;
        case 5: /* lies: no such descriptor, one that is not given */
            interrupted = false;
            if (rand() % 50 == 0)
                use((uint32_t)rand(), 1000);
            armed = armed && !interrupted;
            break;
        case 6: take(); break;
        default:
            while (virtqueue_pending(&q))
                take();
            virtqueue_interrupts(&q, armed = true);
        }
    }
}

/* How often a device interrupts that uses one at a time: each, never, each eighth. */
static void interrupts(void)
{
    static char bytes[8];
    unsigned count[3] = {0};

    device_size = 64;
    device = (struct virtio_device){.transport = &transport, .features = VIRTIO_F_EVENT_IDX};
    seen = used = told = 0;
    CHECK(virtqueue_start(&device, 0, 64, &q) == 0);
    for (unsigned way = 0; way < 3; way++) {
        virtqueue_interrupts(&q, false);
        for (unsigned i = 0; i < 64; i++) {
            uint32_t len;
            virtqueue_give(&q, bytes, bytes, 8, false);
            if (way == 0)
                virtqueue_interrupts(&q, true);
            if (way == 2 && i % 8 == 0)
                virtqueue_interrupt_after(&q, 8);
            interrupted = false;
            use(q.avail[2 + (seen++ & 63)], 0);
            count[way] += interrupted;
            CHECK(virtqueue_take(&q, &len) == bytes && len == 0);
        }
    }
    CHECK(count[0] == 64 && count[1] == 0 && count[2] == 8);
}

int main(void)
{
    srand(7);
    for (unsigned i = 0; i < 3; i++) {
        uint64_t features = (i & 1 ? VIRTIO_F_EVENT_IDX : 0) | VIRTIO_F_INDIRECT;
        run(256, 1024, features);
        run(16, 16, features);
        run(256, 8, features);
        run(128, 1024, features);
    }
    interrupts();
    return 0;
}
