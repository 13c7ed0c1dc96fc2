/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tap: one frame a call, behind struct virtio_net_hdr (virtio 1.2, 5.1.6), by which segmentation and checksums
 * are left to the host, or never done at all where both ends are on it.
 */
#include "network.h"
#include "../x86_64/hostcall.h"
#include <u2k/errno.h>
#include <u2k/string.h>

enum { /* linux/if_tun.h */
       TUNSETIFF = 0x400454ca,
       TUNSETOFFLOAD = 0x400454d0,
       TUNSETVNETHDRSZ = 0x400454d8,
       IFF_TAP = 2,
       IFF_NO_PI = 0x1000,
       IFF_VNET_HDR = 0x4000,
       TUN_F_CSUM = 1,
       TUN_F_TSO4 = 2,
       TUN_F_TSO6 = 4,
};
#define TUNGETIFF 0x800454d2u
enum { SIOCGIFMTU = 0x8921, HOST_AF_INET = 2, HOST_SOCK_DGRAM = 2 };
enum { HOST_O_RDWR = 2, HOST_O_NONBLOCK = 04000, HOST_O_CLOEXEC = 02000000 };
enum { F_GETFL = 3, F_SETFL = 4 };

/* Frame bytes of the buffers behind the first: a 64 KiB packet fits in all of them together. */
enum { LARGE_0 = 16 * 1024 - 256, LARGE_1 = 52 * 1024 - 256, IP_ALIGN = 2, ETHERNET = 14 };

struct tap_header { /* struct virtio_net_hdr */
    uint8_t flags, gso_type;
    uint16_t hdr_len, gso_size, csum_start, csum_offset;
};
enum { NEEDS_CSUM = 1, DATA_VALID = 2, GSO_V4 = 1, GSO_V6 = 4 };

struct ifreq {
    char name[16];
    union {
        uint16_t flags;
        int32_t mtu;
        char room[24];
    };
};

static int tap_receive(struct wire *w);
static int tap_send(struct wire *w, const struct packet *p);
static const struct wire_ops tap_ops = {tap_receive, tap_send};

/* The host's end and ours have one MTU; one that is in another network namespace cannot be asked. */
static uint32_t host_mtu(const struct ifreq *named)
{
    struct ifreq r = *named;
    uint32_t mtu = 1500;
    long fd = host_call(socket, HOST_AF_INET, HOST_SOCK_DGRAM | HOST_O_CLOEXEC, 0);
    if (fd < 0)
        return mtu;
    if (host_call(ioctl, fd, SIOCGIFMTU, &r) == 0 && r.mtu >= 68 && r.mtu <= 65535)
        mtu = (uint32_t)r.mtu;
    (void)host_call(close, fd);
    return mtu;
}

static void open_by_name(struct wire *w, struct ifreq *r)
{
    long fd = host_call(open, "/dev/net/tun", HOST_O_RDWR | HOST_O_NONBLOCK | HOST_O_CLOEXEC);
    if (fd < 0)
        start_failed("/dev/net/tun", "cannot be opened: is the module tun loaded, and may you?",
                     fd);
    memcpy(r->name, w->name, strlen(w->name));
    r->flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    long error = host_call(ioctl, fd, TUNSETIFF, r);
    if (error == -EBUSY)
        start_failed(w->name, "this tap device is used by somebody else already", error);
    if (error < 0)
        start_failed(
            w->name,
            "cannot be used as a tap device: it is one of yours (ip tuntap add mode tap user "
            "YOU), or you are root",
            error);
    w->fd = (int)fd;
}

void tap_open(struct wire *w)
{
    struct ifreq r = {.name = {0}};
    if (w->name)
        open_by_name(w, &r);
    long error = host_call(ioctl, w->fd, TUNGETIFF, &r);
    if (error < 0 || !(r.flags & IFF_TAP) || !(r.flags & IFF_NO_PI))
        start_failed("--net=tapfd", "not a tap (IFF_TAP | IFF_NO_PI)", error);
    long flags = host_call(fcntl, w->fd, F_GETFL);
    (void)host_call(fcntl, w->fd, F_SETFL, flags | HOST_O_NONBLOCK);
    w->dev.mtu = host_mtu(&r);
    w->ops = &tap_ops;
    if (!(r.flags & IFF_VNET_HDR))
        return;
    int32_t size = sizeof(struct tap_header);
    if (host_call(ioctl, w->fd, TUNSETVNETHDRSZ, &size) < 0)
        start_failed("--net", "the host's tap has no header of ten bytes", 0);
    w->header = sizeof(struct tap_header);
    (void)host_call(ioctl, w->fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6);
    w->dev.features |= NETDEV_SUM | NETDEV_TSO4 | NETDEV_TSO6;
    w->dev.gso_max = 65535;
}

/* What the header says of a frame. Numbers that do not fit the frame are not believed: then it is as if
 * there were no header, and the checksum decides. */
static void read_header(const struct tap_header *h, struct packet *p)
{
    if (h->flags & (NEEDS_CSUM | DATA_VALID))
        p->flags |= PACKET_CHECKED;
    if (!h->gso_size || h->gso_size >= p->total)
        return;
    p->gso = h->gso_type == GSO_V4 ? GSO_TCP4 : h->gso_type == GSO_V6 ? GSO_TCP6 : GSO_NONE;
    p->gso_size = p->gso ? h->gso_size : 0;
}

/* The buffers that a frame of `n` bytes fills become one packet. */
static struct packet *take_filled(struct wire *w, size_t n)
{
    struct packet **buffers[] = {&w->small, &w->large[0], &w->large[1]};
    struct packet *first = w->small, *last = NULL;
    size_t left = n;
    for (unsigned i = 0; i < ARRAY_SIZE(buffers) && left; i++) {
        struct packet *p = *buffers[i];
        size_t part = MIN(left, packet_tailroom(p));
        *buffers[i] = NULL;
        p->len = (uint32_t)part;
        left -= part;
        if (last)
            last->next = p;
        last = p;
    }
    first->total = (uint32_t)n;
    return first;
}

static bool have_buffers(struct wire *w)
{
    if (!w->small)
        w->small = packet_new(IP_ALIGN, PACKET_ROOM - IP_ALIGN);
    if (!w->large[0])
        w->large[0] = packet_new(0, LARGE_0);
    if (!w->large[1])
        w->large[1] = packet_new(0, LARGE_1);
    return w->small && w->large[0] && w->large[1];
}

static int tap_receive(struct wire *w)
{
    struct tap_header h = {.flags = 0};
    bool room = have_buffers(w);
    struct host_iovec v[4];
    unsigned count = 0;
    if (w->header)
        v[count++] = (struct host_iovec){&h, sizeof(h)};
    struct packet *const buffers[] = {w->small, w->large[0], w->large[1]};
    for (unsigned i = 0; room && i < ARRAY_SIZE(buffers); i++)
        v[count++] = (struct host_iovec){buffers[i]->data, packet_tailroom(buffers[i])};
    uint8_t dropped;
    if (!room) /* no memory: the frame is lost, as on a wire, and the host keeps none for us */
        v[count++] = (struct host_iovec){&dropped, sizeof(dropped)};
    long n = host_call(readv, w->fd, v, count);
    if (n < 0)
        return (int)n;
    n -= w->header;
    if (!room || n < ETHERNET) {
        w->dev.stats.rx_dropped++;
        return 1;
    }
    struct packet *p = take_filled(w, (size_t)n);
    if (w->header)
        read_header(&h, p);
    p->dev = &w->dev;
    netdev_receive(&w->dev, p);
    return 1;
}

static void write_header(struct tap_header *h, const struct packet *p)
{
    if (!(p->flags & PACKET_SUM_WANTED))
        return;
    size_t start = (size_t)(p->csum_start - p->data);
    h->flags = NEEDS_CSUM;
    h->csum_start = (uint16_t)start;
    h->csum_offset = p->csum_offset;
    if (p->gso == GSO_NONE)
        return;
    enum { TCP_DATA_OFFSET = 12 };
    h->gso_type = p->gso == GSO_TCP4 ? GSO_V4 : GSO_V6;
    h->gso_size = p->gso_size;
    h->hdr_len = (uint16_t)(start + (p->csum_start[TCP_DATA_OFFSET] >> 4) * 4u);
}

static int tap_send(struct wire *w, const struct packet *p)
{
    struct tap_header h = {.flags = 0};
    struct host_iovec v[VECTORS_MAX];
    unsigned used = 0;
    if (w->header) {
        write_header(&h, p);
        v[used++] = (struct host_iovec){&h, sizeof(h)};
    }
    unsigned count = packet_vectors(p, v + used, VECTORS_MAX - used);
    if (!count)
        return -EMSGSIZE;
    long n = host_call(writev, w->fd, v, used + count);
    return n == -EAGAIN ? 0 : n < 0 ? (int)n : 1;
}
