/* SPDX-License-Identifier: Apache-2.0 */
/* The retransmission time-out (RFC 6298); its variable part has Linux's floor of 200 ms. */
#include "tcp.h"

void tcp_rtt_sample(struct tcp *t, uint32_t ticks)
{
    uint32_t r = MIN(MAX(ticks, 1u), TICKS(60000));

    if (!t->srtt8) {
        t->srtt8 = r * 8;
        t->rttvar4 = r * 2;
    } else {
        uint32_t srtt = t->srtt8 / 8, gap = srtt > r ? srtt - r : r - srtt;
        t->rttvar4 += gap - t->rttvar4 / 4;
        t->srtt8 += r - srtt;
    }
    t->rto = MIN(tcp_srtt(t) + MAX(t->rttvar4, TCP_RTO_MIN), TCP_RTO_MAX);
}
