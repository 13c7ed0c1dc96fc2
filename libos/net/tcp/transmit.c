/* SPDX-License-Identifier: Apache-2.0 */
/* Building and sending a connection's segments: header, options, payload by reference. */
#include "tcp.h"

static uint8_t *put32(uint8_t *at, uint32_t v)
{
    uint32_t word = swap32(v);

    __builtin_memcpy(at, &word, 4);
    return at + 4;
}

/* SACK blocks stand in front of what is pushed already. */
static unsigned push_blocks(struct tcp *t, struct packet *p)
{
    struct tcp_block block[TCP_SACK_BLOCKS];
    unsigned n = tcp_sack_blocks(t, block, t->ts_on ? 3 : 4);

    if (n == 0)
        return 0;
    uint8_t *at = packet_retreat(p, 4 + n * 8);
    at = put32(at, 0x01010500u | (2 + n * 8));
    for (unsigned i = 0; i < n; i++)
        at = put32(put32(at, block[i].start), block[i].end);
    return 4 + n * 8;
}

/* Urgent data is under way. */
static COLD void announce_urgent(const struct tcp *t, struct tcp_header *h, uint32_t seq)
{
    if (!seq_after(t->urgent_up, seq))
        return;
    h->flags |= TCP_URG;
    h->urgent = swap16((uint16_t)MIN(t->urgent_up - seq, 0xffffu));
}

static COLD int no_route(struct tcp *t)
{
    return inet_route(&t->inet, &t->inet.peer);
}

/* Put the header in front of the payload and send it. Takes the packet. */
static void transmit(struct tcp *t, struct packet *p, uint32_t seq, unsigned flags)
{
    unsigned size = TCP_HEADER + (UNLIKELY(t->ooo) && t->sack_on ? push_blocks(t, p) : 0);
    unsigned front = t->ts_on ? TCP_HEADER + TCP_TIMESTAMP_ROOM : TCP_HEADER;
    struct inet_socket *inet = &t->inet;
    struct tcp_header *h = (struct tcp_header *)packet_retreat(p, front);

    if (LIKELY(t->ts_on)) {
        const uint32_t words[3] = {TCP_TIMESTAMP_WORD, swap32(tcp_stamp(t)), swap32(t->ts_recent)};
        __builtin_memcpy(h + 1, words, sizeof words);
        size += TCP_TIMESTAMP_ROOM;
    }
    h->source = swap16(inet->local_port);
    h->destination = swap16(inet->peer_port);
    h->seq = swap32(seq);
    h->ack = swap32(t->rcv_nxt);
    h->offset = (uint8_t)(size << 2);
    h->flags = (uint8_t)flags;
    h->window = swap16((uint16_t)(tcp_receive_window(t) >> t->rcv_scale));
    h->urgent = 0;
    if (UNLIKELY(t->urgent_sent))
        announce_urgent(t, h, seq);
    uint32_t sum = t->pseudo + swap16((uint16_t)p->total);
    sum = (sum & 0xffff) + (sum >> 16);
    h->checksum = (uint16_t)((sum & 0xffff) + (sum >> 16));
    p->flags |= PACKET_SUM_WANTED;
    p->csum_start = p->transport = (uint8_t *)h;
    p->csum_offset = offsetof(struct tcp_header, checksum);
    p->src = inet->local;
    p->dst = inet->peer;
    p->protocol = IPPROTO_TCP;
    p->ttl = inet->ttl;
    p->tos = inet->tos;

    t->ack_now = false;
    t->due &= (uint8_t)~DUE_ACK;
    t->rcv_acked = t->rcv_nxt;
    if (UNLIKELY(!ip_route_valid(&inet->route)) && no_route(t) < 0) {
        packet_free(p);
        return;
    }
    if (UNLIKELY(ip_send(p, &inet->route, inet->mtu_discover != 0) == -EMSGSIZE))
        tcp_mtu_lowered(
            t, inet->route.mtu); /* the path has become narrower: retransmissions will fit */
}

static struct tcp_chunk *chunk_of(struct tcp *t, uint32_t seq)
{
    struct tcp_chunk *c = t->send_next;

    if (!c || seq_before(seq, c->seq))
        c = t->send_head;
    while (c && !seq_after(c->seq + c->len, seq))
        c = c->next;
    return c;
}

/* Segmentation by the device: what it has to know (bytes of payload per segment). */
static void offload(struct tcp *t, struct packet *p, uint32_t len)
{
    uint32_t mss = tcp_mss(t);

    if (len <= mss)
        return;
    p->gso = ip_is_v4(&t->inet.peer) ? GSO_TCP4 : GSO_TCP6;
    p->gso_size = (uint16_t)mss;
}

/* The bytes are the start of a buffer that has not been sent yet: the header goes in front of them. */
static struct packet *whole_chunk(struct tcp_chunk *c, uint32_t len)
{
    struct packet *p = packet_ref(tcp_chunk_packet(c));

    p->data = c->data;
    p->len = p->total = len;
    c->headroom = false;
    return p;
}

static struct packet *slices_from(struct tcp_chunk *c, uint32_t seq, uint32_t len)
{
    unsigned pieces = 0;
    uint32_t left = len, offset = seq - c->seq;

    for (struct tcp_chunk *at = c; at && left; at = at->next, pieces++)
        left -= MIN(left, at == c ? at->len - offset : at->len);
    struct packet *p = packet_new_sliced(PACKET_HEADROOM, 0, pieces);
    for (left = len; p && left; c = c->next, offset = 0) {
        uint32_t n = MIN(left, c->len - offset);
        if (!packet_slice(p, c->data + offset, n, c->in_place ? tcp_chunk_packet(c) : NULL)) {
            packet_free(p);
            return NULL;
        }
        left -= n;
    }
    return p;
}

/* Send [seq, end) of what was written; a FIN where `end` lies behind it. False: no memory. */
bool tcp_send_range(struct tcp *t, uint32_t seq, uint32_t end, unsigned flags)
{
    uint32_t data_end = seq_min(end, t->written), len = data_end - seq;
    struct packet *p;

    if (seq_after(end, t->written))
        flags |= TCP_FIN;
    if (seq_before(seq, t->written)) {
        struct tcp_chunk *c = chunk_of(t, seq);
        bool whole = c->headroom && c->in_place && seq == c->seq && len <= c->len;
        p = whole ? whole_chunk(c, len) : slices_from(c, seq, len);
    } else {
        p = packet_new(PACKET_HEADROOM, 0);
        len = 0;
    }
    if (UNLIKELY(!p))
        return false;
    offload(t, p, len);
    transmit(t, p, seq, flags);
    return true;
}

void tcp_send_ack(struct tcp *t)
{
    struct packet *p = packet_new(PACKET_HEADROOM, 0);

    if (UNLIKELY(!p)) { /* the peer's retransmission asks again */
        tcp_timer_ack(t, TCP_DELAYED_ACK);
        return;
    }
    transmit(t, p, t->snd_nxt, TCP_ACK);
}

/* One byte below the window's edge or beyond it: asks for an acknowledgement (RFC 9293 3.8.6.1, RFC 1122 4.2.3.6). */
void tcp_send_probe(struct tcp *t, bool old_byte)
{
    struct packet *p = packet_new(PACKET_HEADROOM, 0);

    if (p)
        transmit(t, p, old_byte ? t->snd_una - 1 : t->snd_nxt, TCP_ACK);
}

void tcp_send_syn(struct tcp *t, bool with_ack)
{
    const struct tcp_control c = {
        .tuple = tcp_tuple(t),
        .seq = t->snd_una,
        .ack = with_ack ? t->rcv_nxt : 0,
        .flags = (uint8_t)(TCP_SYN | (with_ack ? TCP_ACK : 0)),
        .window = (uint16_t)MIN(tcp_receive_window(t), 0xffffu),
        .ts_on = t->ts_on,
        .tsval = tcp_stamp(t),
        .tsecr = with_ack ? t->ts_recent : 0,
        .mss = tcp_mss_advertised(t),
        .sack_permitted = t->sack_on,
        .has_scale = t->rcv_scale > 0,
        .scale = t->rcv_scale,
        .tos = t->inet.tos,
        .device = t->inet.s.device,
    };
    tcp_send_control(&c);
}
