/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the driver share: one network card (VIRTIO 1.2, 5.1). */
#ifndef VIRTIO_NET_NET_H
#define VIRTIO_NET_NET_H

#include <u2k/netdev.h>
#include <u2k/packet.h>
#include <u2k/sched.h>
#include <u2k/virtio.h>

/* Feature bits (5.1.3). */
#define NET_F_CSUM (1ull << 0)
#define NET_F_GUEST_CSUM (1ull << 1)
#define NET_F_MTU (1ull << 3)
#define NET_F_MAC (1ull << 5)
#define NET_F_GUEST_TSO4 (1ull << 7)
#define NET_F_GUEST_TSO6 (1ull << 8)
#define NET_F_HOST_TSO4 (1ull << 11)
#define NET_F_HOST_TSO6 (1ull << 12)
#define NET_F_MRG_RXBUF (1ull << 15)
#define NET_F_STATUS (1ull << 16)
#define NET_F_CTRL_VQ (1ull << 17)
#define NET_F_CTRL_RX (1ull << 18)
#define NET_F_ANY_LAYOUT (1ull << 27) /* legacy: header and frame in one buffer */

/* In front of each frame (5.1.6). `buffers` is there with MRG_RXBUF, and in all modern devices. */
struct net_header {
    uint8_t flags, gso_type;
    uint16_t header_len, gso_size, csum_start, csum_offset, buffers;
};
enum { HEADER_NEEDS_CSUM = 1, HEADER_DATA_VALID = 2 };
enum { HEADER_GSO_TCP4 = 1, HEADER_GSO_TCP6 = 4, HEADER_GSO_ECN = 0x80 };
enum { HEADER_SIZE = 12, HEADER_SIZE_SHORT = 10 };

struct net {
    struct netdev dev;
    struct virtio_device device;
    struct virtqueue rx, tx, control;
    unsigned header_size;
    size_t rx_room; /* of a buffer to receive into, header included */
    struct timer again; /* the next batch of received frames; buffers, if there was no memory */
    struct timer tidy;  /* sent packets are looked after, whoever sends no more */
    bool tidy_set;
    bool roused; /* told of buffers again, and nothing has come since */
    struct list backlog; /* struct waiting */
    unsigned backlog_count;
    uint8_t command[4]; /* of the control queue: class, command, value; answer */
};

/* receive.c */
void net_refill(struct net *n); /* buffers for the device */
void net_interrupt(void *net);
bool net_poll_device(struct netdev *dev);

/* send.c */
int net_send(struct netdev *dev, struct packet *p, bool more);
void net_flush(struct netdev *dev);
bool net_all_sent(void); /* for the end of the unikernel */
void net_reclaim(struct net *n); /* what has been sent is freed, what waited is sent */

/* control.c */
void net_promiscuous(struct netdev *dev, bool on);

#endif
