/* SPDX-License-Identifier: Apache-2.0 */
/* The network driver with a device that lies: frames are whole or dropped, what is sent is read once and freed once. */
#include "../../../../libos/drivers/virtio_net/net.h"

#include <u2k/log.h>
#include <u2k/pages.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 200000, LIMIT = 400 /* pages */ };

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            exit(1); \
        } \
    } while (0)

/* ---- what the driver stands on ---- */

static size_t pages_taken;
static uint64_t now = 1;
static bool starving;

uint64_t device_address(const void *memory)
{
    return (uintptr_t)memory;
}
void *pages_alloc(size_t count, unsigned flags)
{
    if (pages_taken + count > LIMIT || starving)
        return NULL;
    pages_taken += count;
    void *memory = aligned_alloc(PAGE_SIZE, count * PAGE_SIZE);
    return memset(memory, flags & PAGES_ZERO ? 0 : 0xa5, count * PAGE_SIZE);
}
void pages_free(void *base, size_t count)
{
    pages_taken -= count;
    free(base);
}
size_t pages_total_count(void)
{
    return 4 * LIMIT;
}
void *heap_alloc(size_t size)
{
    return starving ? NULL : calloc(1, size);
}
void heap_free(void *p, size_t size)
{
    (void)size;
    free(p);
}
uint64_t clock_monotonic(void)
{
    return now;
}
static struct timer *timers[2];
void timer_set(struct timer *t, uint64_t deadline, void (*fire)(struct timer *))
{
    t->deadline = deadline;
    t->fire = fire;
    timers[timers[0] && timers[0] != t] = t;
}
void panic(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    exit(1);
}
struct list netdevs = LIST_INIT(netdevs);

static int size(struct virtio_device *d, struct virtqueue *q)
{
    (void)d, (void)q;
    return 0;
}
static int queue(struct virtio_device *d, struct virtqueue *q)
{
    (void)d, (void)q;
    return 0;
}
static unsigned notified[2];
static void notify(struct virtqueue *q)
{
    notified[q->index]++;
}
static const struct virtio_transport transport = {.size = size, .queue = queue, .notify = notify};
static struct net n;

/* ---- what comes up ---- */

static struct packet *kept[64]; /* by a program that does not read */
static unsigned kept_count;

void netdev_receive(struct netdev *dev, struct packet *p)
{
    uint32_t total = 0;
    static volatile uint8_t sum;

    CHECK(dev == &n.dev && p->refs == 1);
    for (struct packet *b = p; b; b = b->next) {
        CHECK(b->data >= (uint8_t *)(b + 1) && b->data + b->len <= (uint8_t *)b + b->room);
        for (uint32_t i = 0; i < b->len; i++)
            sum += b->data[i];
        total += b->len;
    }
    CHECK(total == p->total);
    if (kept_count < 64 && rand() % 3 == 0)
        kept[kept_count++] = p;
    else
        packet_free(p);
}
void netdev_received(struct netdev *dev)
{
    (void)dev;
}

/* ---- the device ---- */

static uint16_t seen[2], used[2];
static uint16_t held[2][512];
static unsigned held_count[2];

static void look(unsigned which)
{
    struct virtqueue *q = which ? &n.tx : &n.rx;

    while (seen[which] != q->avail[1])
        held[which][held_count[which]++] = q->avail[2 + (seen[which]++ & (q->size - 1))];
}

static void use(unsigned which, uint32_t head, uint32_t len)
{
    struct virtqueue *q = which ? &n.tx : &n.rx;
    volatile uint32_t *entry =
        (volatile uint32_t *)(q->used + 2) + 2 * (used[which] & (q->size - 1));

    entry[0] = head;
    entry[1] = len;
    q->used[1] = ++used[which];
}

static uint16_t take_held(unsigned which)
{
    unsigned i = rand() % 4 ? 0 : (unsigned)rand() % held_count[which];
    uint16_t head = held[which][i];

    memmove(&held[which][i], &held[which][i + 1], (--held_count[which] - i) * sizeof(uint16_t));
    return head;
}

static void frame(void)
{
    look(0);
    if (!held_count[0])
        return;
    uint16_t head = take_held(0);
    struct vq_desc *d = &n.rx.desc[head];
    uint8_t *to = (void *)d->address;
    uint32_t len = (uint32_t)rand() % (d->len + 1);
    unsigned count = rand() % 3 ? 1 : (unsigned)rand() % 6;

    CHECK((d->flags & 2) && d->len == n.rx_room);
    memset(to, rand(), len);
    if (len >= sizeof(struct net_header)) {
        struct net_header *h = (void *)to;
        h->gso_type = (uint8_t)(rand() % 6);
        h->buffers = rand() % 100 ? (uint16_t)count : (uint16_t)rand();
    }
    use(0, head, rand() % 50 ? len : (uint32_t)rand());
    for (unsigned i = 1; i < count && held_count[0] && rand() % 20; i++)
        use(0, take_held(0), (uint32_t)rand() % (d->len + 1));
    if (rand() % 200 == 0)
        use(0, (uint32_t)rand(), 100);
}

static void transmit(void)
{
    look(1);
    if (!held_count[1])
        return;
    uint16_t head = take_held(1);
    struct vq_desc *table = n.tx.desc, *d = &table[head];
    static volatile uint8_t sum;

    if (d->flags & 4) {
        table = (void *)d->address;
        d = table;
    }
    for (;; d = &table[d->next]) {
        CHECK(!(d->flags & 2));
        for (uint32_t i = 0; i < d->len; i++)
            sum += ((uint8_t *)d->address)[i]; /* freed too early: the sanitizer tells */
        if (!(d->flags & 1))
            break;
    }
    use(1, head, 0);
}

static struct packet *shared; /* of a sender that keeps it */

static void send_one(void)
{
    static uint8_t far[3000];
    unsigned slices = rand() % 3 ? (unsigned)rand() % 4 : (unsigned)rand() % 90;
    struct packet *p = packet_new_sliced(PACKET_HEADROOM, 100, slices);

    if (!p)
        return;
    packet_append(p, 60);
    struct packet *payload = packet_new(0, 1000);
    for (unsigned i = 0; payload && i < slices; i++)
        packet_slice(p, rand() % 2 ? far : payload->data, (uint32_t)rand() % 900, payload);
    packet_free(payload);
    p->csum_start = p->transport = p->data + 34;
    p->csum_offset = 16;
    p->flags = rand() % 2 ? PACKET_SUM_WANTED : 0;
    p->gso = (uint8_t)(rand() % 3);
    if (!shared)
        shared = packet_ref(p);
    net_send(&n.dev, p, rand() % 2);
    if (shared && rand() % 3 == 0)
        net_send(&n.dev, packet_ref(shared), rand() % 2);
    if (rand() % 5 == 0) {
        packet_free(shared);
        shared = NULL;
    }
}

static void begin(uint64_t features, unsigned ring)
{
    n = (struct net){.device = {.transport = &transport, .features = features}};
    list_init(&n.backlog);
    n.dev.priv = &n;
    n.dev.send = net_send;
    n.header_size = features & NET_F_MRG_RXBUF ? HEADER_SIZE : HEADER_SIZE_SHORT;
    n.rx_room = PACKET_ROOM;
    memset(seen, 0, sizeof(seen));
    memset(used, 0, sizeof(used));
    memset(held_count, 0, sizeof(held_count));
    timers[0] = timers[1] = NULL;
    CHECK(!virtqueue_start(&n.device, 0, ring, &n.rx) &&
          !virtqueue_start(&n.device, 1, ring, &n.tx));
    net_refill(&n);
}

static void fire(void)
{
    for (unsigned i = 0; i < 2; i++)
        if (timers[i] && timers[i]->deadline && timers[i]->deadline <= now) {
            timers[i]->deadline = 0;
            timers[i]->fire(timers[i]);
        }
}

/* A device that waits, and does not see what it was told to wait for (QEMU's emulation before 8.1). */
static void unheard(void)
{
    enum { RING = 64, TIDY = 50000000 };
    volatile uint16_t *rx_event, *tx_event;

    begin(NET_F_MRG_RXBUF | VIRTIO_F_EVENT_IDX, RING);
    rx_event = &n.rx.used[2 + 4 * RING];
    tx_event = &n.tx.used[2 + 4 * RING];
    *tx_event = RING; /* far from what comes */
    for (unsigned i = 0; i < 2; i++) {
        struct packet *p = packet_new(PACKET_HEADROOM, 100);
        packet_append(p, 60);
        notified[1] = 0;
        CHECK(net_send(&n.dev, p, false) == 0);
        CHECK(notified[1] == (i == 0)); /* the first: all that it was told of is done */
    }
    for (unsigned i = 0; i < 3; i++) {
        now += TIDY;
        notified[1] = 0;
        fire();
        CHECK(notified[1] == 1);
    }
    look(1);
    while (held_count[1])
        use(1, take_held(1), 0);
    now += TIDY;
    notified[1] = 0;
    fire();
    now += TIDY;
    fire();
    CHECK(notified[1] == 0 && n.tx.free_count == RING);

    notified[0] = 0;
    *rx_event = 0; /* of none of the buffers */
    CHECK(!net_poll_device(&n.dev) && !net_poll_device(&n.dev) && notified[0] == 1);
    *rx_event = RING; /* it goes on */
    net_interrupt(&n);
    CHECK(!net_poll_device(&n.dev) && notified[0] == 1);
    for (unsigned i = 0; i < n.rx.size; i++)
        packet_free(n.rx.slots[i].token);
}

static void run(uint64_t features, unsigned ring)
{
    begin(features, ring);
    for (unsigned step = 0; step < STEPS; step++) {
        now += 1000;
        starving = step / 1000 % 7 == 3;
        switch (rand() % 8) {
        case 0:
        case 1: frame(); break;
        case 2: send_one(); break;
        case 3:
        case 4: transmit(); break;
        case 5: net_interrupt(&n); break;
        case 6: net_poll_device(&n.dev); break;
        default:
            while (kept_count && rand() % 3)
                packet_free(kept[--kept_count]);
            fire();
        }
    }
    starving = false;
    packet_free(shared);
    shared = NULL;
    for (unsigned i = 0; i < 2000; i++) {
        net_flush(&n.dev);
        transmit();
        net_interrupt(&n);
    }
    while (kept_count)
        packet_free(kept[--kept_count]);
    CHECK(net_all_sent() && !n.backlog_count && n.tx.free_count == n.tx.size);
    CHECK(!n.rx.free_count && packet_memory == ring * PACKET_SIZE);
    CHECK(n.dev.stats.rx_errors); /* it lied */
    for (unsigned i = 0; i < n.rx.size; i++)
        packet_free(n.rx.slots[i].token);
    CHECK(packet_memory == 0);
}

int main(void)
{
    srand(11);
    unheard();
    run(NET_F_MRG_RXBUF | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT | NET_F_GUEST_CSUM, 64);
    run(NET_F_MRG_RXBUF | VIRTIO_F_EVENT_IDX, 256);
    run(VIRTIO_F_INDIRECT, 64);
    return 0;
}
