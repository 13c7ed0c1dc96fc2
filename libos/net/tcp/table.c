/* SPDX-License-Identifier: Apache-2.0 */
/* Who a segment is for: connections, requests and TIME-WAIT records in one hash table; listeners in a list. */
#include "tcp.h"

#include <u2k/netinfo.h>

#define BUCKETS_FIRST 256u

_Static_assert(offsetof(struct inet_socket, peer) - offsetof(struct inet_socket, local) ==
                       offsetof(struct tcp_tuple, peer) &&
                   offsetof(struct inet_socket, local_port) - offsetof(struct inet_socket, local) ==
                       offsetof(struct tcp_tuple, local_port) &&
                   offsetof(struct inet_socket, peer_port) - offsetof(struct inet_socket, local) ==
                       offsetof(struct tcp_tuple, peer_port),
               "struct tcp_tuple is a part of struct inet_socket");
_Static_assert(offsetof(struct tcp_request, tuple) == sizeof(struct tcp_link) &&
                   offsetof(struct tcp_timewait, tuple) == sizeof(struct tcp_link),
               "the tuple of a record stands behind its link");

struct inet_ports tcp_ports;

static struct tcp_link **bucket;
static uint32_t size, used; /* size: a power of two */
static struct tcp_link *listeners;

static bool same(const struct tcp_tuple *a, const struct tcp_tuple *b)
{
    uint32_t pa, pb;

    __builtin_memcpy(&pa, &a->local_port, 4);
    __builtin_memcpy(&pb, &b->local_port, 4);
    return pa == pb && ip_same(&a->peer, &b->peer) && ip_same(&a->local, &b->local);
}

struct tcp_link *tcp_find(const struct tcp_tuple *tuple)
{
    if (UNLIKELY(!size))
        return NULL;
    uint32_t hash = tcp_table_hash(tuple);
    for (struct tcp_link *l = bucket[hash & (size - 1)]; l; l = l->next)
        if (l->hash == hash && same(tcp_tuple_of(l), tuple))
            return l;
    return NULL;
}

/* Twice as many buckets, or none at all to begin with. Without memory the chains grow longer instead. */
static bool grow(void)
{
    uint32_t next = size ? size * 2 : BUCKETS_FIRST;
    struct tcp_link **moved = heap_alloc(next * sizeof(*moved));

    if (!moved)
        return size > 0;
    for (uint32_t i = 0; i < size; i++)
        for (struct tcp_link *l = bucket[i], *after; l; l = after) {
            after = l->next;
            l->next = moved[l->hash & (next - 1)];
            moved[l->hash & (next - 1)] = l;
        }
    heap_free(bucket, size * sizeof(*bucket));
    bucket = moved;
    size = next;
    return true;
}

bool tcp_table_add(struct tcp_link *l)
{
    if (used >= size && !grow())
        return false;
    l->hash = tcp_table_hash(tcp_tuple_of(l));
    struct tcp_link **at = &bucket[l->hash & (size - 1)];
    l->next = *at;
    *at = l;
    l->linked = true;
    used++;
    return true;
}

void tcp_table_remove(struct tcp_link *l)
{
    if (!l->linked)
        return;
    struct tcp_link **at = &bucket[l->hash & (size - 1)];
    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    l->linked = false;
    used--;
}

/* ---- listeners ---- */

void tcp_listener_add(struct tcp *t)
{
    t->link.next = listeners;
    listeners = &t->link;
}

void tcp_listener_remove(struct tcp *t)
{
    struct tcp_link **at = &listeners;

    while (*at && *at != &t->link)
        at = &(*at)->next;
    if (*at)
        *at = t->link.next;
}

/* How well a listener fits; 0: not at all. The more it was told, the better, as on Linux. */
static unsigned fits(const struct tcp *t, const struct ip_addr *local, uint16_t port,
                     const struct netdev *dev)
{
    const struct inet_socket *s = &t->inet;
    bool v4 = ip_is_v4(local);
    unsigned score = 1;

    if (s->local_port != port || (s->s.device && (!dev || s->s.device != dev->index)))
        return 0;
    if (v4 ? s->s.family == AF_INET6 && s->v6only : s->s.family == AF_INET)
        return 0;
    if (!ip_is_any(&s->local)) {
        if (!ip_same(&s->local, local))
            return 0;
        score += 4;
    } else if (ip_is_v4(&s->local) && !v4) {
        return 0;
    }
    return score + (s->s.device ? 2 : 0) + (v4 == (s->s.family == AF_INET));
}

/* Several with SO_REUSEPORT share the connections by a hash of the peer. */
struct tcp *tcp_find_listener(const struct tcp_tuple *tuple, const struct netdev *dev)
{
    struct tcp *best = NULL;
    unsigned score = 0, equals = 0;

    for (struct tcp_link *l = listeners; l; l = l->next) {
        struct tcp *t = tcp_of_link(l);
        unsigned mine = fits(t, &tuple->local, tuple->local_port, dev);
        if (mine > score) {
            best = t;
            score = mine;
            equals = 1;
        } else if (mine && mine == score && t->inet.s.reuseport) {
            if (tcp_table_hash(tuple) % ++equals == 0)
                best = t;
        }
    }
    return best;
}

/* ---- for /proc/net/tcp and netlink ---- */

static struct inet_info info_of(const struct tcp_link *l)
{
    const struct tcp_tuple *tuple = tcp_tuple_of((struct tcp_link *)l);
    struct inet_info info = {
        .local = tuple->local,
        .peer = tuple->peer,
        .local_port = tuple->local_port,
        .peer_port = tuple->peer_port,
        .state = l->kind == TCP_REQUEST ? TCP_SYN_RECEIVED : TCP_TIME_WAIT,
        .v6 = !ip_is_v4(&tuple->local),
    };

    if (l->kind == TCP_CONNECTION) {
        const struct tcp *t = tcp_of_link((struct tcp_link *)l);
        info.s = &t->inet;
        info.state = t->state;
        info.v6 = t->inet.s.family == AF_INET6;
        info.send_queue = t->state == TCP_LISTEN ? t->listener->backlog : t->written - t->snd_una;
        info.receive_queue =
            t->state == TCP_LISTEN ? t->listener->ready_count : t->rcv_nxt - t->copied;
    }
    return info;
}

void tcp_each(inet_each_fn fn, void *arg)
{
    for (struct tcp_link *l = listeners; l; l = l->next) {
        const struct inet_info info = info_of(l);
        fn(&info, arg);
    }
    for (uint32_t i = 0; i < size; i++)
        for (struct tcp_link *l = bucket[i]; l; l = l->next) {
            const struct inet_info info = info_of(l);
            fn(&info, arg);
        }
}
