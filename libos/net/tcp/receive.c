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

/* The copy may fault and wait, and somebody else may read meanwhile: then it is made again. */
static COLD ssize_t overtaken(struct packet *p, struct iter *it, const struct iter *before)
{
    packet_free(p);
    *it = *before;
    return 0;
}

/* `n` bytes of the first packet: bytes done, -EFAULT. */
static ssize_t read_packet(struct tcp *t, struct packet *p, struct iter *it, size_t n)
{
    size_t skip = p->note[NOTE_SKIP], got;
    const struct iter before = *it;

    p->refs++;
    got = copy_out(p, skip, it, n);
    if (UNLIKELY(t->rcv_queue.next != &p->link || p->note[NOTE_SKIP] != skip))
        return overtaken(p, it, &before);
    p->refs--;
    if (UNLIKELY(got == 0))
        return -EFAULT;
    consume(t, p, skip, got);
    return (ssize_t)got;
}

static size_t bytes_of(const struct packet *p)
{
    return p->total - p->note[NOTE_SKIP];
}

static struct packet *first_of(const struct tcp *t)
{
    return LIST_ENTRY(t->rcv_queue.next, struct packet, link);
}

/* Bytes with an urgent one among them, or to be thrown away (MSG_TRUNC). */
static COLD ssize_t read_special(struct tcp *t, struct iter *it, bool discard)
{
    ssize_t done = 0;

    while (it->left > 0 && !list_empty(&t->rcv_queue)) {
        struct packet *p = first_of(t);
        size_t n = MIN(it->left, bytes_of(p));
        bool over = false;
        ssize_t got = (ssize_t)n;
        if (t->urgent != URGENT_NONE && !pass_urgent(t, done == 0, t->copied, &n, &over))
            break;
        bool mark = t->urgent != URGENT_NONE && t->urgent_seq - t->copied < n;
        if (over || discard) {
            consume(t, p, p->note[NOTE_SKIP], n);
            got = over ? 0 : (ssize_t)n;
            if (!over)
                iter_advance(it, n);
        } else if ((got = read_packet(t, p, it, n)) < 0) {
            return done ? done : got;
        }
        if (mark && (!over || t->urgent == URGENT_TAKEN) && got >= 0)
            t->urgent = URGENT_NONE;
        done += got;
    }
    return done;
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
static COLD ssize_t nothing(struct tcp *t)
{
    struct socket *s = &t->inet.s;

    if (t->state == TCP_LISTEN || s->state == SOCKET_FRESH)
        return -ENOTCONN;
    if (s->error && !t->fin_received)
        return socket_take_error(s);
    if (s->shut & SHUT_READING || t->fin_received)
        return 0;
    return t->state == TCP_CLOSED ? -ENOTCONN : -EAGAIN;
}

static COLD ssize_t receive_special(struct tcp *t, struct message *m)
{
    if (m->flags & MSG_OOB)
        return receive_urgent(t, m);
    if (m->flags & MSG_ERRQUEUE)
        return -EAGAIN;
    if (m->flags & MSG_PEEK)
        return peek(t, m->data, m->flags & MSG_TRUNC);
    return read_special(t, m->data, m->flags & MSG_TRUNC);
}

ssize_t tcp_receive_message(struct socket *s, struct message *m)
{
    struct tcp *t = tcp_of(s);
    struct iter *it = m->data;
    ssize_t done = 0, got = 0;
    size_t want = it->left;

    if (UNLIKELY((m->flags & (MSG_OOB | MSG_ERRQUEUE | MSG_PEEK | MSG_TRUNC)) || t->urgent)) {
        done = receive_special(t, m);
        if (done < 0 || m->flags & (MSG_OOB | MSG_ERRQUEUE))
            return done;
    }
    while (it->left > 0 && !list_empty(&t->rcv_queue) && !(m->flags & MSG_PEEK) && !t->urgent) {
        struct packet *p = first_of(t);
        got = read_packet(t, p, it, MIN(it->left, bytes_of(p)));
        if (UNLIKELY(got < 0))
            break;
        done += got;
    }
    if (UNLIKELY(done == 0))
        return got < 0 ? got : want == 0 && !list_empty(&t->rcv_queue) ? 0 : nothing(t);
    tcp_was_read(t);
    return done;
}
