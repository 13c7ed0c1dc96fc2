/* SPDX-License-Identifier: Apache-2.0 */
/* Data that came: into the receive queue in order, the packets as they are. */
#include "tcp.h"

#define COPIED_MOST 512u /* a segment that short goes into the last one's buffer, if it fits */

uint32_t tcp_packet_memory(const struct packet *p)
{
    uint32_t sum = 0;

    for (; p; p = p->next)
        sum += p->room;
    return sum;
}

/* Many small segments that wait would take a buffer each. */
static bool put_into_last(struct tcp *t, const struct packet *p, uint32_t skip, uint32_t len)
{
    if (LIKELY(list_empty(&t->rcv_queue)) || len > COPIED_MOST)
        return false;
    struct packet *last = LIST_ENTRY(t->rcv_queue.prev, struct packet, link);
    if (last->refs > 1 || last->next || last->slices || packet_tailroom(last) < len)
        return false;
    return packet_copy(p, skip, packet_append(last, len), len);
}

/* `len` bytes from `skip` on come next; takes the packet. */
void tcp_queue_in_order(struct tcp *t, struct packet *p, uint32_t seq, uint32_t skip, uint32_t len)
{
    t->rcv_nxt = seq + len;
    t->bytes_received += len;
    if (UNLIKELY(put_into_last(t, p, skip, len))) {
        packet_free(p);
        return;
    }
    if (UNLIKELY(p->total > skip + len))
        packet_trim(p, skip + len);
    p->note[0] = seq;
    p->note[1] = skip;
    t->rcv_memory += tcp_packet_memory(p);
    list_push_back(&t->rcv_queue, &p->link);
}

static void wake_reader(struct tcp *t)
{
    uint32_t want = t->inet.s.rcvlowat;

    if (want <= 1 || t->rcv_nxt - t->copied >= MIN(want, tcp_window_capacity(t)))
        socket_wake(&t->inet.s, POLLIN | POLLRDNORM);
}

/* RFC 9293 3.10.7.4, eighth: the peer has nothing more to say. */
void tcp_receive_fin(struct tcp *t)
{
    t->rcv_nxt++;
    t->fin_received = true;
    tcp_ack_soon(t);
    switch (t->state) {
    case TCP_SYN_RECEIVED:
    case TCP_ESTABLISHED: t->state = TCP_CLOSE_WAIT; break;
    case TCP_FIN_WAIT_1: t->state = TCP_CLOSING; break;
    case TCP_FIN_WAIT_2:
        tcp_send_ack(t);
        tcp_timewait(t, false);
        break;
    }
    socket_wake(&t->inet.s, POLLIN | POLLRDNORM | POLLRDHUP | (t->inet.s.shut & 2 ? POLLHUP : 0u));
}

void tcp_accept_data(struct tcp *t, struct tcp_segment *seg)
{
    struct packet *p = seg->packet;
    uint32_t edge = seq_max(t->rcv_adv, t->rcv_nxt), len = seg->len;
    bool fin = seg->flags & TCP_FIN;

    if (UNLIKELY(seg->seq != t->rcv_nxt)) {
        if (!seq_after(seg->end, t->rcv_nxt)) { /* nothing new */
            if (seg->len)
                tcp_dsack(t, seg->seq, seg->seq + len);
            tcp_ack_soon(t);
            packet_free(p);
            return;
        }
        if (seq_after(seg->seq, t->rcv_nxt)) {
            if (!seq_before(seg->seq, edge)) {
                tcp_ack_soon(t);
                packet_free(p);
                return;
            }
            tcp_ooo_add(t, seg);
            return;
        }
        tcp_dsack(t, seg->seq, t->rcv_nxt);
    }
    uint32_t skip = t->rcv_nxt - seg->seq;
    if (UNLIKELY(seq_after(seg->seq + len, edge))) { /* more than we offered */
        len = edge - seg->seq;
        fin = false;
        tcp_ack_soon(t);
    }
    if (len > skip) {
        tcp_queue_in_order(t, p, t->rcv_nxt, skip, len - skip);
        p = NULL;
    }
    if (UNLIKELY(t->ooo))
        tcp_ooo_pull(t);
    if (fin && t->rcv_nxt == seg->seq + len)
        tcp_receive_fin(t);
    if (!p) {
        tcp_tune_receive(t, seg);
        if (t->state != TCP_CLOSED && !t->dead) {
            tcp_ack_received(t, len - skip);
            wake_reader(t);
        }
    }
    packet_free(p);
}

void tcp_receive_purge(struct tcp *t)
{
    while (!list_empty(&t->rcv_queue)) {
        struct packet *p = LIST_ENTRY(t->rcv_queue.next, struct packet, link);
        list_remove(&p->link);
        packet_free(p);
    }
    t->rcv_memory = 0;
    tcp_ooo_free(t);
}
