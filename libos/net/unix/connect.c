/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of AF_UNIX: done at once, and then waiting to be accepted. */
#include "unix.h"

#include <u2k/errno.h>

int unix_connect(struct socket *s, const struct sockaddr_k *name, unsigned len)
{
    struct unix_socket *u = unix_of(s), *to;
    int err = unix_find(name, len, s->type, &to);
    if (err < 0)
        return err;
    if (to->s.state != SOCKET_LISTENING || (to->s.shut & SHUT_READING))
        return -ECONNREFUSED;
    if (to->pending_count > to->backlog) {
        unix_block_on(u, to);
        return -EAGAIN;
    }
    if (s->state != SOCKET_FRESH)
        return s->state == SOCKET_CONNECTED ? -EISCONN : -EINVAL;
    if (u->passcred && (err = unix_autobind(u)) < 0)
        return err;
    struct unix_socket *made = unix_new(s->type);
    if (!made)
        return -ENOMEM;
    made->peer = unix_ref(u);
    made->peer_cred = unix_own_cred();
    made->s.state = SOCKET_CONNECTED;
    made->passcred = to->passcred;
    made->address = to->address;
    if (made->address)
        made->address->refs++;
    u->peer = unix_ref(made);
    u->peer_cred = to->peer_cred;
    s->state = SOCKET_CONNECTED;
    list_push_back(&to->pending, &made->pending_link);
    to->pending_count++;
    socket_wake(&to->s, POLLIN | POLLRDNORM);
    return 0;
}

/* What has come from the former peer is gone. */
static void forget_peer(struct unix_socket *u, struct unix_socket *old)
{
    bool lost = !list_empty(&u->received);
    while (!list_empty(&u->received)) {
        struct unix_message *m = LIST_ENTRY(u->received.next, struct unix_message, link);
        unix_take(u, m);
        unix_message_free(m);
    }
    list_remove(&u->blocked_link);
    if (lost && !old->dead && old->peer == u)
        socket_error(&old->s, ECONNRESET);
    unix_unref(old);
}

int unix_dgram_connect(struct socket *s, const struct sockaddr_k *name, unsigned len)
{
    struct unix_socket *u = unix_of(s), *old = u->peer, *to = NULL;
    if (len < UNIX_HEADER)
        return -EINVAL;
    if (name->family != AF_UNSPEC) {
        int err = unix_find(name, len, s->type, &to);
        if (err < 0)
            return err;
        if (to->peer && to->peer != u)
            return -EPERM;
        if (u->passcred && (err = unix_autobind(u)) < 0)
            return err;
        unix_ref(to);
    }
    u->peer = to;
    s->state = to ? SOCKET_CONNECTED : SOCKET_FRESH;
    if (old && old != to)
        forget_peer(u, old);
    else
        unix_unref(old);
    return 0;
}

int unix_listen(struct socket *s, unsigned backlog)
{
    struct unix_socket *u = unix_of(s);
    if (!u->address)
        return -EINVAL;
    if (s->state != SOCKET_FRESH && s->state != SOCKET_LISTENING)
        return -EINVAL;
    if (backlog > u->backlog)
        unix_wake_blocked(u);
    u->backlog = backlog;
    s->state = SOCKET_LISTENING;
    u->peer_cred = unix_own_cred();
    return 0;
}

int unix_accept(struct socket *s, struct socket **out)
{
    struct unix_socket *u = unix_of(s);
    if (s->state != SOCKET_LISTENING)
        return -EINVAL;
    if (list_empty(&u->pending))
        return (s->shut & SHUT_READING) ? -EINVAL : -EAGAIN;
    struct unix_socket *made = LIST_ENTRY(u->pending.next, struct unix_socket, pending_link);
    list_remove(&made->pending_link);
    u->pending_count--;
    unix_wake_blocked(u);
    *out = &made->s;
    return 0;
}
