/* SPDX-License-Identifier: Apache-2.0 */
/* Streams: bytes go to the end of the last message if it is ours, plain, and has room. */
#include "unix.h"

#include <u2k/errno.h>
#include <u2k/pages.h>
#include <u2k/string.h>

#define ROOM(pages) ((pages) * PAGE_SIZE - sizeof(struct unix_message))
#define CHUNK ROOM(8) /* bytes that a message takes at most */

static bool same_cred(const struct unix_message *a, const struct unix_message *b)
{
    return a->has_cred == b->has_cred && memcmp(&a->cred, &b->cred, sizeof a->cred) == 0;
}

/* The last message of `to`, if plain bytes can be added. */
static struct unix_message *open_end(const struct unix_socket *u, const struct unix_socket *to,
                                     const struct message *m)
{
    if (list_empty(&to->received) || m->control || u->passcred || to->passcred)
        return NULL;
    struct unix_message *last = LIST_ENTRY(to->received.prev, struct unix_message, link);
    bool fits =
        last->from == u && !last->rights && !last->has_cred && last->at + last->len < last->room;
    return fits ? last : NULL;
}

static ssize_t send_some(struct unix_socket *u, struct unix_socket *to, struct message *m)
{
    struct unix_message *msg = open_end(u, to, m);
    bool fresh = !msg;
    if (fresh) {
        if (u->charged >= u->s.sndbuf)
            return -EAGAIN;
        size_t room = m->data->left > ROOM(1) ? MIN(m->data->left, CHUNK) : ROOM(1);
        msg = unix_message_new(u, room);
        if (!msg)
            return -ENOMEM;
        int err = unix_control_send(u, to, m, msg);
        if (err < 0) {
            unix_message_free(msg);
            return err;
        }
    }
    uint32_t end = msg->at + msg->len;
    size_t want = MIN(m->data->left, msg->room - end);
    size_t n = iter_read(msg->data + end, m->data, want);
    if (n == 0) {
        if (fresh)
            unix_message_free(msg);
        return -EFAULT;
    }
    msg->len += (uint32_t)n;
    if (!fresh) {
        socket_wake(&to->s, POLLIN | POLLRDNORM);
        return (ssize_t)n;
    }
    m->control = NULL;
    unix_deliver(to, msg);
    return (ssize_t)n;
}

ssize_t unix_stream_send(struct socket *s, struct message *m)
{
    struct unix_socket *u = unix_of(s), *to = u->peer;
    size_t done = 0;
    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (m->name && m->name_len)
        return s->state == SOCKET_CONNECTED ? -EISCONN : -EOPNOTSUPP;
    if (!to || s->state != SOCKET_CONNECTED)
        return -ENOTCONN;
    if (s->shut & SHUT_WRITING)
        return -EPIPE;
    unix_make_room(m);
    while (m->data->left > 0) {
        if (s->error && done == 0)
            return socket_take_error(s);
        if (to->dead || (to->s.shut & SHUT_READING))
            return done ? (ssize_t)done : -EPIPE;
        ssize_t n = send_some(u, to, m);
        if (n < 0)
            return done ? (ssize_t)done : n;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

/* Take what was read off the message. */
static void consume(struct unix_socket *u, struct unix_message *msg, size_t n)
{
    msg->at += (uint32_t)n;
    msg->len -= (uint32_t)n;
    if (msg->len > 0)
        return;
    unix_take(u, msg);
    unix_message_free(msg);
}

static ssize_t nothing_there(struct socket *s)
{
    if (s->error)
        return socket_take_error(s);
    return (s->shut & SHUT_READING) ? 0 : -EAGAIN;
}

ssize_t unix_stream_receive(struct socket *s, struct message *m)
{
    struct unix_socket *u = unix_of(s);
    size_t done = 0;
    if (s->state != SOCKET_CONNECTED)
        return -EINVAL;
    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    m->name_len = 0;
    if (list_empty(&u->received))
        return nothing_there(s);
    struct unix_message first = *LIST_ENTRY(u->received.next, struct unix_message, link);
    unix_put_name(first.from, m);
    LIST_FOR_EACH_SAFE(it, &u->received)
    {
        struct unix_message *msg = LIST_ENTRY(it, struct unix_message, link);
        if (m->data->left == 0 || (done && u->passcred && !same_cred(&first, msg)))
            break;
        size_t want = MIN(msg->len, m->data->left);
        size_t n = iter_write(m->data, msg->data + msg->at, want);
        if (n == 0)
            return done ? (ssize_t)done : -EFAULT;
        bool rights = msg->rights != NULL;
        if (rights || done == 0)
            unix_control_receive(u, m, msg);
        done += n;
        if (!(m->flags & MSG_PEEK))
            consume(u, msg, n);
        if (rights || (m->flags & MSG_PEEK))
            m->complete = true;
        if (rights || n < want)
            break;
    }
    return (ssize_t)done;
}
