/* SPDX-License-Identifier: Apache-2.0 */
/* What a socket is ready for (tcp_poll() of Linux). */
#include "tcp.h"

static unsigned readable(const struct tcp *t)
{
    const struct socket *s = &t->inet.s;
    uint32_t want = s->rcvlowat > 1 ? MIN(s->rcvlowat, tcp_window_capacity(t)) : 1;

    return tcp_readable_bytes(t) >= want ? POLLIN | POLLRDNORM : 0;
}

unsigned tcp_poll(struct socket *s)
{
    struct tcp *t = tcp_of(s);
    unsigned events = 0;

    if (t->state == TCP_LISTEN)
        return list_empty(&t->listener->ready) ? 0 : POLLIN | POLLRDNORM;
    if (s->error)
        events |= POLLERR;
    if (s->shut == 3 || t->state == TCP_CLOSED)
        events |= POLLHUP;
    if (s->shut & 1 || t->fin_received)
        events |= POLLIN | POLLRDNORM | POLLRDHUP;
    if (t->state == TCP_SYN_SENT)
        return events;
    events |= readable(t);
    if (t->urgent == URGENT_THERE)
        events |= POLLPRI;
    if (s->shut & 2 || t->state == TCP_CLOSED || tcp_writable(t))
        events |= POLLOUT | POLLWRNORM;
    else
        t->no_space = true; /* whoever asks wants to be told */
    return events;
}
