/* SPDX-License-Identifier: Apache-2.0 */
/* TCP_INFO (struct tcp_info of linux/tcp.h): what we know; the rest is 0. */
#include "tcp.h"

struct info {
    uint8_t state, ca_state, retransmits, probes, backoff, options, scales, delivery_flags;
    uint32_t rto, ato, snd_mss, rcv_mss; /* us */
    uint32_t unacked, sacked, lost, retrans, fackets; /* segments */
    uint32_t last_data_sent, last_ack_sent, last_data_recv, last_ack_recv; /* ms */
    uint32_t pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd, advmss, reordering;
    uint32_t rcv_rtt, rcv_space;
    uint32_t total_retrans;
    uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
    uint32_t segs_out, segs_in;
    uint32_t notsent_bytes, min_rtt;
};

enum { OPTION_TIMESTAMPS = 1, OPTION_SACK = 2, OPTION_WSCALE = 4 };

static uint32_t us(uint32_t ticks)
{
    return (uint32_t)((uint64_t)ticks * 128 / 125);
}

static uint32_t ms(uint32_t beats)
{
    return (uint32_t)(((uint64_t)beats << 20) / 1000000);
}

static uint8_t recovery_of(const struct tcp *t) /* enum tcp_ca_state */
{
    return t->recovery == TCP_LOSS ? 4 : t->recovery == TCP_RECOVERY ? 3 : t->trouble ? 1 : 0;
}

void tcp_info(struct tcp *t, void *out, unsigned *len)
{
    const struct tcp_loss *l = t->loss;
    uint32_t mss = MAX(t->mss, 1), now = tcp_beat();
    struct info i = {
        .state = t->state,
        .ca_state = recovery_of(t),
        .retransmits = t->retries,
        .probes = t->probes,
        .backoff = t->backoff,
        .options = (uint8_t)((t->ts_on ? OPTION_TIMESTAMPS : 0) | (t->sack_on ? OPTION_SACK : 0) |
                             (t->rcv_scale ? OPTION_WSCALE : 0)),
        .scales = (uint8_t)(t->snd_scale | t->rcv_scale << 4),
        .rto = us(t->rto),
        .ato = 40000,
        .snd_mss = t->mss,
        .rcv_mss = t->rcv_mss,
        .last_data_sent = ms(now - t->sent_at),
        .last_data_recv = ms(now - t->heard_at),
        .last_ack_recv = ms(now - t->heard_at),
        .pmtu = t->inet.route.mtu,
        .rcv_ssthresh = tcp_window_capacity(t),
        .rtt = us(tcp_srtt(t)),
        .rttvar = us(t->rttvar4 / 4),
        .snd_ssthresh = t->ssthresh == UINT32_MAX ? 0x7fffffff : t->ssthresh / mss,
        .snd_cwnd = t->cwnd / mss,
        .advmss = tcp_mss_advertised(t),
        .reordering = 3,
        .rcv_rtt = us(t->rcv_rtt),
        .rcv_space = t->tune_space,
        .total_retrans = t->total_again,
        .pacing_rate = UINT64_MAX,
        .max_pacing_rate = UINT64_MAX,
        .bytes_received = t->bytes_received,
        .notsent_bytes = tcp_unsent(t),
        .min_rtt = us(t->min_rtt),
    };

    if (t->state == TCP_LISTEN) {
        i.unacked = t->listener->ready_count;
        i.sacked = t->listener->backlog;
    } else {
        i.unacked = (t->snd_nxt - t->snd_una + mss - 1) / mss;
        if (l && t->trouble) {
            i.sacked = l->sacked / mss;
            i.lost = l->lost / mss;
            i.retrans = l->again / mss;
        }
    }
    *len = MIN(*len, (unsigned)sizeof i);
    memcpy(out, &i, *len);
}
