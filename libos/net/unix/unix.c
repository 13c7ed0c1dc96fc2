/* SPDX-License-Identifier: Apache-2.0 */
/* The life of AF_UNIX sockets, and what they are ready for. */
#include "unix.h"

#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/process.h>

enum { DGRAM_QUEUE = 10 /* net.unix.max_dgram_qlen */ };

struct ucred_k unix_own_cred(void)
{
    return (struct ucred_k){PID, process.cred.euid, process.cred.egid};
}

bool unix_writable(const struct unix_socket *u)
{
    return u->s.state != SOCKET_LISTENING && u->charged * 4ull <= u->s.sndbuf;
}

/* Of two sockets that are connected to each other only the sender's buffer counts. */
bool unix_full(const struct unix_socket *u, const struct unix_socket *other)
{
    return other != u && other->peer != u && other->received_count > DGRAM_QUEUE;
}

void unix_block_on(struct unix_socket *u, struct unix_socket *other)
{
    list_remove(&u->blocked_link);
    list_push_back(&other->blocked, &u->blocked_link);
}

void unix_wake_blocked(struct unix_socket *u)
{
    while (!list_empty(&u->blocked)) {
        struct unix_socket *other = LIST_ENTRY(u->blocked.next, struct unix_socket, blocked_link);
        list_remove(&other->blocked_link);
        socket_wake(&other->s, POLLOUT | POLLWRNORM | POLLWRBAND);
    }
}

struct unix_socket *unix_ref(struct unix_socket *u)
{
    u->refs++;
    return u;
}

void unix_unref(struct unix_socket *u)
{
    if (!u || --u->refs > 0)
        return;
    unix_address_unref(u->address);
    list_remove(&u->all_link);
    DELETE(u);
}

/* The other side of a connection sees its end. */
static void hang_up(struct unix_socket *u, bool unread)
{
    struct unix_socket *peer = u->peer;
    u->peer = NULL;
    list_remove(&u->blocked_link);
    if (!peer)
        return;
    if (unix_connection(u)) {
        peer->s.shut = SHUT_BOTH;
        if (unread)
            peer->s.error = ECONNRESET;
        socket_wake(&peer->s, POLLIN | POLLRDNORM | POLLOUT | POLLHUP | POLLRDHUP);
    }
    unix_unref(peer);
}

static void drop_messages(struct unix_socket *u)
{
    while (!list_empty(&u->received)) {
        struct unix_message *m = LIST_ENTRY(u->received.next, struct unix_message, link);
        unix_take(u, m);
        unix_message_free(m);
    }
}

/* Connections that nobody accepts any more, with what was sent to them. */
static void refuse_pending(struct unix_socket *u)
{
    while (!list_empty(&u->pending)) {
        struct unix_socket *made = LIST_ENTRY(u->pending.next, struct unix_socket, pending_link);
        list_remove(&made->pending_link);
        made->dead = true;
        hang_up(made, true);
        drop_messages(made);
        unix_unref(made);
    }
}

void unix_close(struct socket *s)
{
    struct unix_socket *u = unix_of(s);
    bool unread = !list_empty(&u->received);
    u->dead = true;
    list_remove(&u->name_link);
    refuse_pending(u);
    hang_up(u, unread);
    drop_messages(u);
    unix_wake_blocked(u);
    unix_unref(u);
    if (unix_in_flight)
        unix_collect();
}

int unix_shutdown(struct socket *s, int how)
{
    static const uint8_t bits[] = {SHUT_READING, SHUT_WRITING, SHUT_BOTH};
    struct unix_socket *u = unix_of(s);
    unsigned shut = bits[how];
    s->shut |= (uint8_t)shut;
    socket_wake(s, POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
    if (u->peer && unix_connection(u)) {
        struct socket *peer = &u->peer->s;
        peer->shut |= (uint8_t)(((shut & SHUT_READING) ? SHUT_WRITING : 0) |
                                ((shut & SHUT_WRITING) ? SHUT_READING : 0));
        socket_wake(peer, POLLIN | POLLRDNORM | POLLOUT | POLLHUP | POLLRDHUP);
    }
    if (s->state == SOCKET_LISTENING)
        unix_wake_blocked(u);
    return 0;
}

unsigned unix_poll(struct socket *s)
{
    struct unix_socket *u = unix_of(s);
    unsigned events = s->error ? POLLERR : 0;
    if (s->shut == SHUT_BOTH)
        events |= POLLHUP;
    if (s->shut & SHUT_READING)
        events |= POLLRDHUP | POLLIN | POLLRDNORM;
    if (!list_empty(&u->received) || !list_empty(&u->pending))
        events |= POLLIN | POLLRDNORM;
    if (unix_connection(u) && s->state == SOCKET_FRESH)
        events |= POLLHUP;
    if (!unix_writable(u))
        return events;
    if (s->type == SOCK_DGRAM && u->peer && unix_full(u, u->peer))
        unix_block_on(u, u->peer);
    else
        events |= POLLOUT | POLLWRNORM | POLLWRBAND;
    return events;
}

static const struct socket_ops stream_ops = {
    .bind = unix_bind,
    .connect = unix_connect,
    .listen = unix_listen,
    .accept = unix_accept,
    .name = unix_name,
    .send = unix_stream_send,
    .receive = unix_stream_receive,
    .shutdown = unix_shutdown,
    .poll = unix_poll,
    .setsockopt = unix_setsockopt,
    .getsockopt = unix_getsockopt,
    .ioctl = unix_ioctl,
    .close = unix_close,
};
static const struct socket_ops seqpacket_ops = {
    .bind = unix_bind,
    .connect = unix_connect,
    .listen = unix_listen,
    .accept = unix_accept,
    .name = unix_name,
    .send = unix_dgram_send,
    .receive = unix_dgram_receive,
    .shutdown = unix_shutdown,
    .poll = unix_poll,
    .setsockopt = unix_setsockopt,
    .getsockopt = unix_getsockopt,
    .ioctl = unix_ioctl,
    .close = unix_close,
};
static const struct socket_ops dgram_ops = {
    .bind = unix_bind,
    .connect = unix_dgram_connect,
    .name = unix_name,
    .send = unix_dgram_send,
    .receive = unix_dgram_receive,
    .shutdown = unix_shutdown,
    .poll = unix_poll,
    .setsockopt = unix_setsockopt,
    .getsockopt = unix_getsockopt,
    .ioctl = unix_ioctl,
    .close = unix_close,
};

struct unix_socket *unix_new(int type)
{
    struct unix_socket *u = NEW(struct unix_socket);
    if (!u)
        return NULL;
    const struct socket_ops *ops = type == SOCK_STREAM      ? &stream_ops
                                   : type == SOCK_SEQPACKET ? &seqpacket_ops
                                                            : &dgram_ops;
    socket_init(&u->s, ops, AF_UNIX, type, 0);
    u->refs = 1;
    u->peer_cred = (struct ucred_k){0, UINT32_MAX, UINT32_MAX};
    list_init(&u->name_link);
    list_init(&u->received);
    list_init(&u->blocked);
    list_init(&u->blocked_link);
    list_init(&u->pending);
    list_init(&u->pending_link);
    list_init(&u->collect_link);
    list_push_back(&unix_sockets, &u->all_link);
    return u;
}

static int checked_type(int type, int protocol)
{
    if (protocol != 0 && protocol != AF_UNIX)
        return -EPROTONOSUPPORT;
    if (type == SOCK_RAW) /* believed to be datagrams for ever */
        return SOCK_DGRAM;
    return type == SOCK_STREAM || type == SOCK_DGRAM || type == SOCK_SEQPACKET ? type
                                                                               : -ESOCKTNOSUPPORT;
}

int unix_create(int type, int protocol, struct socket **out)
{
    type = checked_type(type, protocol);
    if (type < 0)
        return type;
    struct unix_socket *u = unix_new(type);
    if (!u)
        return -ENOMEM;
    *out = &u->s;
    return 0;
}

int unix_pair(int type, int protocol, struct socket *out[2])
{
    type = checked_type(type, protocol);
    if (type < 0)
        return type;
    struct unix_socket *a = unix_new(type), *b = a ? unix_new(type) : NULL;
    if (!b) {
        unix_unref(a);
        return -ENOMEM;
    }
    a->peer = unix_ref(b);
    b->peer = unix_ref(a);
    a->peer_cred = b->peer_cred = unix_own_cred();
    a->s.state = b->s.state = SOCKET_CONNECTED;
    out[0] = &a->s;
    out[1] = &b->s;
    return 0;
}

IF_LINKED(sys_listen, unix_listen, unlinked_never);
IF_LINKED(sys_accept, unix_accept, unlinked_never);
IF_LINKED(sys_accept4, unix_accept, unlinked_never);
IF_LINKED(sys_bind, unix_bind, unlinked_never);
IF_LINKED(sys_connect, unix_connect, unlinked_never);
IF_LINKED(sys_connect, unix_dgram_connect, unlinked_never);
IF_LINKED(sys_shutdown, unix_shutdown, unlinked_never);
IF_LINKED(sys_setsockopt, unix_setsockopt, unlinked_never);
IF_LINKED(sys_getsockopt, unix_getsockopt, unlinked_never);
IF_LINKED(file_poll, unix_poll, unlinked_never);
IF_LINKED(sys_ioctl, unix_ioctl, unlinked_never);
