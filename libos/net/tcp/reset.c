/* SPDX-License-Identifier: Apache-2.0 */
/* Resets (RFC 9293, 3.5.2 and 3.10.7.1). */
#include "tcp.h"

void tcp_send_reset(struct tcp *t)
{
    const struct tcp_control c = {
        .tuple = tcp_tuple(t),
        .seq = t->snd_nxt,
        .ack = t->rcv_nxt,
        .flags = TCP_RST | TCP_ACK,
        .ts_on = t->ts_on,
        .tsval = tcp_stamp(t),
        .tsecr = t->ts_recent,
        .tos = t->inet.tos,
        .device = t->inet.s.device,
    };
    tcp_send_control(&c);
}

/* Never to a reset; acceptable to whoever sent the segment. */
void tcp_reset_answer(const struct tcp_segment *seg)
{
    const struct packet *p = seg->packet;
    const struct tcp_header *h = (const struct tcp_header *)p->transport;
    const struct tcp_tuple tuple = {p->dst, p->src, swap16(h->destination), swap16(h->source)};
    struct tcp_control c = {.tuple = &tuple, .flags = TCP_RST, .device = tcp_scope(p)};

    if (seg->flags & TCP_RST)
        return;
    if (seg->flags & TCP_ACK) {
        c.seq = seg->ack;
    } else {
        c.ack = seg->end;
        c.flags |= TCP_ACK;
    }
    tcp_send_control(&c);
}
