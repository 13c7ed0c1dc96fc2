/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SYN cookies (Bernstein 1996, RFC 4987 3.6): when the backlog is full nothing is remembered; the initial sequence number
 * says what has to be known later: a minute, one of a few segment sizes, and a sum that only we can make. With the
 * timestamp option its low bits carry window scale and SACK, as Linux has it.
 */
#include "tcp.h"

#define MINUTE_BITS 24u
#define VALID_MINUTES 2u
#define OPTION_BITS 6u /* of the timestamp: 4 of the scale (15: none), SACK */
#define OPTION_MASK ((1u << OPTION_BITS) - 1)
#define NO_SCALE 15u

static const uint16_t sizes4[] = {536, 1300, 1440, 1460}, sizes6[] = {1220, 1420, 1440, 1480};

static uint64_t
    last_sent; /* ns; 0: never. Acknowledgements out of the blue are cookies only soon after. */

static uint32_t minutes(void)
{
    return (uint32_t)(tcp_clock / (60 * NSEC_PER_SEC)) & 0xff;
}

static uint32_t make(const struct tcp_tuple *t, uint32_t irs, uint32_t minute, uint32_t size)
{
    uint32_t sum = (uint32_t)tcp_secret_hash(SECRET_COOKIE, t, 0);
    uint32_t mixed = (uint32_t)tcp_secret_hash(SECRET_COOKIE_SUM, t, minute) + size;

    return sum + irs + (minute << MINUTE_BITS) + (mixed & ((1u << MINUTE_BITS) - 1));
}

/* The size's index, or more than any: not a cookie, or too old. */
static uint32_t open_cookie(const struct tcp_tuple *t, uint32_t irs, uint32_t cookie)
{
    cookie -= (uint32_t)tcp_secret_hash(SECRET_COOKIE, t, 0) + irs;
    uint32_t minute = cookie >> MINUTE_BITS;
    if (((minutes() - minute) & 0xff) >= VALID_MINUTES)
        return UINT32_MAX;
    return (cookie - (uint32_t)tcp_secret_hash(SECRET_COOKIE_SUM, t, minute)) &
           ((1u << MINUTE_BITS) - 1);
}

static uint32_t stamp_with(const struct tcp_request *r)
{
    uint32_t options = (r->has_scale ? r->scale : NO_SCALE) | (r->sack_on ? 1u << 4 : 0);
    uint32_t now = tcp_beat(), stamp = (now & ~OPTION_MASK) | options;

    if (stamp > now) /* never from the future */
        stamp -= 1u << OPTION_BITS;
    return stamp + r->ts_offset;
}

void tcp_cookie_send(struct tcp *listener, const struct tcp_segment *seg)
{
    struct tcp_request r;
    uint32_t size = ARRAY_SIZE(sizes4) - 1;

    tcp_request_read(&r, listener, seg);
    const uint16_t *sizes = ip_is_v4(&r.tuple.peer) ? sizes4 : sizes6;
    while (size > 0 && sizes[size] > r.mss)
        size--;
    r.iss = make(&r.tuple, r.irs, minutes(), size);
    if (!r.ts_on) /* nowhere to keep them */
        r.has_scale = r.sack_on = false;
    last_sent = tcp_clock;
    tcp_request_answer(&r, r.ts_on ? stamp_with(&r) : 0);
}

bool tcp_cookie_check(struct tcp *listener, const struct tcp_segment *seg, struct tcp_request *r)
{
    if (!last_sent || tcp_clock - last_sent > VALID_MINUTES * 60 * NSEC_PER_SEC)
        return false;
    tcp_request_read(r, listener, seg);
    r->irs = seg->seq - 1;
    r->iss = seg->ack - 1;
    uint32_t size = open_cookie(&r->tuple, r->irs, r->iss);
    if (size >= ARRAY_SIZE(sizes4))
        return false;
    r->mss = (ip_is_v4(&r->tuple.peer) ? sizes4 : sizes6)[size];
    r->has_scale = r->sack_on = false;
    if (r->ts_on) {
        uint32_t options = (seg->tsecr - r->ts_offset) & OPTION_MASK;
        r->scale = options & 15;
        r->has_scale = r->scale <= 14;
        r->sack_on = options >> 4 & 1;
    }
    return true;
}
