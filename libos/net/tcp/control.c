/* SPDX-License-Identifier: Apache-2.0 */
/* Segments that belong to no connection, or not yet: SYN and ACK, resets, answers of TIME-WAIT. */
#include "tcp.h"

static uint8_t *put32(uint8_t *at, uint32_t v)
{
    uint32_t word = swap32(v);

    __builtin_memcpy(at, &word, 4);
    return at + 4;
}

/* Options in the order and with the padding of Linux: MSS, SACK permitted, timestamp, window scale. At most 20 bytes. */
size_t tcp_options_write(uint8_t *at, const struct tcp_control *c)
{
    uint8_t *start = at;

    if (c->mss)
        at = put32(at, 0x02040000u | c->mss);
    if (c->ts_on) {
        at = put32(at, c->sack_permitted ? 0x0402080au : 0x0101080au);
        at = put32(at, c->tsval);
        at = put32(at, c->tsecr);
    } else if (c->sack_permitted) {
        at = put32(at, 0x01010402u);
    }
    if (c->has_scale)
        at = put32(at, 0x01030300u | c->scale);
    return (size_t)(at - start);
}

void tcp_send_control(const struct tcp_control *c)
{
    const struct tcp_tuple *t = c->tuple;
    struct ip_route route;
    uint8_t options[20];
    size_t size = tcp_options_write(options, c);

    if (ip_route(&t->peer, &t->local, c->device, &route) < 0)
        return;
    struct packet *p = packet_new(PACKET_HEADROOM, TCP_HEADER + sizeof options);
    if (!p)
        return;
    struct tcp_header *h = (struct tcp_header *)packet_append(p, TCP_HEADER + size);
    *h = (struct tcp_header){
        .source = swap16(t->local_port),
        .destination = swap16(t->peer_port),
        .seq = swap32(c->seq),
        .ack = swap32(c->ack),
        .offset = (uint8_t)((TCP_HEADER + size) / 4 << 4),
        .flags = c->flags,
        .window = swap16(c->window),
    };
    memcpy(h + 1, options, size);
    p->src = t->local;
    p->dst = t->peer;
    p->protocol = IPPROTO_TCP;
    p->ttl = 0;
    p->tos = c->tos;
    p->transport = p->data;
    p->csum_start = p->data;
    p->csum_offset = offsetof(struct tcp_header, checksum);
    p->flags |= PACKET_SUM_WANTED;
    h->checksum = checksum_pseudo(&p->src, &p->dst, IPPROTO_TCP, p->total);
    (void)ip_send(p, &route, true);
}
