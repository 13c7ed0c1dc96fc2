/* SPDX-License-Identifier: Apache-2.0 */
/* Socket options of level IPPROTO_TCP (tcp(7)), ioctl(2) requests. */
#include <u2k/uaccess.h>

#include "tcp.h"

enum {
    TCP_NODELAY = 1,
    TCP_MAXSEG = 2,
    TCP_CORK = 3,
    TCP_KEEPIDLE = 4,
    TCP_KEEPINTVL = 5,
    TCP_KEEPCNT = 6,
    TCP_SYNCNT = 7,
    TCP_LINGER2 = 8,
    TCP_DEFER_ACCEPT = 9,
    TCP_WINDOW_CLAMP = 10,
    TCP_INFO = 11,
    TCP_QUICKACK = 12,
    TCP_CONGESTION = 13,
    TCP_USER_TIMEOUT = 18,
    TCP_FASTOPEN = 23,
    TCP_NOTSENT_LOWAT = 25,
    TCP_FASTOPEN_CONNECT = 30,
    TCP_FASTOPEN_KEY = 33,
    TCP_FASTOPEN_NO_COOKIE = 34,
};
enum { SIOCINQ = 0x541b, SIOCOUTQ = 0x5411, SIOCATMARK = 0x8905, SIOCOUTQNSD = 0x894b };

static int set_congestion(struct tcp *t, const char *name, unsigned len)
{
    size_t n = strnlen(name, MIN(len, 15u));

    for (unsigned i = 0; i < TCP_CONGESTIONS; i++)
        if (strlen(tcp_congestions[i]->name) == n &&
            memcmp(tcp_congestions[i]->name, name, n) == 0) {
            t->congestion = i & 3;
            return 0;
        }
    return -ENOENT;
}

static bool within(int v, int low, int high)
{
    return v >= low && v <= high;
}

static int set_quickack(struct tcp *t, int v)
{
    t->pingpong = !(v & 1);
    t->quick = v & 1 ? TCP_QUICK_ACKS : 0;
    if (v & 1 && t->due & DUE_ACK)
        tcp_send_ack(t);
    return 0;
}

/* Limits are Linux's (MAX_TCP_KEEPIDLE and so on). */
static int set(struct tcp *t, int name, int v)
{
    switch (name) {
    case TCP_NODELAY:
        t->nodelay = v != 0;
        if (v)
            tcp_output(t);
        return 0;
    case TCP_CORK:
        t->cork = v != 0;
        if (!v) {
            t->more = false;
            tcp_output(t);
        }
        return 0;
    case TCP_MAXSEG:
        if (v && !within(v, 88, 32767))
            return -EINVAL;
        t->user_mss = (uint16_t)v;
        return 0;
    case TCP_KEEPIDLE:
    case TCP_KEEPINTVL:
        if (!within(v, 1, 32767))
            return -EINVAL;
        *(name == TCP_KEEPIDLE ? &t->keep_idle : &t->keep_interval) = (uint16_t)v;
        tcp_keep_start(t);
        return 0;
    case TCP_KEEPCNT:
        if (!within(v, 1, 127))
            return -EINVAL;
        t->keep_count = (uint8_t)v;
        return 0;
    case TCP_SYNCNT:
        if (!within(v, 1, 127))
            return -EINVAL;
        t->syn_count = (uint8_t)v;
        return 0;
    case TCP_LINGER2: t->linger2 = (int8_t)(v < 0 ? -1 : v > 60 ? 0 : v); return 0;
    case TCP_DEFER_ACCEPT:
        t->defer_accept = (uint8_t)MIN(MAX(v, 0), 255);
        if (t->state == TCP_LISTEN)
            t->listener->defer = t->defer_accept;
        return 0;
    case TCP_WINDOW_CLAMP:
        if (v < 0 || (v == 0 && t->state != TCP_CLOSED))
            return -EINVAL;
        t->window_clamp = v ? MAX((uint32_t)v, 1024u) : 0;
        return 0;
    case TCP_QUICKACK: return set_quickack(t, v);
    case TCP_USER_TIMEOUT:
        if (v < 0)
            return -EINVAL;
        t->user_timeout = v ? BEATS((unsigned)v) + 1 : 0;
        return 0;
    case TCP_NOTSENT_LOWAT:
        t->notsent_lowat = v ? (uint32_t)v : UINT32_MAX;
        tcp_wake_writer(t);
        return 0;
    case TCP_FASTOPEN:
    case TCP_FASTOPEN_CONNECT:
    case TCP_FASTOPEN_KEY:
    case TCP_FASTOPEN_NO_COOKIE: return -EOPNOTSUPP;
    default: return -ENOPROTOOPT;
    }
}

int tcp_setsockopt(struct socket *s, int level, int name, const void *value, unsigned len)
{
    struct tcp *t = tcp_of(s);
    int v, err;

    if (level != IPPROTO_TCP)
        return inet_setsockopt(s, level, name, value, len);
    if (name == TCP_CONGESTION)
        return len ? set_congestion(t, value, len) : -EINVAL;
    if (len < sizeof(v))
        return -EINVAL;
    memcpy(&v, value, sizeof v);
    tcp_enter();
    err = set(t, name, v);
    tcp_leave();
    return err;
}

static int get(const struct tcp *t, int name, int *v)
{
    switch (name) {
    case TCP_NODELAY: *v = t->nodelay; return 0;
    case TCP_CORK: *v = t->cork; return 0;
    case TCP_MAXSEG:
        *v = t->user_mss && in_state(t, STATE(TCP_CLOSED) | STATE(TCP_LISTEN)) ? t->user_mss
                                                                               : t->mss;
        return 0;
    case TCP_KEEPIDLE: *v = t->keep_idle; return 0;
    case TCP_KEEPINTVL: *v = t->keep_interval; return 0;
    case TCP_KEEPCNT: *v = t->keep_count; return 0;
    case TCP_SYNCNT: *v = t->syn_count ? t->syn_count : (int)TCP_SYN_RETRIES; return 0;
    case TCP_LINGER2: *v = t->linger2 ? t->linger2 : 60; return 0;
    case TCP_DEFER_ACCEPT: *v = t->defer_accept; return 0;
    case TCP_WINDOW_CLAMP:
        *v = (int)(t->window_clamp ? t->window_clamp : t->inet.s.rcvbuf / 2);
        return 0;
    case TCP_QUICKACK: *v = !t->pingpong; return 0;
    case TCP_USER_TIMEOUT: *v = (int)(((uint64_t)t->user_timeout << 20) / 1000000); return 0;
    case TCP_NOTSENT_LOWAT:
        *v = (int)(t->notsent_lowat == UINT32_MAX ? 0 : t->notsent_lowat);
        return 0;
    case TCP_FASTOPEN:
    case TCP_FASTOPEN_CONNECT:
    case TCP_FASTOPEN_NO_COOKIE: *v = 0; return 0;
    default: return -ENOPROTOOPT;
    }
}

int tcp_getsockopt(struct socket *s, int level, int name, void *value, unsigned *len)
{
    struct tcp *t = tcp_of(s);
    int v = 0;

    if (level != IPPROTO_TCP)
        return inet_getsockopt(s, level, name, value, len);
    if (name == TCP_INFO) {
        tcp_enter();
        tcp_info(t, value, len);
        tcp_leave();
        return 0;
    }
    if (name == TCP_CONGESTION) {
        char text[16] = {0};
        memcpy(text, tcp_congestions[t->congestion]->name,
               strlen(tcp_congestions[t->congestion]->name));
        *len = MIN(*len, (unsigned)sizeof text);
        memcpy(value, text, *len);
        return 0;
    }
    int err = get(t, name, &v);
    if (err < 0)
        return err;
    *len = MIN(*len, (unsigned)sizeof v);
    memcpy(value, &v, *len);
    return 0;
}

/* SOL_SOCKET options that matter here. */
void tcp_changed(struct socket *s)
{
    struct tcp *t = tcp_of(s);

    tcp_enter();
    t->sndbuf_set |= s->sndbuf != TCP_SNDBUF_FIRST && s->sndbuf != TCP_SNDBUF;
    t->rcvbuf_set |= s->rcvbuf != t->rcvbuf_auto;
    tcp_keep_start(t);
    tcp_wake_writer(t);
    tcp_leave();
}

long tcp_ioctl(struct socket *s, unsigned request, vaddr_t arg)
{
    struct tcp *t = tcp_of(s);
    int32_t v;

    switch (request) {
    case SIOCINQ: v = (int32_t)tcp_readable_bytes(t); break;
    case SIOCOUTQ: v = (int32_t)tcp_send_queued(t); break;
    case SIOCOUTQNSD: v = (int32_t)tcp_unsent(t); break;
    case SIOCATMARK: {
        v = t->urgent != URGENT_NONE && t->urgent_seq == t->copied;
        return USER_PUT(arg, v);
    }
    default: return inet_ioctl(s, request, arg);
    }
    return t->state == TCP_LISTEN ? -EINVAL : USER_PUT(arg, v);
}
