/* SPDX-License-Identifier: Apache-2.0 */
/* shutdown(2) and close(2). */
#include "tcp.h"

#define ORPHANS_MAX 4096u /* tcp_max_orphans: beyond it closing is by reset */

/* RFC 9293, 3.10.4: a FIN behind what has been written. */
void tcp_shutdown_send(struct tcp *t)
{
    if (t->fin_wanted || !in_state(t, TCP_SENDING | STATE(TCP_SYN_RECEIVED)))
        return;
    t->fin_wanted = true;
    if (t->state == TCP_ESTABLISHED)
        t->state = TCP_FIN_WAIT_1;
    else if (t->state == TCP_CLOSE_WAIT)
        t->state = TCP_LAST_ACK;
    tcp_output(t);
}

int tcp_shutdown(struct socket *s, int how)
{
    struct tcp *t = tcp_of(s);
    int err = 0;

    tcp_enter();
    if (t->state == TCP_CLOSED) {
        err = -ENOTCONN;
        s->shut |= (uint8_t)(how + 1); /* as on Linux: who polls sees it */
        socket_wake(s, POLLHUP | POLLIN | POLLOUT);
    } else if (t->state == TCP_SYN_SENT || (t->state == TCP_LISTEN && how != SHUT_WR)) {
        err = tcp_disconnect(t);
    } else {
        s->shut |= (uint8_t)(how + 1);
        if (how != SHUT_RD)
            tcp_shutdown_send(t);
        socket_wake(s, (how != SHUT_WR ? POLLIN | POLLRDNORM | POLLRDHUP : 0u) |
                           (how != SHUT_RD ? POLLOUT | POLLWRNORM : 0u) |
                           (s->shut == 3 ? POLLHUP : 0u));
    }
    tcp_leave();
    return err;
}

/* SO_LINGER: wait until all is acknowledged, some seconds at the most. */
static void linger(struct tcp *t)
{
    uint64_t until = clock_monotonic() + t->inet.s.linger_seconds * NSEC_PER_SEC;

    while (in_state(t, STATE(TCP_FIN_WAIT_1) | STATE(TCP_CLOSING) | STATE(TCP_LAST_ACK)))
        if (wait_on(&t->inet.s.wait, until, true) < 0)
            return;
}

/* What was sent and never read is lost to the peer: it has to know (RFC 2525, 2.17). */
static bool by_reset(const struct tcp *t)
{
    return t->rcv_nxt - t->fin_received != t->copied ||
           (t->inet.s.linger && t->inet.s.linger_seconds == 0) || tcp_orphans >= ORPHANS_MAX;
}

void tcp_close(struct socket *s)
{
    struct tcp *t = tcp_of(s);

    tcp_enter();
    s->shut = 3;
    if (t->state == TCP_LISTEN) {
        tcp_listen_close(t);
    } else if (t->state == TCP_SYN_SENT) {
        tcp_done(t);
    } else if (t->state != TCP_CLOSED && by_reset(t)) {
        tcp_send_reset(t);
        tcp_done(t);
    } else {
        tcp_shutdown_send(t);
        if (s->linger && s->linger_seconds && t->state != TCP_CLOSED) {
            tcp_leave();
            linger(t);
            tcp_enter();
        }
    }
    s->file = NULL;
    if (t->state == TCP_CLOSED) {
        tcp_bury(t);
    } else {
        t->orphan = true;
        tcp_orphans++;
        tcp_receive_purge(t);
        t->copied = t->rcv_nxt;
        if (t->state == TCP_FIN_WAIT_2)
            tcp_orphan_waits(t);
    }
    tcp_leave();
}
