/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A datagram socket of the program that also gets what comes to ports of the host, and answers from there. Both the
 * program's own world and the host have a 127.0.0.1, and there may be several ports: an answer goes to where the last
 * datagram from that port was.
 */
#include "../x86_64/hostcall.h"
#include "host_ports.h"
#include <u2k/errno.h>
#include <u2k/inet.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/uaccess.h>

enum { PEER_BYTES = 65536 / 8, NAME_LEAST = 16 };

static bool is_peer(const struct host_port *p, const struct sockaddr_k *name)
{
    uint16_t port = name_port(name);
    return p->peers && p->peers[port >> 3] >> (port & 7) & 1;
}

/* The peer `name` is one of `p` now, or no more. */
static void note(struct host_port *p, const struct sockaddr_k *name, bool there)
{
    uint16_t port = name_port(name);
    uint8_t bit = (uint8_t)(1 << (port & 7));
    if (!p->peers && (!there || !(p->peers = heap_alloc(PEER_BYTES))))
        return;
    if (there)
        p->peers[port >> 3] |= bit;
    else
        p->peers[port >> 3] &= (uint8_t)~bit;
}

/* One came from `name` by `from`; NULL: by the program's own loopback. With one port only loopback is in question. */
static void note_peer(struct host_port *first, const struct sockaddr_k *name,
                      const struct host_port *from)
{
    if (!first->also && !name_is_loopback(name))
        return;
    for (struct host_port *p = first; p; p = p->also)
        note(p, name, p == from);
}

/* The port by which `name` is reached; NULL: it is the program's own. */
static struct host_port *way_to(struct host_port *first, const struct sockaddr_k *name)
{
    for (struct host_port *p = first; p; p = p->also)
        if (is_peer(p, name))
            return p;
    return name_is_loopback(name) ? NULL : first;
}

/* From a host's socket, to which a client's address and port are known. */
static ssize_t receive_by(struct host_port *p, struct socket *s, struct message *m)
{
    struct host_iovec v[VECTORS];
    struct host_name from;
    struct sockaddr_k name;
    struct host_msghdr hdr = {.name = from.bytes, .name_len = NAME_ROOM, .v = v};
    unsigned count;
    if (!iter_vectors(m->data, PROT_WRITE, v, &count) && m->data->left)
        return -EFAULT;
    hdr.count = count;
    long n =
        host_call(recvmsg, p->watched.fd, &hdr, (m->flags & (MSG_PEEK | MSG_TRUNC)) | MSG_DONTWAIT);
    p->input = n == -EAGAIN ? INPUT_NONE : INPUT_UNKNOWN;
    if (n < 0)
        return n;
    m->name_len = name_for(s->family, &from, &name);
    note_peer(port_of(s), &name, p);
    if (m->name)
        *m->name = name;
    inet_control_published(s, m, name_address(&name));
    m->out_flags |= (unsigned)hdr.flags & MSG_TRUNC;
    iter_skip(m->data, MIN((size_t)n, m->data->left));
    return n;
}

static ssize_t datagrams_receive(struct socket *s, struct message *m)
{
    struct host_port *p = port_of(s);
    struct sockaddr_k name, *wanted = m->name;
    m->name = &name;
    ssize_t got = p->below->receive(s, m);
    m->name = wanted;
    if (got >= 0 && m->name_len >= NAME_LEAST)
        note_peer(p, &name, NULL);
    if (wanted && got >= 0)
        *wanted = name;
    if (m->flags & MSG_ERRQUEUE)
        return got;
    for (; got == -EAGAIN && p; p = p->also)
        if (p->input != INPUT_NONE)
            got = receive_by(p, s, m);
    return got;
}

static ssize_t datagrams_send(struct socket *s, struct message *m)
{
    struct host_port *first = port_of(s), *p = NULL;
    struct host_iovec v[VECTORS];
    struct host_name to;
    unsigned count;
    if (m->name && m->name_len >= NAME_LEAST)
        p = way_to(first, m->name);
    while (p && !name_to_host(m->name, m->name_len, p->family, &to))
        p = p->also;
    if (!p)
        return first->below->send(s, m);
    size_t all = iter_vectors(m->data, PROT_READ, v, &count);
    if (all < m->data->left) /* more pieces than the platform takes, or a fault */
        return count == VECTORS ? -EMSGSIZE : -EFAULT;
    struct host_msghdr hdr = {.name = to.bytes, .name_len = to.len, .v = v, .count = count};
    long n = host_call(sendmsg, p->watched.fd, &hdr, MSG_DONTWAIT | MSG_NOSIGNAL);
    p->full = n == -EAGAIN;
    if (n > 0)
        iter_skip(m->data, (size_t)n);
    return n;
}

static unsigned datagrams_poll(struct socket *s)
{
    struct host_port *p = port_of(s);
    unsigned events = p->below->poll(s);
    for (; p; p = p->also) {
        if (p->input == INPUT_UNKNOWN) {
            uint8_t byte;
            long n = host_call(recvfrom, p->watched.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT, 0, 0);
            p->input = n == -EAGAIN ? INPUT_NONE : INPUT_THERE;
        }
        if (p->input == INPUT_THERE)
            events |= POLLIN | POLLRDNORM;
        if (p->full)
            events &= ~(unsigned)(POLLOUT | POLLWRNORM);
    }
    return events;
}

static void datagrams_close(struct socket *s)
{
    for (struct host_port *p = port_of(s); p; p = p->also) {
        if (p->peers)
            heap_free(p->peers, PEER_BYTES);
        p->peers = NULL;
    }
    host_ports_detach(s);
    s->ops->close(s);
}

void datagrams_event(struct watched *w, uint32_t events)
{
    struct host_port *p = CONTAINER_OF(w, struct host_port, watched);
    unsigned wake = 0;
    if (events & (HOST_EPOLLIN | HOST_EPOLLERR)) {
        p->input = INPUT_THERE;
        wake |= POLLIN | POLLRDNORM;
    }
    if (events & HOST_EPOLLOUT) {
        p->full = false;
        wake |= POLLOUT | POLLWRNORM;
    }
    if (p->socket)
        socket_wake(p->socket, wake);
}

void datagrams_attach(struct host_port *p)
{
    p->ops.receive = datagrams_receive;
    p->ops.send = datagrams_send;
    p->ops.poll = datagrams_poll;
    p->ops.close = datagrams_close;
}

IF_LINKED(part_udp, inet_control_published, unlinked_nothing);
