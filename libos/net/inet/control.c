/* SPDX-License-Identifier: Apache-2.0 */
/* Ancillary data of levels IPPROTO_IP and IPPROTO_IPV6: ip(7), RFC 3542. */
#include <u2k/errno.h>
#include <u2k/inet.h>
#include <u2k/netdev.h>
#include <u2k/optional.h>
#include <u2k/sched.h>
#include <u2k/string.h>

enum { LOOPBACK_DEVICE = 1, LOOPBACK_TTL = 64 };
enum {
    IP_TOS = 1,
    IP_TTL = 2,
    IP_PKTINFO = 8,
    IPV6_PKTINFO = 50,
    IPV6_HOPLIMIT = 52,
    IPV6_TCLASS = 67
};

struct in_pktinfo {
    int32_t device;
    uint32_t source, destination;
};
enum { IN6_PKTINFO = 20 /* an address and the device's index */ };

static void put_v4(unsigned asks, struct message *m, const struct packet *p)
{
    struct in_pktinfo info = {(int32_t)p->dev->index, ip_v4(&p->dst), ip_v4(&p->dst)};
    int32_t ttl = p->ttl;
    if (asks & ASKS_PKTINFO)
        control_put(m, SOL_IP, IP_PKTINFO, &info, sizeof info);
    if (asks & ASKS_TTL)
        control_put(m, SOL_IP, IP_TTL, &ttl, sizeof ttl);
    if (asks & ASKS_TOS)
        control_put(m, SOL_IP, IP_TOS, &p->tos, 1);
}

/* What is of the header only if there is one of IPv6. */
static void put_v6(unsigned asks, struct message *m, const struct packet *p)
{
    uint8_t info[IN6_PKTINFO];
    int32_t ttl = p->ttl, tos = p->tos;
    if (asks & ASKS_PKTINFO) {
        uint32_t device = p->dev->index;
        memcpy(info, p->dst.bytes, sizeof p->dst);
        memcpy(info + sizeof p->dst, &device, sizeof device);
        control_put(m, SOL_IPV6, IPV6_PKTINFO, info, sizeof info);
    }
    if (ip_is_v4(&p->dst))
        return;
    if (asks & ASKS_TTL)
        control_put(m, SOL_IPV6, IPV6_HOPLIMIT, &ttl, sizeof ttl);
    if (asks & ASKS_TOS)
        control_put(m, SOL_IPV6, IPV6_TCLASS, &tos, sizeof tos);
}

void inet_control_receive(const struct inet_socket *s, struct message *m, const struct packet *p)
{
    if (s->s.family == AF_INET6)
        put_v6(s->asks >> ASKS_V6_SHIFT, m, p);
    if (ip_is_v4(&p->dst))
        put_v4(s->asks, m, p);
}

void inet_control_published(struct socket *s, struct message *m, struct ip_addr from)
{
    const struct inet_socket *i = inet_of(s);
    struct packet p = {.ttl = LOOPBACK_TTL, .dst.words[3] = net32(1)};
    if (ip_is_v4(&from))
        p.dst = ip_from_v4(net32(0x7f000001));
    if (s->timestamp)
        socket_put_time(s, m, clock_realtime());
    p.dev = netdev_by_index(LOOPBACK_DEVICE);
    if (i->asks)
        inet_control_receive(i, m, &p);
}

static int number(const struct control_item *item, int *out)
{
    int32_t v;
    if (item->len == 1) {
        *out = item->data[0];
        return 0;
    }
    if (item->len < sizeof v)
        return -EINVAL;
    memcpy(&v, item->data, sizeof v);
    if (v < -1 || v > 255)
        return -EINVAL;
    *out = v;
    return 0;
}

static int take_v4(const struct control_item *item, struct inet_choice *out)
{
    struct in_pktinfo info;
    switch (item->type) {
    case IP_TTL: return number(item, &out->ttl);
    case IP_TOS: return number(item, &out->tos);
    case IP_PKTINFO:
        if (item->len < sizeof info)
            return -EINVAL;
        memcpy(&info, item->data, sizeof info);
        if (info.device)
            out->device = (unsigned)info.device;
        out->source = ip_from_v4(info.source);
        return 0;
    default: return -EINVAL;
    }
}

static int take_v6(const struct control_item *item, struct inet_choice *out)
{
    unsigned device;
    switch (item->type) {
    case IPV6_HOPLIMIT: return number(item, &out->ttl);
    case IPV6_TCLASS: return number(item, &out->tos);
    case IPV6_PKTINFO:
        if (item->len < IN6_PKTINFO)
            return -EINVAL;
        memcpy(out->source.bytes, item->data, sizeof out->source);
        memcpy(&device, item->data + sizeof out->source, sizeof device);
        if (device && out->device && device != out->device)
            return -EINVAL;
        if (device)
            out->device = device;
        return 0;
    default: return -EINVAL;
    }
}

int inet_control_send(const struct inet_socket *s, const struct message *m, struct inet_choice *out)
{
    struct control_item item;
    size_t offset = 0;
    int more, err;
    while ((more = control_next(m->control, &offset, &item)) > 0) {
        if (item.level == SOL_IP)
            err = take_v4(&item, out);
        else if (item.level == SOL_IPV6 && s->s.family == AF_INET6)
            err = take_v6(&item, out);
        else
            err =
                item.level == SOL_SOCKET && item.type != SCM_RIGHTS && item.type != SCM_CREDENTIALS
                    ? -EINVAL
                    : 0;
        if (err < 0)
            return err;
    }
    return more;
}

IF_LINKED(sys_recvmsg, inet_control_receive, unlinked_nothing);
IF_LINKED(sys_recvmmsg, inet_control_receive, unlinked_nothing);
IF_LINKED(sys_sendmsg, inet_control_send, unlinked_nothing);
IF_LINKED(sys_sendmmsg, inet_control_send, unlinked_nothing);
