/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Neighbours: the states of RFC 4861, 7.3, for ARP too, as Linux has it (RFC 1122 2.3.2 asks for stale entries to be
 * found out). An entry has its Ethernet header ready, so that sending is two stores. Their number is bounded: the
 * oldest unused one goes when a new one comes, which makes cached routes look again.
 */
#include "ethernet.h"
#include "../ip/ip.h"

#include <u2k/errno.h>
#include <u2k/netinfo.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/string.h>

enum {
    BUCKETS = 64,
    NEIGHBOURS_MAX = 1024,
    WAITING_MAX = 16, /* packets for one that is asked for; the oldest is dropped */
    TRIES_MAX = 3,    /* MAX_MULTICAST_SOLICIT, MAX_UNICAST_SOLICIT */
};
#define RETRANS (NSEC_PER_SEC)
#define REACHABLE (30 * NSEC_PER_SEC)
#define DELAY_FIRST_PROBE (5 * NSEC_PER_SEC)

struct list neighbours = LIST_INIT(neighbours);
static struct neighbour *table[BUCKETS];
static unsigned count;

IF_LINKED(part_ipv6, nd_solicit, unlinked_nothing);

static unsigned hash(const struct netdev *dev, const struct ip_addr *a)
{
    uint32_t h = (a->words[1] ^ a->words[2] ^ a->words[3]) + dev->index;

    return (h * 0x9e3779b1u) >> 26;
}

struct neighbour *neighbour_find(const struct netdev *dev, const struct ip_addr *a)
{
    struct neighbour *n = table[hash(dev, a)];

    while (n && (n->dev != dev || !ip_same(&n->addr, a)))
        n = n->next;
    return n;
}

static void make_header(struct neighbour *n, const uint8_t mac[ETH_ALEN])
{
    uint8_t *h = (uint8_t *)n->header + 2;

    memcpy(h, mac, ETH_ALEN);
    memcpy(h + ETH_ALEN, n->dev->mac, ETH_ALEN);
    put_be16(h + 12, ip_is_v4(&n->addr) ? ETH_P_IP : ETH_P_IPV6);
}

/* RFC 1112, 6.4; RFC 2464, 7; and what needs no address. False: it has to be asked for. */
static bool make_fixed(struct neighbour *n)
{
    const uint8_t *a = n->addr.bytes;
    uint8_t mac[ETH_ALEN] = {0};

    if (n->dev->features & NETDEV_NO_ARP) {
        /* all zeros */
    } else if (ip_is_multicast(&n->addr) && ip_is_v4(&n->addr)) {
        memcpy(mac, (uint8_t[]){0x01, 0x00, 0x5e, a[13] & 0x7f, a[14], a[15]}, ETH_ALEN);
    } else if (ip_is_multicast(&n->addr)) {
        memcpy(mac, (uint8_t[]){0x33, 0x33, a[12], a[13], a[14], a[15]}, ETH_ALEN);
    } else if (ip_is_broadcast(&n->addr)) {
        memset(mac, 0xff, ETH_ALEN);
    } else {
        return false;
    }
    make_header(n, mac);
    n->state = NEIGHBOUR_FIXED;
    return true;
}

static struct packet *first_waiting(struct neighbour *n)
{
    struct packet *p = LIST_ENTRY(n->waiting.next, struct packet, link);

    list_remove(&p->link);
    n->waiting_count--;
    return p;
}

/* Nobody waits for an answer any more; transports are told that the host cannot be reached. */
static void drop_waiting(struct neighbour *n, bool tell)
{
    while (!list_empty(&n->waiting)) {
        struct packet *p = first_waiting(n);
        n->dev->stats.tx_dropped++;
        if (tell)
            ip_not_reached(p);
        packet_free(p);
    }
}

static void forget(struct neighbour *n)
{
    struct neighbour **at = &table[hash(n->dev, &n->addr)];

    while (*at != n)
        at = &(*at)->next;
    *at = n->next;
    list_remove(&n->link);
    timer_cancel(&n->timer);
    drop_waiting(n, false);
    DELETE(n);
    count--;
    net_generation++; /* routes that are cached point at it */
}

/* The oldest that is not in use; among the first few, so that a flood of made-up neighbours costs little. */
static struct neighbour *least_useful(void)
{
    struct neighbour *n = NULL;

    for (unsigned i = 0; i < 16; i++) {
        n = LIST_ENTRY(neighbours.next, struct neighbour, link);
        if (n->state <= NEIGHBOUR_STALE)
            break;
        list_remove(&n->link);
        list_push_back(&neighbours, &n->link);
    }
    return n;
}

struct neighbour *neighbour_get(struct netdev *dev, const struct ip_addr *a)
{
    struct neighbour *n = neighbour_find(dev, a);

    if (LIKELY(n != NULL))
        return n;
    if (count >= NEIGHBOURS_MAX)
        forget(least_useful());
    n = NEW(struct neighbour);
    if (!n)
        return NULL;
    n->dev = dev;
    n->addr = *a;
    list_init(&n->waiting);
    make_fixed(n);
    unsigned h = hash(dev, a);
    n->next = table[h];
    table[h] = n;
    list_push_back(&neighbours, &n->link);
    count++;
    return n;
}

static void ask(struct neighbour *n, bool unicast)
{
    n->tries++;
    if (ip_is_v4(&n->addr))
        arp_solicit(n, unicast);
    else
        nd_solicit(n, unicast);
}

static void due(struct timer *t)
{
    struct neighbour *n = CONTAINER_OF(t, struct neighbour, timer);
    bool confirmed = n->confirmed;
    uint64_t again = RETRANS;

    n->confirmed = false;
    if (n->state == NEIGHBOUR_REACHABLE || (n->state == NEIGHBOUR_DELAY && confirmed)) {
        n->state = confirmed ? NEIGHBOUR_REACHABLE : NEIGHBOUR_STALE;
        again = confirmed ? REACHABLE : 0;
    } else if (n->state == NEIGHBOUR_DELAY) {
        n->state = NEIGHBOUR_PROBE;
        n->tries = 0;
        ask(n, true);
    } else if (n->tries < TRIES_MAX) { /* INCOMPLETE or PROBE */
        ask(n, n->state == NEIGHBOUR_PROBE);
    } else {
        n->state = NEIGHBOUR_FAILED;
        again = 0;
        drop_waiting(n, true);
    }
    if (again)
        timer_set(t, clock_monotonic() + again, due);
}

/* A packet whose sender keeps it waits as a copy: its sender may send it once more, and may change it. */
static struct packet *own_copy(struct packet *p)
{
    if (p->refs == 1)
        return p;
    struct packet *c = packet_clone(p, PACKET_HEADROOM);
    packet_free(p);
    return c;
}

static int wait_in_line(struct neighbour *n, struct packet *p)
{
    p = own_copy(p);
    if (!p)
        return -ENOBUFS;
    if (n->waiting_count == WAITING_MAX) {
        n->dev->stats.tx_dropped++;
        packet_free(first_waiting(n));
    }
    list_push_back(&n->waiting, &p->link);
    n->waiting_count++;
    if (n->state != NEIGHBOUR_INCOMPLETE) {
        n->state = NEIGHBOUR_INCOMPLETE;
        n->tries = 0;
        timer_set(&n->timer, clock_monotonic() + RETRANS, due);
        ask(n, false);
    }
    return 0;
}

static COLD int send_slowly(struct neighbour *n, struct packet *p)
{
    if (n->state != NEIGHBOUR_STALE)
        return wait_in_line(n, p);
    n->state = NEIGHBOUR_DELAY;
    n->confirmed = false;
    timer_set(&n->timer, clock_monotonic() + DELAY_FIRST_PROBE, due);
    return neighbour_send(n, p);
}

int neighbour_send(struct neighbour *n, struct packet *p)
{
    typedef uint64_t __attribute__((may_alias, aligned(1))) word_t;

    if (UNLIKELY(n->state <= NEIGHBOUR_STALE))
        return send_slowly(n, p);
    if (UNLIKELY(packet_headroom(p) < ETH_HLEN + 2))
        packet_no_room(ETH_HLEN + 2);
    word_t *h = (word_t *)(void *)(packet_retreat(p, ETH_HLEN) - 2);
    h[0] = n->header[0];
    h[1] = n->header[1];
    return netdev_send(n->dev, p);
}

void neighbour_learned(struct neighbour *n, const uint8_t mac[ETH_ALEN], bool solicited)
{
    if (n->state == NEIGHBOUR_FIXED || (mac[0] & 1))
        return;
    if (!solicited && n->state >= NEIGHBOUR_STALE && mac_same(neighbour_mac(n), mac))
        return;
    make_header(n, mac);
    n->state = solicited ? NEIGHBOUR_REACHABLE : NEIGHBOUR_STALE;
    n->confirmed = false;
    timer_set(&n->timer, solicited ? clock_monotonic() + REACHABLE : TIME_NEVER, due);
    netdev_hold();
    while (!list_empty(&n->waiting))
        neighbour_send(n, first_waiting(n));
    netdev_release();
}

static const uint8_t nud_states[] = {
    [NEIGHBOUR_NEW] = 0,
    [NEIGHBOUR_INCOMPLETE] = NUD_INCOMPLETE,
    [NEIGHBOUR_FAILED] = NUD_FAILED,
    [NEIGHBOUR_STALE] = NUD_STALE,
    [NEIGHBOUR_DELAY] = NUD_DELAY,
    [NEIGHBOUR_PROBE] = NUD_PROBE,
    [NEIGHBOUR_REACHABLE] = NUD_REACHABLE,
    [NEIGHBOUR_FIXED] = NUD_NOARP,
};

void neighbours_each(void (*fn)(const struct neighbour_info *n, void *arg), void *arg)
{
    LIST_FOR_EACH(it, &neighbours)
    {
        const struct neighbour *n = LIST_ENTRY(it, struct neighbour, link);
        struct neighbour_info info = {
            .dev = n->dev, .addr = n->addr, .state = nud_states[n->state], .router = n->router};
        memcpy(info.mac, neighbour_mac(n), ETH_ALEN);
        fn(&info, arg);
    }
}

void ip_confirm(struct ip_route *r)
{
    if (ip_route_valid(r) && r->neighbour)
        r->neighbour->confirmed = true;
}
