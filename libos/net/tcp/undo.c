/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recovery that was not needed is undone: an acknowledgement with a timestamp from before the first retransmission
 * (Eifel detection, RFC 3522), or a D-SACK for each of them (RFC 3708), says that the originals arrived.
 */
#include "tcp.h"

void tcp_undo_reset(struct tcp *t)
{
    struct tcp_loss *l = t->loss;

    l->undo = true;
    l->undo_marker = t->snd_una;
    l->undo_again = 0;
    l->again_valid = false;
}

static void undo(struct tcp *t)
{
    struct tcp_loss *l = t->loss;

    for (unsigned i = 0; i < t->sent_count; i++)
        if (tcp_sent_at(t, i)->flags & SENT_LOST)
            tcp_sent_flag(t, tcp_sent_at(t, i), 0, SENT_LOST | SENT_AGAIN);
    t->cwnd = MAX(t->cwnd, l->prior_cwnd); /* RFC 4015, 3.2 */
    t->ssthresh = MAX(t->ssthresh, l->prior_ssthresh);
    t->recovery = TCP_OPEN;
    l->undo = false;
    l->dupacks = 0;
}

void tcp_undo_check(struct tcp *t, const struct tcp_segment *seg, const struct tcp_acked *acked)
{
    struct tcp_loss *l = t->loss;

    if (!l->undo || !l->again_valid)
        return;
    bool early =
        t->ts_on && seg->has_ts && acked->cumulative && seq_before(seg->tsecr, l->again_ts);
    bool all_twice = acked->dsack && l->undo_again == 0;
    if (early || all_twice)
        undo(t);
    else if (t->recovery == TCP_OPEN && seq_after(t->snd_una, l->high_seq))
        l->undo = false;
}
