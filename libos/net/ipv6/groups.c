/* SPDX-License-Identifier: Apache-2.0 */
/* Multicast listener discovery, version 2 (RFC 3810), as far as hosts need that listen to all sources. */
#include "ipv6.h"
#include "../icmpv6/icmpv6.h"
#include "../ip/ip.h"

#include <u2k/string.h>

enum { HOP_BY_HOP = 8, REPORT = 8, RECORD = 20, RECORDS_MAX = 32 };
enum { IS_EXCLUDE = 2, TO_INCLUDE = 3, TO_EXCLUDE = 4 };

/* Those of the host and of all nodes are not spoken of (6). */
static bool spoken_of(const struct ip_addr *group)
{
    const struct ip_addr everyone = ipv6_link_group(GROUP_ALL_NODES);

    return !ip_is_v4(group) && (group->bytes[1] & 15) >= 2 && !ip_same(group, &everyone);
}

static void put_record(struct packet *p, const struct ip_addr *group, unsigned type)
{
    uint8_t *r = packet_append(p, RECORD);

    memset(r, 0, 4);
    r[0] = (uint8_t)type;
    memcpy(r + 4, group, 16);
}

/* A report is of ICMPv6, behind a router alert (RFC 2711). */
static struct packet *begin(void)
{
    struct packet *p = packet_new(PACKET_HEADROOM, HOP_BY_HOP + REPORT + RECORDS_MAX * RECORD);

    if (p) {
        memcpy(packet_append(p, HOP_BY_HOP), (uint8_t[]){IPPROTO_ICMPV6, 0, 5, 2, 0, 0, 1, 0},
               HOP_BY_HOP);
        memset(packet_append(p, REPORT), 0, REPORT);
        p->data[HOP_BY_HOP] = ICMPV6_MLD2_REPORT;
    }
    return p;
}

static void send(struct netdev *dev, struct packet *p)
{
    uint8_t *m = p->data + HOP_BY_HOP;
    uint32_t len = p->total - HOP_BY_HOP;

    p->dst = ipv6_link_group(GROUP_MLD);
    if (!ip_source_choose(&p->dst, dev, &p->src) || !ip_is_link_local(&p->src))
        p->src = (struct ip_addr){0}; /* RFC 3590: while there is none yet */
    put_be16(m + 6, (uint16_t)((len - REPORT) / RECORD));
    put_raw16(m + 2,
              (uint16_t)~checksum(m, len, checksum_pseudo(&p->src, &p->dst, IPPROTO_ICMPV6, len)));
    p->protocol = IPV6_HOP_BY_HOP;
    p->ttl = 1;
    ipv6_send_on_link(dev, p);
}

void mld_report(struct netdev *dev, const struct ip_addr *group, bool joined)
{
    struct packet *p;

    if (dev->flags & IFF_LOOPBACK || !spoken_of(group) || !(p = begin()))
        return;
    put_record(p, group, joined ? TO_EXCLUDE : TO_INCLUDE);
    send(dev, p);
}

static void add_group(const struct ip_addr *group, void *arg)
{
    struct packet *p = arg;

    if (spoken_of(group) && packet_tailroom(p) >= RECORD)
        put_record(p, group, IS_EXCLUDE);
}

void mld_query(struct netdev *dev)
{
    struct packet *p = begin();

    if (!p)
        return;
    ip_groups_of(dev, add_group, p);
    send(dev, p);
}
