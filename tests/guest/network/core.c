/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A core that does what frames tell it, so that the network driver is under test alone: Ethernet type 0x88b5 (IEEE 802,
 * local experiments), then one letter, a number of pieces and the fields of struct order.
 */
#include <u2k/log.h>
#include <u2k/netdev.h>
#include <u2k/packet.h>
#include <u2k/pages.h>
#include <u2k/part.h>
#include <u2k/platform.h>
#include <u2k/sched.h>
#include <u2k/string.h>

extern const struct driver driver_virtio_console, driver_virtio_net;
const struct driver *const part_drivers[] = {&driver_virtio_console, &driver_virtio_net, NULL};

enum { TYPE = 0x88b5, HEADER = 14, PATTERN = 65536, IP_HEADER = 20, TCP_HEADER = 20 };

struct order {
    uint8_t to[6], from[6];
    uint8_t type[2];
    uint8_t what, pieces;
    uint8_t count[4], size[4]; /* little-endian */
};

struct thread *current;
static struct thread first;
static uint8_t *pattern; /* byte i is i % 251 */
static bool done;
static struct netdev *card;

uint64_t clock_monotonic(void)
{
    return plat_clock_monotonic();
}

static void header(struct packet *p, const struct order *to, unsigned type)
{
    uint8_t *h = packet_push(p, HEADER);

    memcpy(h, to->from, 6);
    memcpy(h + 6, card->mac, 6);
    h[12] = (uint8_t)(type >> 8);
    h[13] = (uint8_t)type;
}

/* The frame itself, from where it was received. */
static void echo(struct packet *in, const struct order *o)
{
    unsigned buffers = 0;
    for (const struct packet *b = in; b; b = b->next)
        buffers++;
    struct packet *p = packet_new_sliced(PACKET_HEADROOM, 0, buffers);
    if (p) {
        for (struct packet *b = in; b; b = b->next) {
            size_t skip = b == in ? HEADER : 0;
            packet_slice(p, b->data + skip, b->len - skip, in);
        }
        header(p, o, TYPE);
        netdev_send(card, p);
    }
    packet_free(in);
}

/* The first `n` bytes of `head`, then `size` bytes of the pattern in some pieces. */
static struct packet *patterned(const void *head, size_t n, uint32_t size, unsigned pieces)
{
    struct packet *p = packet_new_sliced(PACKET_HEADROOM, n, pieces);

    if (p)
        memcpy(packet_append(p, n), head, n);
    for (unsigned i = 0; p && i < pieces; i++) {
        uint32_t from = size / pieces * i, to = i + 1 < pieces ? size / pieces * (i + 1) : size;
        packet_slice(p, pattern + from, to - from, NULL);
    }
    return p;
}

static void blast(const struct order *o, uint32_t count, uint32_t size)
{
    netdev_hold();
    for (uint32_t i = 0; i < count; i++) {
        struct packet *p = patterned(&i, sizeof(i), size, o->pieces);
        if (!p)
            break;
        header(p, o, TYPE);
        netdev_send(card, p);
    }
    netdev_release();
}

/* One TCP packet for the device to segment, from 10.0.0.2:1 to 10.0.0.1:2; checksums are the device's, but IP's. */
static void segmented(const struct order *o, uint32_t mss, uint32_t size)
{
    static const uint8_t ip[IP_HEADER] = {0x45, 0, 0,  0, 0, 0, 0,  0, 64, 6,
                                          0,    0, 10, 0, 0, 2, 10, 0, 0,  1};
    static const uint8_t tcp[TCP_HEADER] = {0, 1, 0, 2, 0,    0,    0,   1,
                                            0, 0, 0, 1, 0x50, 0x10, 255, 255};
    struct packet *p = patterned(tcp, 0, size, o->pieces);
    struct ip_addr src = ip_from_v4(net32(0x0a000002)), dst = ip_from_v4(net32(0x0a000001));

    if (!p)
        return;
    p->transport = p->csum_start = packet_push(p, TCP_HEADER);
    memcpy(p->transport, tcp, TCP_HEADER);
    p->csum_offset = 16;
    uint16_t sum = checksum_pseudo(&src, &dst, 6, TCP_HEADER + size);
    memcpy(p->transport + 16, &sum, 2);
    p->network = packet_push(p, IP_HEADER);
    memcpy(p->network, ip, IP_HEADER);
    uint16_t total = net16(IP_HEADER + TCP_HEADER + size);
    memcpy(p->network + 2, &total, 2);
    sum = (uint16_t)~checksum(p->network, IP_HEADER, 0);
    memcpy(p->network + 10, &sum, 2);
    p->flags = PACKET_SUM_WANTED;
    p->gso = size > mss ? GSO_TCP4 : GSO_NONE;
    p->gso_size = (uint16_t)mss;
    header(p, o, 0x0800);
    netdev_send(card, p);
}

static void tell(const struct order *o, const struct packet *in)
{
    const struct netdev_stats *s = &card->stats;
    struct packet *p = packet_new(PACKET_HEADROOM, 512);

    if (!p)
        return;
    size_t n = format_text(
        (char *)p->data, 512,
        "rx %llu dropped %llu errors %llu tx %llu sends_dropped %llu memory %lu flags %u gso "
        "%u size %u features %x mtu %u running %u",
        (unsigned long long)s->rx_packets, (unsigned long long)s->rx_dropped,
        (unsigned long long)s->rx_errors, (unsigned long long)s->tx_packets,
        (unsigned long long)s->tx_dropped, (unsigned long)packet_memory, in->flags, in->gso,
        in->gso_size, card->features, card->mtu, card->flags & IFF_RUNNING);
    packet_append(p, n);
    header(p, o, TYPE);
    netdev_send(card, p);
}

void ethernet_receive(struct packet *p);
void ethernet_receive(struct packet *p)
{
    struct order o;
    uint32_t count, size;

    if (!packet_copy(p, 0, &o, sizeof(o)) || o.type[0] != TYPE >> 8 || o.type[1] != (TYPE & 0xff)) {
        packet_free(p);
        return;
    }
    card = p->dev;
    memcpy(&count, o.count, 4);
    memcpy(&size, o.size, 4);
    if (o.what == 'e') {
        echo(p, &o);
        return;
    }
    if (o.what == 'b')
        blast(&o, count, MIN(size, (uint32_t)PATTERN));
    else if (o.what == 'g')
        segmented(&o, count, MIN(size, (uint32_t)PATTERN));
    else if (o.what == 't')
        tell(&o, p);
    else if (o.what == 'p' && card->promiscuous)
        card->promiscuous(card, count);
    else if (o.what == 'q') {
        blast(&o, count, MIN(size, (uint32_t)PATTERN)); /* its last words are heard */
        done = true;
    }
    packet_free(p);
}

/* Nobody listens. */
void netlink_changed(void) {}

void core_syscall(struct regs *regs)
{
    (void)regs;
}
void core_fault(struct regs *regs, const struct fault *f)
{
    (void)regs, (void)f;
    panic("a fault");
}
bool core_fault_kernel(vaddr_t addr, unsigned access)
{
    (void)addr, (void)access;
    return false;
}
void core_interrupt(struct regs *regs)
{
    (void)regs;
}
void core_stream_event(enum stream s)
{
    (void)s;
}
void core_signal_event(int signo)
{
    (void)signo;
}
void core_resize_event(void) {}

NORETURN void core_main(void)
{
    current = &first;
    pattern = pages_alloc(PATTERN / PAGE_SIZE, PAGES_ANY);
    for (unsigned i = 0; i < PATTERN; i++)
        pattern[i] = (uint8_t)(i % 251);
    plat_net_start();
    while (!done) {
        plat_idle(timer_next());
        timers_run();
    }
    plat_exit(0);
}
