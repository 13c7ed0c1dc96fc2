/* SPDX-License-Identifier: Apache-2.0 */
/* Reading segments: header, checksum, options (RFC 9293 3.1 and 3.2, RFC 2018, RFC 7323). */
#include <u2k/cursor.h>

#include "segment.h"

enum {
    OPTION_END = 0,
    OPTION_NOP = 1,
    OPTION_MSS = 2,
    OPTION_SCALE = 3,
    OPTION_SACK_PERMITTED = 4,
    OPTION_SACK = 5,
    OPTION_TIMESTAMP = 8
};

static void read_blocks(struct tcp_segment *seg, struct cursor *body)
{
    while (cursor_left(body) >= 8 && seg->opt.blocks < TCP_SACK_BLOCKS) {
        struct tcp_block b = {.start = cursor_be32(body)};
        b.end = cursor_be32(body);
        seg->block[seg->opt.blocks++] = b;
    }
}

static void read_option(struct tcp_segment *seg, unsigned kind, struct cursor *body)
{
    size_t len = cursor_left(body);
    bool syn = seg->flags & TCP_SYN;

    switch (kind) {
    case OPTION_MSS:
        if (syn && len == 2)
            seg->opt.mss = cursor_be16(body);
        break;
    case OPTION_SCALE:
        if (syn && len == 1) {
            uint8_t scale = cursor_u8(body);
            seg->opt.has_scale = true;
            seg->opt.scale = MIN(scale, 14); /* RFC 7323, 2.3 */
        }
        break;
    case OPTION_SACK_PERMITTED:
        if (syn && len == 0)
            seg->opt.sack_permitted = true;
        break;
    case OPTION_SACK:
        if (len % 8 == 0)
            read_blocks(seg, body);
        break;
    case OPTION_TIMESTAMP:
        if (len == 8) {
            seg->has_ts = true;
            seg->tsval = cursor_be32(body);
            seg->tsecr = cursor_be32(body);
        }
        break;
    default: break; /* unknown ones are skipped (RFC 9293, MUST-6) */
    }
}

/* A malformed option ends the reading, what was read before it counts: as Linux does. */
static void read_options(struct tcp_segment *seg, const uint8_t *at, size_t len)
{
    struct cursor c = cursor_over(at, len);

    while (cursor_left(&c) > 0) {
        unsigned kind = cursor_u8(&c);
        if (kind == OPTION_END)
            return;
        if (kind == OPTION_NOP)
            continue;
        unsigned size = cursor_u8(&c);
        if (c.bad || size < 2 || size - 2 > cursor_left(&c))
            return;
        struct cursor body = cursor_over(cursor_take(&c, size - 2), size - 2);
        read_option(seg, kind, &body);
    }
}

static COLD bool read_rare(struct tcp_segment *seg, struct packet *p)
{
    if (p->total < TCP_HEADER || !packet_contiguous(p, TCP_HEADER))
        return false;
    unsigned size = (((const struct tcp_header *)p->data)->offset >> 4) * 4u;
    if (size < TCP_HEADER || size > p->total || !packet_contiguous(p, size))
        return false;
    if (!(p->flags & (PACKET_CHECKED | PACKET_LOOPED)) &&
        packet_checksum(p, 0, checksum_pseudo(&p->src, &p->dst, IPPROTO_TCP, p->total)) != 0xffff)
        return false;

    *seg = (struct tcp_segment){.len = p->total - size,
                                .flags = ((const struct tcp_header *)p->data)->flags};
    read_options(seg, p->data + TCP_HEADER, size - TCP_HEADER);
    return true;
}

/* The commonest segments by far have the timestamp alone, behind two bytes of padding. */
static ALWAYS_INLINE bool usual(const struct packet *p)
{
    const struct tcp_header *h = (const struct tcp_header *)p->data;

    return p->len >= TCP_HEADER + TCP_TIMESTAMP_ROOM &&
           p->flags & (PACKET_CHECKED | PACKET_LOOPED) &&
           h->offset == (TCP_HEADER + TCP_TIMESTAMP_ROOM) << 2 && !(h->flags & TCP_SYN) &&
           raw32(h + 1) == TCP_TIMESTAMP_WORD;
}

bool tcp_segment_read(struct tcp_segment *seg, struct packet *p)
{
    if (LIKELY(usual(p))) {
        seg->len = p->total - (TCP_HEADER + TCP_TIMESTAMP_ROOM);
        seg->flags = ((const struct tcp_header *)p->data)->flags;
        seg->has_ts = true;
        seg->opt = (struct tcp_rare_options){0};
        seg->iss = 0;
        seg->tsval = be32(p->data + TCP_HEADER + 4);
        seg->tsecr = be32(p->data + TCP_HEADER + 8);
    } else if (!read_rare(seg, p)) {
        return false;
    }
    const struct tcp_header *h = (const struct tcp_header *)p->data;
    seg->packet = p;
    seg->seq = swap32(h->seq);
    seg->ack = swap32(h->ack);
    seg->window = swap16(h->window);
    seg->urgent = swap16(h->urgent);
    seg->end = seg->seq + seg->len + !!(seg->flags & TCP_SYN) + !!(seg->flags & TCP_FIN);
    p->transport = p->data;
    packet_advance(p, p->total - seg->len);
    return true;
}
