/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams and sequenced packets: each send is received as a whole. */
#include "unix.h"

#include <u2k/errno.h>
#include <u2k/process.h>

/* The socket that this goes to. */
static int receiver(struct unix_socket *u, const struct message *m, struct unix_socket **out)
{
    bool packets = u->s.type == SOCK_SEQPACKET;
    if (packets && u->s.state != SOCKET_CONNECTED)
        return -ENOTCONN;
    if (!packets && m->name && m->name_len)
        return unix_find(m->name, m->name_len, u->s.type, out);
    *out = u->peer;
    return *out ? 0 : -ENOTCONN;
}

static int gone(struct unix_socket *u, struct unix_socket *to)
{
    if (u->s.type == SOCK_SEQPACKET)
        return -EPIPE;
    u->peer = NULL;
    u->s.state = SOCKET_FRESH;
    list_remove(&u->blocked_link);
    unix_unref(to);
    return -ECONNREFUSED;
}

static int may_send(struct unix_socket *u, struct unix_socket *to, size_t len)
{
    if (to->dead)
        return gone(u, to);
    if (to->peer && to->peer != u && u->s.type == SOCK_DGRAM)
        return -EPERM;
    if (to->s.shut & SHUT_READING)
        return -EPIPE;
    if (u->s.type == SOCK_DGRAM && unix_full(u, to)) {
        unix_block_on(u, to);
        return -EAGAIN;
    }
    /* A first message goes in whatever its size, which is below sndbuf. */
    if (u->charged > 0 && u->charged + len >= u->s.sndbuf)
        return -EAGAIN;
    return 0;
}

ssize_t unix_dgram_send(struct socket *s, struct message *m)
{
    struct unix_socket *u = unix_of(s), *to;
    size_t len = m->data->left;
    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    unix_make_room(m);
    int err = receiver(u, m, &to);
    if (err < 0)
        return err;
    if (len > s->sndbuf - 32)
        return -EMSGSIZE;
    if (s->error)
        return socket_take_error(s);
    if (s->shut & SHUT_WRITING)
        return -EPIPE;
    if ((err = may_send(u, to, len)) < 0)
        return err;
    if ((u->passcred || to->passcred) && !u->address && (err = unix_autobind(u)) < 0)
        return err;
    struct unix_message *msg = unix_message_new(u, len);
    if (!msg)
        return -ENOBUFS;
    err = unix_control_send(u, to, m, msg);
    if (err == 0 && iter_read(msg->data, m->data, len) < len)
        err = -EFAULT;
    if (err < 0) {
        unix_message_free(msg);
        return err;
    }
    msg->len = (uint32_t)len;
    unix_deliver(to, msg);
    return (ssize_t)len;
}

ssize_t unix_dgram_receive(struct socket *s, struct message *m)
{
    struct unix_socket *u = unix_of(s);
    if (s->type == SOCK_SEQPACKET && s->state != SOCKET_CONNECTED)
        return -ENOTCONN;
    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    m->name_len = 0;
    if (s->error)
        return socket_take_error(s);
    if (list_empty(&u->received)) {
        if (!(s->shut & SHUT_READING))
            return -EAGAIN;
        return s->type == SOCK_DGRAM && (m->flags & MSG_DONTWAIT) ? -EAGAIN : 0;
    }
    struct unix_message *msg = LIST_ENTRY(u->received.next, struct unix_message, link);
    size_t len = msg->len, want = MIN(len, m->data->left);
    if (iter_write(m->data, msg->data, want) < want)
        return -EFAULT;
    unix_put_name(msg->from, m);
    unix_control_receive(u, m, msg);
    if (want < len)
        m->out_flags |= MSG_TRUNC;
    if (!(m->flags & MSG_PEEK)) {
        unix_take(u, msg);
        unix_message_free(msg);
    }
    return (ssize_t)((m->flags & MSG_TRUNC) ? len : want);
}
