/* SPDX-License-Identifier: Apache-2.0 */
/* When received data is acknowledged (RFC 9293 3.8.6.3, RFC 5681 4.2). */
#include "tcp.h"

void tcp_ack_soon(struct tcp *t)
{
    t->ack_now = true;
    tcp_later(t);
}

/* Data came in order. Two segments' worth, and the first segments of a connection, are acknowledged at the end of the
 * batch; less waits for the program's answer to carry it. */
void tcp_ack_received(struct tcp *t, uint32_t len)
{
    if (len > t->rcv_mss)
        t->rcv_mss = (uint16_t)MIN(len, tcp_mss_advertised(t));
    if (t->rcv_nxt - t->rcv_acked > t->rcv_mss) {
        tcp_ack_soon(t);
        return;
    }
    if (t->quick && !t->pingpong) {
        t->quick--;
        tcp_ack_soon(t);
        return;
    }
    tcp_timer_ack(t, TCP_DELAYED_ACK);
}
