/* SPDX-License-Identifier: Apache-2.0 */
/* Ports: who may have which (ip(7), socket(7)), and the choice of ephemeral ones (RFC 6056, 3.3.1). */
#include "../ip/ip.h"

#include <u2k/errno.h>
#include <u2k/inet.h>

enum { FIRST = 32768, LAST = 60999 }; /* net.ipv4.ip_local_port_range */
enum { V4 = 1, V6 = 2 };

static struct list *chain(struct inet_ports *t, uint16_t port)
{
    if (!t->started) {
        t->started = true;
        for (unsigned i = 0; i < PORT_BUCKETS; i++)
            list_init(&t->bucket[i]);
    }
    return inet_bucket(t, port);
}

/* The versions that a socket's address is of: :: takes IPv4's too. */
static unsigned versions(const struct inet_socket *s)
{
    if (ip_is_v4(&s->local))
        return V4;
    return ip_is_any(&s->local) && !s->v6only ? V4 | V6 : V6;
}

/* Whether both could be given the same packet. */
static bool meet(const struct inet_socket *a, const struct inet_socket *b)
{
    if (a->s.device && b->s.device && a->s.device != b->s.device)
        return false;
    if (ip_is_any(&a->local) || ip_is_any(&b->local))
        return versions(a) & versions(b);
    return ip_same(&a->local, &b->local);
}

static bool conflict(const struct inet_socket *s, const struct inet_socket *other)
{
    if (!meet(s, other))
        return false;
    bool listens = s->s.type == SOCK_STREAM && other->s.state == SOCKET_LISTENING;
    if (s->s.reuseaddr && other->s.reuseaddr && !listens)
        return false;
    return !(s->s.reuseport && other->s.reuseport);
}

bool inet_conflict(struct inet_ports *t, const struct inet_socket *s)
{
    LIST_FOR_EACH(it, chain(t, s->local_port))
    {
        const struct inet_socket *other = LIST_ENTRY(it, struct inet_socket, port_link);
        if (other != s && other->local_port == s->local_port && conflict(s, other))
            return true;
    }
    return false;
}

/* Nobody has the port; or, for a connection, nobody but others' connections to elsewhere. */
static bool is_free(struct inet_ports *t, const struct inet_socket *s, uint16_t port,
                    bool (*free_for)(const struct inet_socket *s, uint16_t port))
{
    LIST_FOR_EACH(it, chain(t, port))
    {
        const struct inet_socket *other = LIST_ENTRY(it, struct inet_socket, port_link);
        if (other->local_port != port)
            continue;
        if (!free_for ? meet(s, other) : !other->port_chosen)
            return false;
    }
    return !free_for || free_for(s, port); /* what has ended may linger on */
}

static bool choose(struct inet_ports *t, const struct inet_socket *s, uint16_t *port,
                   bool (*free_for)(const struct inet_socket *s, uint16_t port))
{
    uint32_t count = LAST - FIRST + 1, start = ip_random() % count;
    for (uint32_t i = 0; i < count; i++) {
        *port = (uint16_t)(FIRST + (start + i) % count);
        if (is_free(t, s, *port, free_for))
            return true;
    }
    return false;
}

void inet_bind_as(struct inet_ports *t, struct inet_socket *s, uint16_t port)
{
    s->local_port = port;
    s->bound = true;
    list_push_front(chain(t, port), &s->port_link);
}

static bool may_bind(const struct inet_socket *s, const struct ip_addr *a)
{
    return s->freebind || ip_is_any(a) || ip_is_ours(a, s->s.device) || ip_is_multicast(a) ||
           ip_is_broadcast(a);
}

int inet_bind(struct inet_ports *t, struct inet_socket *s, const struct ip_addr *a, uint16_t port)
{
    struct ip_addr before = s->local;
    if (!may_bind(s, a))
        return -EADDRNOTAVAIL;
    s->local = *a;
    s->local_port = port;
    if (port ? inet_conflict(t, s) : !choose(t, s, &port, NULL)) {
        s->local = before;
        s->local_port = 0;
        return -EADDRINUSE;
    }
    s->bound_address = !ip_is_any(a);
    s->port_chosen = false;
    s->route.dev = NULL;
    inet_bind_as(t, s, port);
    return 0;
}

int inet_autobind(struct inet_ports *t, struct inet_socket *s,
                  bool (*free_for)(const struct inet_socket *s, uint16_t port))
{
    uint16_t port;
    if (s->bound)
        return 0;
    if (!choose(t, s, &port, free_for))
        return -EADDRNOTAVAIL;
    s->port_chosen = true;
    inet_bind_as(t, s, port);
    return 0;
}

void inet_unbind(struct inet_ports *t, struct inet_socket *s)
{
    (void)t;
    list_remove(&s->port_link);
    s->bound = s->bound_address = s->port_chosen = false;
    s->local_port = 0;
    s->local = s->s.family == AF_INET ? ip_from_v4(0) : (struct ip_addr){0};
    s->route.dev = NULL;
}
