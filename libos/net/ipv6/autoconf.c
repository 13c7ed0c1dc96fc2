/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses that configure themselves (RFC 4862): one of the link, by the MAC address (RFC 4291, appendix A), and one
 * of each prefix that routers advertise. Each is asked for once before it is used (5.4); the program's start does not
 * wait for that.
 */
#include "ipv6.h"
#include "../config/config.h"
#include "../icmpv6/icmpv6.h"
#include "../ip/ip.h"

#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/pages.h>
#include <u2k/sched.h>
#include <u2k/string.h>

enum { SOLICITS_MAX = 3, ADDRESSES_MAX = 16 /* of a device, as Linux */ };
#define SOLICIT_WAIT (4 * NSEC_PER_SEC)
#define PROBE_WAIT (NSEC_PER_SEC)
#define TWO_HOURS (7200u)

struct probe { /* an address that is asked for */
    struct timer timer;
    struct netdev *dev;
    struct ip_addr addr;
};

struct asking { /* for routers */
    struct list link;
    struct timer timer;
    struct netdev *dev;
    unsigned tries;
};

static struct list askings = LIST_INIT(askings);
static struct timer expiry;

static struct ip_addr with_interface(const struct netdev *dev, const struct ip_addr *prefix)
{
    const uint8_t *m = dev->mac;
    struct ip_addr a = {.halves = {prefix->halves[0]}};

    memcpy(a.bytes + 8, (uint8_t[]){m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]}, 8);
    return a;
}

static void probe_over(struct timer *t)
{
    struct probe *probe = CONTAINER_OF(t, struct probe, timer);
    struct netdev_addr *own = ip_addr_find(&probe->addr, probe->dev->index);

    if (own && own->state == ADDR_TENTATIVE) {
        own->state = own->preferred_until > clock_monotonic() ? ADDR_PREFERRED : ADDR_DEPRECATED;
        net_changed();
    }
    DELETE(probe);
}

static void add(struct netdev *dev, const struct ip_addr *a, uint64_t valid, uint64_t preferred)
{
    struct probe *probe = NEW(struct probe);
    int error = !probe                ? -ENOMEM
                : ip_is_link_local(a) ? ip_addr_add(dev, a, 64)
                                      : ip_addr_add_alone(dev, a, 64);
    struct netdev_addr *own = ip_addr_find(a, dev->index);

    if (error || !own) {
        DELETE(probe);
        return;
    }
    own->state = ADDR_TENTATIVE;
    own->valid_until = valid;
    own->preferred_until = preferred;
    net_changed();
    probe->dev = dev;
    probe->addr = *a;
    nd_probe(dev, a);
    timer_set(&probe->timer, clock_monotonic() + PROBE_WAIT, probe_over);
}

void autoconf_conflict(struct netdev *dev, const struct ip_addr *a)
{
    const struct netdev_addr *own = ip_addr_find(a, dev->index);
    static uint64_t next;
    uint64_t now = clock_monotonic();
    char text[48];

    if (own->state == ADDR_TENTATIVE || now >= next) {
        next = now + 10 * NSEC_PER_SEC;
        config_write_address(text, sizeof text, a);
        log_warning("%s: %s is used by somebody else", dev->name, text);
    }
    if (own->state == ADDR_TENTATIVE)
        ip_addr_remove(dev, a);
}

static void expire(struct timer *t)
{
    uint64_t now = clock_monotonic(), next = TIME_NEVER;
    (void)t;

    NETDEV_FOR_EACH(dev)
    LIST_FOR_EACH_SAFE(it, &dev->addresses)
    {
        struct netdev_addr *own = LIST_ENTRY(it, struct netdev_addr, link);
        if (ip_is_v4(&own->addr))
            continue;
        if (own->valid_until <= now) {
            const struct ip_addr a = own->addr;
            ip_addr_remove(dev, &a);
            continue;
        }
        if (own->preferred_until <= now && own->state == ADDR_PREFERRED) {
            own->state = ADDR_DEPRECATED;
            net_changed();
        }
        next = MIN(next, own->preferred_until > now ? own->preferred_until : own->valid_until);
    }
    LIST_FOR_EACH_SAFE(it, &ip_routes)
    {
        struct ip_route_entry *e = LIST_ENTRY(it, struct ip_route_entry, link);
        if (e->expires > now) {
            next = MIN(next, e->expires);
            continue;
        }
        list_remove(&e->link);
        DELETE(e);
        net_changed();
    }
    timer_set(&expiry, next, expire);
}

void autoconf_watch(uint64_t expires)
{
    if (!expiry.sequence || expires < expiry.deadline)
        timer_set(&expiry, expires, expire);
}

/* RFC 4862, 5.5.3. */
void autoconf_prefix(struct netdev *dev, const struct ip_addr *prefix, uint32_t valid,
                     uint32_t preferred)
{
    const struct ip_addr a = with_interface(dev, prefix);
    struct netdev_addr *own = ip_addr_find(&a, dev->index);
    uint64_t now = clock_monotonic();
    uint64_t until = valid == UINT32_MAX ? TIME_NEVER : now + valid * NSEC_PER_SEC;
    uint64_t best = preferred == UINT32_MAX ? TIME_NEVER : now + preferred * NSEC_PER_SEC;
    unsigned count = 0;

    LIST_FOR_EACH(it, &dev->addresses)
    count++;
    if (!own) {
        if (valid && count < ADDRESSES_MAX)
            add(dev, &a, until, best);
    } else {
        /* Who is not authenticated cannot shorten it below two hours (5.5.3, e). */
        uint64_t least = now + TWO_HOURS * NSEC_PER_SEC;
        if (valid > TWO_HOURS || until > own->valid_until)
            own->valid_until = until;
        else if (own->valid_until > least)
            own->valid_until = least;
        own->preferred_until = best;
        if (own->state != ADDR_TENTATIVE)
            own->state = best > now ? ADDR_PREFERRED : ADDR_DEPRECATED;
    }
    autoconf_watch(MIN(until, best > now ? best : until));
}

/* ---- routers (RFC 4861, 6.3.7) ---- */

static void solicit(struct timer *t)
{
    struct asking *ask = CONTAINER_OF(t, struct asking, timer);
    struct packet *p = ask->tries++ < SOLICITS_MAX ? packet_new(PACKET_HEADROOM, 16) : NULL;
    const struct ip_addr group = ipv6_link_group(GROUP_ALL_ROUTERS);

    if (!p)
        return;
    bool own = ip_source_choose(&group, ask->dev, &p->src) && ip_is_link_local(&p->src);
    uint8_t *m = packet_append(p, own ? 16 : 8);
    memset(m, 0, p->len);
    m[0] = ICMPV6_ROUTER_SOLICIT;
    if (own) {
        m[8] = m[9] = 1;
        memcpy(m + 10, ask->dev->mac, 6);
    } else {
        p->src = (struct ip_addr){0};
    }
    p->dst = group;
    icmpv6_send_on_link(ask->dev, p);
    timer_set(t, clock_monotonic() + SOLICIT_WAIT, solicit);
}

void autoconf_router_heard(struct netdev *dev)
{
    LIST_FOR_EACH(it, &askings)
    {
        struct asking *ask = LIST_ENTRY(it, struct asking, link);
        if (ask->dev == dev)
            timer_cancel(&ask->timer);
    }
}

void ipv6_start(void)
{
    const struct ip_addr localhost = {.bytes = {[15] = 1}};

    ip_addr_add(netdev_by_index(1), &localhost, 128);
}

void ipv6_start_device(struct netdev *dev)
{
    static const struct ip_addr link = {.bytes = {0xfe, 0x80}};
    const struct ip_addr own = with_interface(dev, &link);
    struct asking *ask;

    if (dev->mtu < IPV6_MTU_LEAST || ip_addr_find(&own, dev->index) || !(ask = NEW(struct asking)))
        return;
    add(dev, &own, TIME_NEVER, TIME_NEVER);
    ask->dev = dev;
    list_push_back(&askings, &ask->link);
    solicit(&ask->timer);
}
