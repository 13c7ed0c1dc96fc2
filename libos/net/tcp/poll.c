/* SPDX-License-Identifier: Apache-2.0 */
/* What a socket is ready for (tcp_poll() of Linux). */
#include "tcp.h"

static unsigned readable(const struct tcp *t)
{
    uint32_t low = t->inet.s.rcvlowat, want = low > 1 ? MIN(low, tcp_window_capacity(t)) : 1;

    return tcp_readable_bytes(t) >= want ? POLLIN | POLLRDNORM : 0;
}

static COLD unsigned poll_rare(struct tcp *t)
{
    const struct socket *s = &t->inet.s;
    unsigned events = 0;

    if (t->state == TCP_LISTEN)
        return list_empty(&t->listener->ready) ? 0 : POLLIN | POLLRDNORM;
    if (s->error)
        events |= POLLERR;
    bool ended = s->shut & SHUT_READING || t->fin_received;
    if ((ended && s->shut & SHUT_WRITING) || t->state == TCP_CLOSED)
        events |= POLLHUP;
    if (ended)
        events |= POLLIN | POLLRDNORM | POLLRDHUP;
    if (t->state == TCP_SYN_SENT)
        return events;
    events |= readable(t);
    if (t->urgent == URGENT_THERE)
        events |= POLLPRI;
    if (s->shut & SHUT_WRITING || t->state == TCP_CLOSED || tcp_writable(t))
        events |= POLLOUT | POLLWRNORM;
    else
        t->no_space = true; /* whoever asks wants to be told */
    return events;
}

unsigned tcp_poll(struct socket *s)
{
    struct tcp *t = tcp_of(s);

    if (UNLIKELY(t->state != TCP_ESTABLISHED || s->error || s->shut || t->urgent ||
                 s->rcvlowat > 1 || t->written - t->snd_una > s->sndbuf / 2 ||
                 t->notsent_lowat != UINT32_MAX))
        return poll_rare(t);
    return POLLOUT | POLLWRNORM | (t->rcv_nxt != t->copied ? POLLIN | POLLRDNORM : 0u);
}
