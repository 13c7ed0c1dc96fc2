/* SPDX-License-Identifier: Apache-2.0 */
/* Reports, as far as hosts need that listen to all sources of a group, and answers to routers that ask. */
#include "igmp.h"
#include "../ethernet/ethernet.h"
#include "../ip/ip.h"
#include "../ipv4/ipv4.h"

#include <u2k/string.h>

enum { REPORT = 8, RECORD = 8, RECORDS_MAX = 32, ALERT = 4, CONTROL = 0xc0 };
enum { QUERY = 0x11, REPORT_V3 = 0x22 };
enum { IS_EXCLUDE = 2, TO_INCLUDE = 3, TO_EXCLUDE = 4 };

/* That of all hosts is not spoken of (RFC 3376, 6). */
static bool spoken_of(const struct ip_addr *group)
{
    return ip_is_v4(group) && ip_v4(group) != net32(0xe0000001);
}

static struct packet *begin(void)
{
    struct packet *p = packet_new(PACKET_HEADROOM, REPORT + RECORDS_MAX * RECORD);

    if (p) {
        memset(packet_append(p, REPORT), 0, REPORT);
        p->data[0] = REPORT_V3;
    }
    return p;
}

static void put_record(struct packet *p, const struct ip_addr *group, unsigned type)
{
    uint8_t *r = packet_append(p, RECORD);

    memset(r, 0, RECORD);
    r[0] = (uint8_t)type;
    put_raw32(r + 4, ip_v4(group));
}

/* Behind a router alert (RFC 2113), which the header of ipv4_push_header() has no place for. */
static void send(struct netdev *dev, struct packet *p)
{
    const struct ip_addr routers = ip_from_v4(net32(0xe0000016));
    struct ip_addr own;
    struct neighbour *n = neighbour_get(dev, &routers);

    if (!n || !ip_source_choose(&routers, dev, &own)) {
        packet_free(p);
        return;
    }
    put_be16(p->data + 6, (uint16_t)((p->total - REPORT) / RECORD));
    put_raw16(p->data + 2, (uint16_t)~checksum(p->data, p->total, 0));
    uint8_t *h = packet_push(p, IPV4_HEADER + ALERT);
    memset(h, 0, IPV4_HEADER + ALERT);
    h[0] = 0x46;
    h[IPV4_TOS] = CONTROL;
    put_be16(h + IPV4_LENGTH, (uint16_t)p->total);
    put_be16(h + IPV4_FRAGMENT, IPV4_DF);
    h[IPV4_TTL] = 1;
    h[IPV4_PROTOCOL] = IPPROTO_IGMP;
    put_raw32(h + IPV4_SOURCE, ip_v4(&own));
    put_raw32(h + IPV4_DESTINATION, ip_v4(&routers));
    put_be32(h + IPV4_HEADER, 0x94040000);
    put_raw16(h + IPV4_SUM, (uint16_t)~checksum(h, IPV4_HEADER + ALERT, 0));
    p->network = h;
    neighbour_send(n, p);
}

void igmp_report(struct netdev *dev, const struct ip_addr *group, bool joined)
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

    if (spoken_of(group) && p->len + RECORD <= REPORT + RECORDS_MAX * RECORD)
        put_record(p, group, IS_EXCLUDE);
}

/* Queries of all versions are answered in ours (7.2.1 asks for the querier's; switches take both). */
void igmp_receive(struct packet *p)
{
    struct packet *answer = NULL;

    if (packet_contiguous(p, REPORT) && p->data[0] == QUERY && p->ttl == 1 &&
        !(p->flags & PACKET_LOOPED) && packet_checksum(p, 0, 0) == 0xffff)
        answer = begin();
    if (answer) {
        ip_groups_of(p->dev, add_group, answer);
        if (answer->len > REPORT)
            send(p->dev, answer);
        else
            packet_free(answer);
    }
    packet_free(p);
}
