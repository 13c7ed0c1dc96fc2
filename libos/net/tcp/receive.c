/* SPDX-License-Identifier: Apache-2.0 */
/* recv(2) and its family: out of the packets as they came, copied once. */
#include "tcp.h"

enum { NOTE_SEQ, NOTE_SKIP };

uint32_t tcp_readable_bytes(const struct tcp *t)
{
    uint32_t n = t->rcv_nxt - t->copied - t->fin_received;

    if (in_state(t, STATE(TCP_SYN_SENT) | STATE(TCP_LISTEN)))
        return 0;
    if (t->urgent == URGENT_NONE || t->inet.s.oobinline || seq_before(t->urgent_seq, t->copied) ||
        !seq_before(t->urgent_seq, t->rcv_nxt))
        return n;
    return t->urgent_seq == t->copied ? n - 1 : t->urgent_seq - t->copied; /* up to the mark */
}

static size_t copy_out(const struct packet *p, size_t offset, struct iter *it, size_t n)
{
    if (LIKELY(offset + n <= p->len))
        return iter_write(it, p->data + offset, n);
    return packet_to_iter(p, offset, it, n);
}

/* The first packet's bytes up to `skip + n` are read. */
static void consume(struct tcp *t, struct packet *p, size_t skip, size_t n)
{
    t->copied += (uint32_t)n;
    if (skip + n < p->total) {
        p->note[NOTE_SKIP] = skip + n;
        return;
    }
    list_remove(&p->link);
    t->rcv_memory -= tcp_packet_memory(p);
    packet_free(p);
}

/* Reading stops at the urgent byte, and passes over it if it is not inline. False: stop here. */
static bool pass_urgent(struct tcp *t, bool first, uint32_t at, size_t *n, bool *over)
{
    uint32_t to_mark = t->urgent_seq - at;

    *over = false;
    if (t->urgent == URGENT_NONE || to_mark >= *n)
        return true;
    if (to_mark > 0) {
        *n = to_mark;
        return true;
    }
    if (!first)
        return false;
    if (!t->inet.s.oobinline) {
        *n = 1;
        *over = true;
    }
    return true;
}

/* One packet's share. Bytes done; *stop: no more of this call. -EFAULT. */
static ssize_t read_packet(struct tcp *t, struct packet *p, struct iter *it, unsigned flags,
                           bool first, bool *stop)
{
    size_t skip = p->note[NOTE_SKIP], n = MIN(it->left, p->total - skip), got;
    bool over = false;

    if (UNLIKELY(t->urgent != URGENT_NONE) && !pass_urgent(t, first, t->copied, &n, &over)) {
        *stop = true;
        return 0;
    }
    if (UNLIKELY(over)) {
        consume(t, p, skip, 1);
        t->urgent = t->urgent == URGENT_TAKEN ? URGENT_NONE : t->urgent;
        return 0;
    }
    if (UNLIKELY(flags & MSG_TRUNC)) {
        iter_advance(it, n);
        got = n;
    } else {
        p->refs++; /* the copy may fault and wait; somebody else may read meanwhile */
        const struct iter before = *it;
        got = copy_out(p, skip, it, n);
        bool moved = t->rcv_queue.next != &p->link || p->note[NOTE_SKIP] != skip;
        if (UNLIKELY(moved)) {
            packet_free(p);
            *it = before;
            return 0;
        }
        p->refs--;
    }
    if (got == 0)
        return -EFAULT;
    *stop = got < n;
    if (t->urgent != URGENT_NONE && t->urgent_seq - t->copied < got)
        t->urgent = URGENT_NONE;
    consume(t, p, skip, got);
    return (ssize_t)got;
}

static ssize_t peek(struct tcp *t, struct iter *it, bool discard)
{
    ssize_t done = 0;
    size_t left = tcp_readable_bytes(t);

    LIST_FOR_EACH(at, &t->rcv_queue)
    {
        struct packet *p = LIST_ENTRY(at, struct packet, link);
        size_t skip = p->note[NOTE_SKIP], n = MIN(MIN(it->left, p->total - skip), left), got = n;
        if (n == 0)
            break;
        if (discard)
            iter_advance(it, n);
        else
            got = copy_out(packet_ref(p), skip, it, n);
        bool alone = !discard && p->refs == 1; /* read by somebody else while we waited */
        if (!discard)
            packet_free(p);
        done += (ssize_t)got;
        left -= got;
        if (got < n || alone)
            return done ? done : -EFAULT;
    }
    return done;
}

static ssize_t receive_urgent(struct tcp *t, struct message *m)
{
    if (t->inet.s.oobinline || t->urgent == URGENT_NONE || t->urgent == URGENT_TAKEN)
        return -EINVAL;
    if (t->urgent == URGENT_ANNOUNCED)
        return -EAGAIN;
    m->out_flags |= MSG_OOB;
    if (m->data->left == 0) {
        m->out_flags |= MSG_TRUNC;
        return 0;
    }
    uint8_t byte = t->urgent_byte;
    if (!(m->flags & MSG_PEEK))
        t->urgent = URGENT_TAKEN;
    return iter_write(m->data, &byte, 1) == 1 ? 1 : -EFAULT;
}

/* Nothing to read: the end, an error, or not yet. */
static ssize_t nothing(struct tcp *t)
{
    struct socket *s = &t->inet.s;

    if (s->error && !t->fin_received) {
        int err = -s->error;
        s->error = 0;
        return err;
    }
    if (s->shut & 1 || t->fin_received)
        return 0;
    return t->state == TCP_CLOSED ? -ENOTCONN : -EAGAIN;
}

ssize_t tcp_receive_message(struct socket *s, struct message *m)
{
    struct tcp *t = tcp_of(s);
    struct iter *it = m->data;
    ssize_t done = 0, got = 0;
    bool stop = false;

    if (t->state == TCP_LISTEN || (t->state == TCP_CLOSED && s->state == SOCKET_FRESH))
        return -ENOTCONN;
    if (UNLIKELY(m->flags & MSG_OOB))
        return receive_urgent(t, m);
    if (UNLIKELY(m->flags & MSG_ERRQUEUE))
        return -EAGAIN;
    if (UNLIKELY(m->flags & MSG_PEEK)) {
        done = peek(t, it, m->flags & MSG_TRUNC);
        return done || (it->left == 0 && !list_empty(&t->rcv_queue)) ? done : nothing(t);
    }
    while (it->left > 0 && !stop && !list_empty(&t->rcv_queue)) {
        struct packet *p = LIST_ENTRY(t->rcv_queue.next, struct packet, link);
        got = read_packet(t, p, it, m->flags, done == 0, &stop);
        if (got < 0)
            break;
        done += got;
    }
    if (done == 0)
        return got < 0 ? got : it->left == 0 && !list_empty(&t->rcv_queue) ? 0 : nothing(t);
    tcp_enter();
    tcp_tune_copied(t);
    tcp_window_read(t);
    tcp_leave();
    return done;
}
