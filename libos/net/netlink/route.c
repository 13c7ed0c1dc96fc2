/* SPDX-License-Identifier: Apache-2.0 */
/* Routes: the main table, and which one a destination takes. */
#include "netlink.h"

#include <u2k/errno.h>

enum { TABLE_MAIN = 254, TABLE_LOCAL = 255, PROTO_KERNEL = 2, PROTO_BOOT = 3 };
enum {
    SCOPE_UNIVERSE = 0,
    SCOPE_LINK = 253,
    SCOPE_HOST = 254,
    UNICAST = 1,
    LOCAL = 2,
    CLONED = 0x200
};

static void put_entry(struct answer *a, const struct ip_route_entry *e)
{
    struct rtmsg *m = answer_begin(a, RTM_NEWROUTE, sizeof *m);
    bool direct = ip_is_any(&e->gateway);
    struct ip_route r;
    if (!m)
        return;
    *m = (struct rtmsg){.family = family_of(&e->to),
                        .to_prefix = (uint8_t)e->prefix,
                        .table = TABLE_MAIN,
                        .protocol = direct ? PROTO_KERNEL : PROTO_BOOT,
                        .scope = direct && ip_is_v4(&e->to) ? SCOPE_LINK : SCOPE_UNIVERSE,
                        .type = UNICAST};
    answer_u32(a, RTA_TABLE, TABLE_MAIN);
    if (e->prefix)
        answer_address(a, RTA_DST, &e->to);
    if (e->metric)
        answer_u32(a, RTA_PRIORITY, e->metric);
    if (direct && ip_is_v4(&e->to) && ip_route(&e->to, NULL, e->dev->index, &r) == 0)
        answer_address(a, RTA_PREFSRC, &r.source);
    if (!direct)
        answer_address(a, RTA_GATEWAY, &e->gateway);
    answer_u32(a, RTA_OIF, e->dev->index);
    answer_end(a);
}

/* `ip route get`. */
static int put_one(struct answer *a, const struct cursor *body)
{
    const struct rtmsg *asked = cursor_at(body, 0, sizeof *asked);
    struct attribute to = attribute_find(body, sizeof *asked, RTA_DST);
    struct attribute from = attribute_find(body, sizeof *asked, RTA_PREFSRC);
    struct attribute device = attribute_find(body, sizeof *asked, RTA_OIF);
    struct ip_addr dst, src;
    struct ip_route r;
    if (!asked || !attribute_address(&to, asked->family, &dst))
        return -EINVAL;
    bool bound = attribute_address(&from, asked->family, &src);
    int err = ip_route(&dst, bound ? &src : NULL, attribute_u32(&device), &r);
    if (err < 0)
        return err;
    bool ours = ip_is_ours(&dst, 0);
    struct rtmsg *m = answer_begin(a, RTM_NEWROUTE, sizeof *m);
    if (!m)
        return -ENOBUFS;
    *m = (struct rtmsg){.family = asked->family,
                        .to_prefix = asked->family == AF_INET ? 32 : 128,
                        .table = ours ? TABLE_LOCAL : TABLE_MAIN,
                        .type = ours ? LOCAL : UNICAST,
                        .flags = CLONED};
    answer_u32(a, RTA_TABLE, m->table);
    answer_address(a, RTA_DST, &dst);
    if (!ip_same(&r.next_hop, &dst))
        answer_address(a, RTA_GATEWAY, &r.next_hop);
    answer_u32(a, RTA_OIF, r.dev->index);
    answer_address(a, RTA_PREFSRC, &r.source);
    answer_end(a);
    return 0;
}

int route_get(struct answer *a, const struct cursor *body)
{
    const uint8_t *family = cursor_at(body, 0, 1);
    if (!(a->flags & NLM_F_MULTI))
        return put_one(a, body);
    LIST_FOR_EACH(it, &ip_routes)
    {
        const struct ip_route_entry *e = LIST_ENTRY(it, struct ip_route_entry, link);
        if (!family || !*family || *family == family_of(&e->to))
            put_entry(a, e);
    }
    return 0;
}
