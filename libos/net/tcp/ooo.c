/* SPDX-License-Identifier: Apache-2.0 */
/* Segments beyond a hole, and the SACK blocks that tell the peer of them (RFC 2018, 4; RFC 2883). */
#include "tcp.h"

/* Notes of a packet here: sequence number of its first byte, bytes to skip, end, whether a FIN follows. */
enum { NOTE_SEQ, NOTE_SKIP, NOTE_END, NOTE_FIN };

static struct packet *packet_at(struct list *l)
{
    return LIST_ENTRY(l, struct packet, link);
}
static uint32_t seq_of(struct list *l)
{
    return (uint32_t)packet_at(l)->note[NOTE_SEQ];
}
static uint32_t end_of(struct list *l)
{
    return (uint32_t)packet_at(l)->note[NOTE_END];
}

static struct tcp_ooo *need(struct tcp *t)
{
    if (!t->ooo && (t->ooo = NEW(struct tcp_ooo)))
        list_init(&t->ooo->queue);
    return t->ooo;
}

static void drop(struct tcp_ooo *o, struct packet *p)
{
    list_remove(&p->link);
    o->memory -= tcp_packet_memory(p);
    packet_free(p);
}

void tcp_ooo_free(struct tcp *t)
{
    if (!t->ooo)
        return;
    while (!list_empty(&t->ooo->queue))
        drop(t->ooo, packet_at(t->ooo->queue.next));
    DELETE(t->ooo);
    t->ooo = NULL;
}

void tcp_dsack(struct tcp *t, uint32_t start, uint32_t end)
{
    if (!t->sack_on || !need(t))
        return;
    t->ooo->dsack = (struct tcp_block){start, end};
    t->ooo->dsack_set = true;
}

/* The block that just grew comes first; those that it touches become part of it. */
static void add_block(struct tcp_ooo *o, uint32_t start, uint32_t end)
{
    struct tcp_block first = {start, end};
    unsigned kept = 0;

    for (unsigned i = 0; i < o->blocks; i++) {
        struct tcp_block b = o->block[i];
        if (seq_after(b.start, first.end) || seq_before(b.end, first.start)) {
            o->block[kept++] = b;
            continue;
        }
        first.start = seq_min(first.start, b.start);
        first.end = seq_max(first.end, b.end);
    }
    kept = MIN(kept, TCP_SACK_BLOCKS - 1);
    memmove(o->block + 1, o->block, kept * sizeof(o->block[0]));
    o->block[0] = first;
    o->blocks = (uint8_t)(kept + 1);
}

unsigned tcp_sack_blocks(struct tcp *t, struct tcp_block *out, unsigned max)
{
    struct tcp_ooo *o = t->ooo;
    unsigned n = 0;

    if (o->dsack_set)
        out[n++] = o->dsack;
    o->dsack_set = false;
    for (unsigned i = 0; i < o->blocks && n < max; i++)
        out[n++] = o->block[i];
    if (list_empty(&o->queue))
        tcp_ooo_free(t);
    return n;
}

/* Is there memory for one more? A sender that is honest fills the hole soon; one that is not must not hold much. */
static bool room_for(const struct tcp *t, const struct packet *p)
{
    return t->rcv_memory + t->ooo->memory + tcp_packet_memory(p) <= 2 * t->inet.s.rcvbuf &&
           packet_memory < packet_memory_max / 4 * 3;
}

void tcp_ooo_add(struct tcp *t, struct tcp_segment *seg)
{
    struct packet *p = seg->packet;
    uint32_t seq = seg->seq, end = seg->seq + seg->len, edge = seq_max(t->rcv_adv, t->rcv_nxt);
    bool fin = seg->flags & TCP_FIN;

    tcp_ack_soon(t); /* RFC 5681, 4.2: at once */
    if (seq_after(end, edge)) {
        end = edge;
        fin = false;
    }
    if (!need(t) || !room_for(t, p)) {
        packet_free(p);
        return;
    }
    struct tcp_ooo *o = t->ooo;
    struct list *before = o->queue.prev; /* behind which it goes */
    while (before != &o->queue && seq_before(seq, seq_of(before)))
        before = before->prev;
    if (before != &o->queue && seq_before(seq, end_of(before))) {
        tcp_dsack(t, seq, seq_min(end, end_of(before)));
        seq = end_of(before);
    }
    struct list *after = before->next;
    while (after != &o->queue && !seq_after(end_of(after), end)) {
        struct list *next = after->next;
        fin = fin || packet_at(after)->note[NOTE_FIN];
        tcp_dsack(t, seq_of(after), end_of(after));
        drop(o, packet_at(after));
        after = next;
    }
    if (after != &o->queue && seq_before(seq_of(after), end)) {
        tcp_dsack(t, seq_of(after), end);
        end = seq_of(after);
        fin = false;
    }
    if (seq_before(end, seq) || (seq == end && !fin)) {
        packet_free(p);
        return;
    }
    p->note[NOTE_SEQ] = seq;
    p->note[NOTE_SKIP] = seq - seg->seq;
    p->note[NOTE_END] = end;
    p->note[NOTE_FIN] = fin;
    o->memory += tcp_packet_memory(p);
    list_insert_after(before, &p->link);
    if (seq != end)
        add_block(o, seq, end);
}

/* The hole may be filled: what follows in order moves to the receive queue. */
void tcp_ooo_pull(struct tcp *t)
{
    struct tcp_ooo *o = t->ooo;
    bool fin = false;

    while (!list_empty(&o->queue) && !seq_after(seq_of(o->queue.next), t->rcv_nxt)) {
        struct packet *p = packet_at(o->queue.next);
        uint32_t end = (uint32_t)p->note[NOTE_END], past = t->rcv_nxt - (uint32_t)p->note[NOTE_SEQ];
        fin = p->note[NOTE_FIN] && !seq_before(end, t->rcv_nxt);
        if (!seq_after(end, t->rcv_nxt)) {
            if (past)
                tcp_dsack(t, (uint32_t)p->note[NOTE_SEQ], end);
            drop(o, p);
            continue;
        }
        list_remove(&p->link);
        o->memory -= tcp_packet_memory(p);
        tcp_queue_in_order(t, p, t->rcv_nxt, (uint32_t)p->note[NOTE_SKIP] + past, end - t->rcv_nxt);
    }
    unsigned kept = 0;
    for (unsigned i = 0; i < o->blocks; i++)
        if (seq_after(o->block[i].end, t->rcv_nxt))
            o->block[kept++] = o->block[i];
    o->blocks = (uint8_t)kept;
    tcp_ack_soon(t); /* a hole was filled (RFC 5681, 4.2) */
    if (list_empty(&o->queue) && !o->dsack_set)
        tcp_ooo_free(t);
    if (fin)
        tcp_receive_fin(t);
}
