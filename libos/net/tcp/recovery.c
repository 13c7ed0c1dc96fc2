/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loss recovery: RACK says what is lost (RFC 8985), proportional rate reduction how fast to send meanwhile (RFC 6937).
 * Peers without SACK: NewReno (RFC 6582), its duplicates counted as in RFC 5681.
 */
#include "tcp.h"

#define DUPACKS 3u

/* State of loss; what is compared with sequence numbers is brought up to date when trouble begins. */
struct tcp_loss *tcp_loss_need(struct tcp *t)
{
    if (!t->loss) {
        t->loss = NEW(struct tcp_loss);
        if (!t->loss)
            return NULL;
        t->loss->reo_mult = 1;
        t->loss->reo_round = t->snd_una;
    }
    if (!t->trouble) {
        t->loss->fack = t->loss->high_seq = t->snd_una;
        t->loss->rack_valid = false;
        t->loss->undo = false;
    }
    return t->loss;
}

static void settle(struct tcp *t)
{
    const struct tcp_loss *l = t->loss;

    t->trouble = t->recovery != TCP_OPEN || l->sacked || l->lost || l->again || l->dupacks ||
                 l->tlp_out || l->undo;
}

/* Once a window of data: what is remembered for undoing it, and the new threshold. */
static void reduce(struct tcp *t)
{
    struct tcp_loss *l = t->loss;

    l->prior_cwnd = t->cwnd;
    l->prior_ssthresh = t->ssthresh;
    tcp_undo_reset(t);
    t->ssthresh = tcp_congestions[t->congestion]->ssthresh(t);
}

void tcp_recovery_enter(struct tcp *t)
{
    struct tcp_loss *l = t->loss;

    l->high_seq = t->snd_nxt;
    l->prr_delivered = l->prr_out = 0;
    reduce(t);
    t->recovery = TCP_RECOVERY;
    t->trouble = true;
}

/* All that was not told to have arrived is taken for lost, and sent again in slow start (RFC 5681, 3.1). */
void tcp_recovery_timeout(struct tcp *t)
{
    struct tcp_loss *l = tcp_loss_need(t);

    if (!l)
        return;
    /* The head was told to be there and has been dropped since: nothing of it holds (RFC 2018, 8). */
    bool reneged = t->sent_count && tcp_sent_at(t, 0)->flags & SENT_SACKED;
    for (unsigned i = 0; i < t->sent_count; i++) {
        struct tcp_sent *s = tcp_sent_at(t, i);
        if (reneged || !(s->flags & SENT_SACKED))
            tcp_sent_flag(t, s, SENT_LOST, SENT_AGAIN | SENT_SACKED);
    }
    if (t->recovery != TCP_LOSS &&
        (t->recovery == TCP_OPEN || !seq_before(t->snd_una, l->high_seq)))
        reduce(t);
    l->high_seq = t->snd_nxt;
    l->dupacks = 0;
    l->tlp_out = false;
    t->recovery = TCP_LOSS;
    t->cwnd = t->mss;
    t->trouble = true;
}

static void proportional_rate(struct tcp *t, const struct tcp_acked *acked)
{
    struct tcp_loss *l = t->loss;
    uint32_t pipe = tcp_pipe(t), send;

    l->prr_delivered += acked->delivered;
    if (pipe > t->ssthresh) {
        uint64_t part = (uint64_t)t->ssthresh * l->prr_delivered / MAX(l->prior_cwnd, 1u);
        send = part > l->prr_out ? (uint32_t)part - l->prr_out : 0;
    } else {
        uint32_t owed = l->prr_delivered > l->prr_out ? l->prr_delivered - l->prr_out : 0;
        send = MAX(owed, acked->delivered);
        if (acked->cumulative && !acked->newly_lost)
            send += t->mss;
        send = MIN(send, t->ssthresh - pipe);
    }
    t->cwnd = pipe + MAX(send, l->prr_out ? 0 : t->mss);
}

/* Without SACK: the head is lost after three duplicates, the next hole with each partial acknowledgement. */
static void newreno(struct tcp *t, struct tcp_acked *acked)
{
    struct tcp_loss *l = t->loss;
    struct tcp_sent *head = t->sent_count ? tcp_sent_at(t, 0) : NULL;
    bool partial =
        acked->cumulative && t->recovery == TCP_RECOVERY && seq_before(t->snd_una, l->high_seq);

    if (acked->duplicate) {
        l->dupacks++;
        acked->delivered += t->mss;
    } else if (acked->cumulative) {
        l->dupacks -= MIN(l->dupacks, MAX(acked->cumulative / t->mss, 1u) - 1);
        if (t->recovery == TCP_OPEN)
            l->dupacks = 0;
    }
    bool third =
        t->recovery == TCP_OPEN && l->dupacks >= DUPACKS && !seq_before(t->snd_una, l->high_seq);
    if (!head || head->flags & SENT_LOST || !(third || partial))
        return;
    if (tcp_sent_len(head) > t->mss && !tcp_sent_split(t, 0, head->seq + t->mss))
        return;
    tcp_sent_flag(t, tcp_sent_at(t, 0), SENT_LOST, 0);
    acked->newly_lost += tcp_sent_len(tcp_sent_at(t, 0));
}

static void finish(struct tcp *t)
{
    struct tcp_loss *l = t->loss;

    if (t->recovery == TCP_RECOVERY)
        t->cwnd = t->ssthresh;
    t->recovery = TCP_OPEN;
    l->dupacks = 0;
}

void tcp_recovery_ack(struct tcp *t, const struct tcp_segment *seg, struct tcp_acked *acked)
{
    struct tcp_loss *l = tcp_loss_need(t);

    if (!l)
        return;
    if (seg->opt.blocks && t->sack_on)
        tcp_sack_read(t, seg, acked);
    l->fack = seq_max(l->fack, t->snd_una);
    tcp_tlp_ack(t, seg, acked);
    tcp_undo_check(t, seg, acked);
    if (t->sack_on) {
        tcp_rack_round(t, acked);
        tcp_rack_detect(t, acked);
    } else {
        newreno(t, acked);
    }
    if (t->recovery != TCP_OPEN &&
        (t->sack_on ? !seq_before(t->snd_una, l->high_seq)
                    : seq_after(t->snd_una, l->high_seq) || t->snd_una == t->snd_nxt))
        finish(t);
    if (t->recovery == TCP_OPEN && l->lost)
        tcp_recovery_enter(t);
    if (t->recovery == TCP_RECOVERY)
        proportional_rate(t, acked);
    else if (acked->cumulative && (t->cwnd_limited || t->recovery == TCP_LOSS))
        tcp_cwnd_grow(t, acked->cumulative);
    settle(t);
}
