/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network devices: what drivers (virtio_net, a process' tap) offer, and what the stack makes of it. Implemented by
 * libos/net/netdev. All runs on the one CPU: drivers call netdev_receive() from their interrupt function, or from
 * poll(), never from within other library OS code but plat_idle(), net_poll() and send() of the loopback device's
 * queue; see sched.h.
 */
#ifndef U2K_NETDEV_H
#define U2K_NETDEV_H

#include <u2k/list.h>
#include <u2k/packet.h>
#include <u2k/types.h>

enum {
    NETDEV_SUM = 1,     /* sends PACKET_SUM_WANTED */
    NETDEV_TSO4 = 2,    /* sends GSO_TCP4 packets of up to gso_max bytes */
    NETDEV_TSO6 = 4,
    NETDEV_NO_ARP = 8,  /* no link-layer addresses: loopback, tun */
    NETDEV_IDLE_POLLS = 16, /* plat_idle() looks by itself, and poll() costs a host call */
};

enum {
    IFF_UP = 1,
    IFF_BROADCAST = 2,
    IFF_LOOPBACK = 8,
    IFF_RUNNING = 0x40,
    IFF_NOARP = 0x80,
    IFF_PROMISC = 0x100,
    IFF_MULTICAST = 0x1000
}; /* netdevice(7) */

struct netdev_stats { /* as in /proc/net/dev */
    uint64_t rx_packets, rx_bytes, rx_dropped, rx_errors, tx_packets, tx_bytes, tx_dropped,
        tx_errors;
};

/* One address of a device. */
struct netdev_addr {
    struct list link;
    struct ip_addr addr, broadcast;
    uint8_t prefix;         /* bits: 0..32 of IPv4, 0..128 of IPv6 */
    uint8_t state;          /* enum netdev_addr_state */
    uint64_t valid_until, preferred_until; /* monotonic ns, TIME_NEVER: static */
};
enum netdev_addr_state { ADDR_TENTATIVE, ADDR_PREFERRED, ADDR_DEPRECATED };

struct netdev {
    struct list link;
    char name[16];
    unsigned index;         /* as if_nametoindex(3): from 1 (lo) */
    uint8_t mac[6];
    uint16_t type;          /* ARPHRD_ETHER 1, ARPHRD_LOOPBACK 772 */
    uint32_t mtu;           /* of IP */
    uint32_t mtu_max;       /* that the network may tell us to use (DHCP); 0: mtu */
    uint32_t gso_max;       /* bytes of the largest GSO packet, IP header included */
    uint32_t features;      /* NETDEV_* */
    uint32_t flags;         /* IFF_* */
    struct list addresses;  /* struct netdev_addr */
    struct netdev_stats stats;
    void *priv;             /* the driver's */
    bool kept_back;         /* netdev's own: sent with `more`, not flushed yet */

    /* Send a frame from its Ethernet header on. Takes the packet in any case. `more`: others follow at once, and
     * flush() comes after the last. -ENOBUFS: no room in the ring (dropped, counted). Never waits. */
    int (*send)(struct netdev *dev, struct packet *p, bool more);
    void (*flush)(struct netdev *dev);
    /* Take in what has come without an interrupt: true if there was something. NULL: interrupts tell. */
    bool (*poll)(struct netdev *dev);
    /* Frames that are not for us are wanted too, or no more. NULL: the device passes all on anyway. */
    void (*promiscuous)(struct netdev *dev, bool on);
};

/* A driver has a device: its name (eth0, eth1 ...) and index are set here, in the order of these calls, and it is
 * up. Not later than plat_net_start(). */
void netdev_offer(struct netdev *dev);

/* A frame has come, from its Ethernet header on, padding included. Takes the packet. */
void netdev_receive(struct netdev *dev, struct packet *p);
/* The last of a batch has been given: protocols send what they kept back (acknowledgements), wake-ups are done. */
void netdev_received(struct netdev *dev);

/* For protocols: send with software checksums where the device has none; counts; copies for packet sockets. The link
 * header is there. 0 or -errno; takes the packet. */
int netdev_send(struct netdev *dev, struct packet *p);

/* Whoever sends several packets at once: between the two the device is not kicked. They nest; a batch that is
 * received is held until netdev_received(). */
void netdev_hold(void);
void netdev_release(void);

/* Kept back by a protocol until netdev_received() of the batch, or until now if there is none: run(d) once. A
 * zeroed structure is a valid one. */
struct netdev_deferred {
    struct list link;
    void (*run)(struct netdev_deferred *d);
};
void netdev_defer(struct netdev_deferred *d);
void netdev_forget(struct netdev_deferred *d); /* it goes away */

/* Packet sockets: see() is shown every frame, received or sent (PACKET_OURS), data at the Ethernet header. The
 * packet stays the caller's: what is kept is a packet_clone(). */
struct netdev_tap {
    struct list link;
    void (*see)(struct netdev_tap *t, const struct packet *p);
};
void netdev_tap_add(struct netdev_tap *t);
void netdev_tap_remove(struct netdev_tap *t);

/* Ask devices. Whoever found nothing ready calls it before it says so or sleeps (poll, epoll, a read that would
 * block), and looks again if something came (true). `sleeps`: the caller sleeps if nothing came, so devices with
 * NETDEV_IDLE_POLLS are left to plat_idle(): one host call for a request less. Cheap when there is nothing to ask. */
bool net_poll(bool sleeps);

/* What was sent over the loopback device waits in its queue, since the sender is in the midst of its protocol. It
 * is taken in by net_poll(), and by a timer that is due at once; so generic socket code calls net_settle() after
 * an operation that may have sent. */
extern bool netdev_unsettled;
bool loopback_poll(void);
static inline void net_settle(void)
{
    if (UNLIKELY(netdev_unsettled))
        (void)loopback_poll();
}
void loopback_start(void); /* the device lo, number 1; once is enough */

extern struct list netdevs;
struct netdev *netdev_by_index(unsigned index);
struct netdev *netdev_by_name(const char *name);
#define NETDEV_FOR_EACH(dev) \
    for (struct netdev *dev = LIST_ENTRY(netdevs.next, struct netdev, link); \
         &dev->link != &netdevs; dev = LIST_ENTRY(dev->link.next, struct netdev, link))

/* Something about devices, addresses or routes changed: cached routes look again, netlink listeners are told. */
extern uint32_t net_generation;
void net_changed(void);
void netlink_changed(void); /* libos/net/netlink: listeners are told */

/* Devices are offered (plat_net_start()), loopback is up, interfaces are configured (boot_config, `ip=`, DHCP, SLAAC). Called once, before
 * the program starts, in kernels that have sockets. Waits for a lease some seconds at the most. */
void net_start(void);

#endif
