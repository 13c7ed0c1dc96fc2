/* SPDX-License-Identifier: Apache-2.0 */
/* send(2) and its family: bytes are copied once, into the send queue; sendfile(2): not even that. */
#include <u2k/boot.h>

#include "tcp.h"

#define FEW_SENT 4u /* as long as fewer are in flight, small writes get packets of their own */

/* Why nothing can be sent: an error that is to be told, a connection that is not there. */
static COLD int cannot_send(struct tcp *t)
{
    struct socket *s = &t->inet.s;

    if (s->error) {
        int err = -s->error;
        s->error = 0;
        return err;
    }
    if (s->shut & SHUT_WRITING)
        return -EPIPE;
    return in_state(t, STATE(TCP_SYN_SENT) | STATE(TCP_SYN_RECEIVED)) ? -EAGAIN : -EPIPE;
}

static ALWAYS_INLINE int can_send(struct tcp *t)
{
    const struct socket *s = &t->inet.s;

    return LIKELY(in_state(t, TCP_SENDING) && !s->error && !(s->shut & SHUT_WRITING))
               ? 0
               : cannot_send(t);
}

/* SO_SNDBUF, or by itself twice what the network takes at a time. */
static COLD uint32_t space_rare(const struct tcp *t)
{
    uint32_t most = t->inet.s.sndbuf, queued = tcp_send_queued(t);

    if (!t->sndbuf_set && packet_memory < packet_memory_max / 2)
        most = MAX(most, MIN(2 * t->cwnd, TCP_SNDBUF_MAX));

    if (UNLIKELY(tcp_unsent(t) >= t->notsent_lowat) || packet_memory >= packet_memory_max / 8 * 7)
        return 0;
    return most > queued ? most - queued : 0;
}

static ALWAYS_INLINE uint32_t space(const struct tcp *t)
{
    return LIKELY(t->written == t->snd_una && packet_memory < packet_memory_max / 2)
               ? t->inet.s.sndbuf
               : space_rare(t);
}

/* As poll(2) has it: a third of the buffer is free (sk_stream_is_writeable() of Linux). */
bool tcp_writable(const struct tcp *t)
{
    return space(t) >= MAX(tcp_send_queued(t) / 2, 1u);
}

void tcp_wake_writer(struct tcp *t)
{
    if (LIKELY(!t->no_space) || !tcp_writable(t))
        return;
    t->no_space = false;
    socket_wake(&t->inet.s, POLLOUT | POLLWRNORM);
}

/* The last buffer takes more, if it has room and a packet of its own would be waste. */
static bool has_room(const struct tcp *t, const struct tcp_chunk *c)
{
    return c && c->in_place && c->len < c->size &&
           (c->seq + c->len != t->snd_nxt || t->sent_count >= FEW_SENT);
}

/* The copy may fault and wait: another thread may have sent or closed meanwhile, then it is made again. */
static ssize_t copy_into_last(struct tcp *t, struct iter *it, uint32_t n)
{
    struct tcp_chunk *c = t->send_tail;
    struct packet *pinned = packet_ref(tcp_chunk_packet(c));
    const struct iter before = *it;
    uint32_t len = c->len;
    ssize_t got = (ssize_t)iter_read(c->data + len, it, MIN(n, c->size - len));

    if (LIKELY(t->send_tail == c && c->len == len && in_state(t, TCP_SENDING))) {
        c->len += (uint32_t)got;
        t->written += (uint32_t)got;
        got = got ? got : -EFAULT;
        if (!t->send_next && t->snd_nxt == c->seq + len)
            t->send_next = c;
    } else {
        *it = before;
        got = 0;
    }
    packet_free(pinned);
    return got;
}

static ssize_t copy_into_new(struct tcp *t, struct iter *it, uint32_t n)
{
    struct tcp_chunk *c = tcp_chunk_new(n);

    if (!c)
        return t->send_head ? -EAGAIN : -ENOBUFS;
    c->len = (uint32_t)iter_read(c->data, it, MIN(n, c->size));
    if (UNLIKELY(c->len == 0 || !in_state(t, TCP_SENDING))) {
        bool fault = c->len == 0;
        tcp_chunk_free(c);
        return fault ? -EFAULT : -EPIPE;
    }
    ssize_t got = (ssize_t)c->len;
    tcp_chunk_append(t, c);
    return got;
}

ssize_t tcp_send(struct socket *s, struct message *m)
{
    struct tcp *t = tcp_of(s);
    struct iter *it = m->data;
    ssize_t done = 0;
    int err = can_send(t);

    if (err < 0)
        return err;
    while (it->left > 0) {
        uint32_t n = space(t);
        if (UNLIKELY(n == 0)) {
            t->no_space = true;
            err = -EAGAIN;
            break;
        }
        n = (uint32_t)MIN(it->left, n);
        ssize_t got = UNLIKELY(has_room(t, t->send_tail)) ? copy_into_last(t, it, n)
                                                          : copy_into_new(t, it, n);
        if (got < 0) {
            err = (int)got;
            t->no_space |= err == -EAGAIN;
            break;
        }
        done += got;
        if (UNLIKELY((err = can_send(t)) < 0))
            break;
    }
    if (done > 0) {
        tcp_enter();
        t->more = (m->flags & MSG_MORE) && err == 0;
        if (UNLIKELY(m->flags & MSG_OOB)) {
            t->urgent_sent = true;
            t->urgent_up = t->written;
        }
        tcp_output(t);
        tcp_leave();
    }
    return done > 0 ? done : err;
}

/* Pages of the root image stay where they are for ever; those of other files are copied by generic code. */
static bool lasting(const void *page)
{
    const uint8_t *start = plat_info->bundle;

    return (const uint8_t *)page >= start && (const uint8_t *)page < start + plat_info->bundle_len;
}

ssize_t tcp_send_pages(struct socket *s, struct inode *in, uint64_t pos, size_t n, bool more)
{
    struct tcp *t = tcp_of(s);
    ssize_t done = 0;
    int err = can_send(t);

    while (err == 0 && n > 0) {
        uint32_t room = space(t);
        size_t run, offset = pos & PAGE_MASK;
        void *page;
        if (room == 0) {
            t->no_space = true;
            err = -EAGAIN;
            break;
        }
        err = file_page(in, pos >> PAGE_SHIFT, PAGE_FOR_READ, &page, &run);
        if (err < 0 || !page || !lasting(page)) {
            err = -EINVAL;
            break;
        }
        uint32_t len = (uint32_t)MIN(MIN(n, room), (MIN(run, 1u << 16) << PAGE_SHIFT) - offset);
        struct tcp_chunk *c = tcp_chunk_outside((const uint8_t *)page + offset, len);
        if (!c) {
            err = -EAGAIN;
            break;
        }
        tcp_chunk_append(t, c);
        done += len;
        pos += len;
        n -= len;
        err = can_send(t);
    }
    if (done > 0) {
        tcp_enter();
        t->more = more && err == 0;
        tcp_output(t);
        tcp_leave();
    }
    return done > 0 ? done : err;
}
