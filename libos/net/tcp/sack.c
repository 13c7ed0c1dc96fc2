/* SPDX-License-Identifier: Apache-2.0 */
/* SACK blocks from the peer: the scoreboard (RFC 2018, RFC 6675), duplicates told (RFC 2883). */
#include "tcp.h"

/* The first block tells a duplicate if it is below the acknowledgement or inside the second one. */
static bool is_dsack(const struct tcp_segment *seg)
{
    const struct tcp_block *b = seg->block;

    if (seq_before(b[0].start, seg->ack))
        return true;
    return seg->opt.blocks > 1 && !seq_before(b[0].start, b[1].start) &&
           !seq_after(b[0].end, b[1].end);
}

static void arrived(struct tcp *t, struct tcp_sent *s, const struct tcp_segment *seg,
                    struct tcp_acked *acked)
{
    struct tcp_loss *l = t->loss;

    if (!(s->flags & SENT_TWICE) && seq_before(s->seq, l->fack))
        acked->original_late = true;
    if (s->flags & SENT_TWICE)
        acked->again_acked = true;
    tcp_rack_advance(t, s, seg);
    acked->delivered += tcp_sent_len(s);
    acked->sacked = true;
    tcp_sent_flag(t, s, SENT_SACKED, SENT_LOST | SENT_AGAIN);
}

/* First record that ends behind `seq`. */
static unsigned find(const struct tcp *t, uint32_t seq)
{
    unsigned low = 0, high = t->sent_count;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (seq_after(tcp_sent_at(t, middle)->end, seq))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Neighbours that have arrived become one record, so that there are few: from..to - 1 and those beside them. */
static void merge(struct tcp *t, unsigned from, unsigned to)
{
    unsigned out = from ? from - 1 : 0, next = out + 1, stop = MIN(to + 1, t->sent_count);

    for (; next < stop; next++) {
        struct tcp_sent *kept = tcp_sent_at(t, out), *s = tcp_sent_at(t, next);
        if (kept->flags & s->flags & SENT_SACKED)
            kept->end = s->end;
        else if (++out != next)
            *tcp_sent_at(t, out) = *s;
    }
    if (++out >= next)
        return;
    memmove(tcp_sent_at(t, out), tcp_sent_at(t, next),
            (t->sent_count - next) * sizeof(struct tcp_sent));
    t->sent_count = (uint16_t)(t->sent_count - (next - out));
}

static void read_block(struct tcp *t, struct tcp_block b, const struct tcp_segment *seg,
                       struct tcp_acked *acked)
{
    unsigned first = find(t, b.start), i;

    for (i = first; i < t->sent_count; i++) {
        struct tcp_sent *s = tcp_sent_at(t, i);
        if (!seq_before(s->seq, b.end))
            break;
        if (s->flags & SENT_SACKED)
            continue;
        if (seq_before(s->seq, b.start)) {
            if (!tcp_sent_split(t, i, b.start))
                break;
            continue;
        }
        if (seq_after(s->end, b.end) && !tcp_sent_split(t, i, b.end))
            break;
        arrived(t, tcp_sent_at(t, i), seg, acked);
    }
    merge(t, first, i);
}

void tcp_sack_read(struct tcp *t, const struct tcp_segment *seg, struct tcp_acked *acked)
{
    struct tcp_loss *l = t->loss;
    unsigned first = 0;
    uint32_t fack = l->fack;

    if (is_dsack(seg)) {
        acked->dsack = true;
        if (l->undo_again)
            l->undo_again--;
        first = 1;
    }
    for (unsigned i = first; i < seg->opt.blocks; i++) {
        struct tcp_block b = seg->block[i];
        if (!seq_before(b.start, b.end) || seq_after(b.end, t->snd_nxt) ||
            !seq_after(b.end, t->snd_una))
            continue;
        b.start = seq_max(b.start, t->snd_una);
        read_block(t, b, seg, acked);
        fack = seq_max(fack, b.end);
    }
    l->fack = fack;
}
