/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that are being made: small records until the last acknowledgement, their number bounded. */
#include "tcp.h"

#define REQUESTS_MAX 8192u /* of all listeners */

static unsigned requests;
/* By how often SYN and ACK were sent; each list is in the order of time, since all in it wait equally long. */
static struct list waiting[TCP_SYNACK_RETRIES + 1];
static struct timer timer;

static uint32_t wait_of(unsigned retries)
{
    return BEATS(1000) << retries;
}

static void fired(struct timer *unused);

static void arm(void)
{
    int32_t least = INT32_MAX;

    for (unsigned i = 0; i <= TCP_SYNACK_RETRIES; i++)
        if (waiting[i].next && !list_empty(&waiting[i])) {
            const struct tcp_request *r = LIST_ENTRY(waiting[i].next, struct tcp_request, age_link);
            least = MIN(least, (int32_t)(r->due - tcp_beat()));
        }
    if (least != INT32_MAX)
        timer_set(&timer, tcp_clock + ((uint64_t)(uint32_t)MAX(least, 0) << 20) + (1u << 20),
                  fired);
}

static void age(struct tcp_request *r)
{
    struct list *l = &waiting[r->retries];

    if (!l->next)
        list_init(l);
    r->due = tcp_beat() + wait_of(r->retries);
    list_push_back(l, &r->age_link);
}

void tcp_request_free(struct tcp_request *r)
{
    tcp_table_remove(&r->link);
    list_remove(&r->age_link);
    list_remove(&r->listener_link);
    r->listener->listener->request_count--;
    requests--;
    DELETE(r);
}

/* Send again, or give up; DEFER_ACCEPT's end makes a connection of one without data at its next acknowledgement. */
static void fired(struct timer *unused)
{
    (void)unused;
    tcp_enter();
    for (unsigned i = 0; i <= TCP_SYNACK_RETRIES; i++)
        while (waiting[i].next && !list_empty(&waiting[i])) {
            struct tcp_request *r = LIST_ENTRY(waiting[i].next, struct tcp_request, age_link);
            if (seq_after(r->due, tcp_beat()))
                break;
            uint8_t most = r->listener->syn_count ? MIN(r->listener->syn_count, TCP_SYNACK_RETRIES)
                                                  : TCP_SYNACK_RETRIES;
            if (r->retries >= most) {
                tcp_request_free(r);
                continue;
            }
            list_remove(&r->age_link);
            r->retries++;
            age(r);
            if (!r->acked || tcp_beat() - r->born >= BEATS(1000ull * r->listener->listener->defer))
                tcp_request_answer(r, tcp_beat() + r->ts_offset);
        }
    arm();
    tcp_leave();
}

void tcp_request_read(struct tcp_request *r, struct tcp *listener, const struct tcp_segment *seg)
{
    const struct packet *p = seg->packet;
    const struct tcp_header *h = (const struct tcp_header *)p->transport;

    *r = (struct tcp_request){
        .link.kind = TCP_REQUEST,
        .tuple = {p->dst, p->src, swap16(h->destination), swap16(h->source)},
        .listener = listener,
        .irs = seg->seq,
        .ts_recent = seg->has_ts ? seg->tsval : 0,
        .mss = seg->opt.mss,
        .scale = seg->opt.scale,
        .ts_on = seg->has_ts,
        .sack_on = seg->opt.sack_permitted,
        .has_scale = seg->opt.has_scale,
        .born = tcp_beat(),
        .born_tick = tcp_tick(),
        .tos = listener->inet.tos,
        .device = listener->inet.s.device ? listener->inet.s.device : tcp_scope(p),
    };
    r->ts_offset = tcp_timestamp_offset(&r->tuple);
}

void tcp_request_start(struct tcp *listener, const struct tcp_segment *seg)
{
    struct tcp_request *r = requests < REQUESTS_MAX ? NEW(struct tcp_request) : NULL;
    bool first = requests == 0;

    if (!r) {
        tcp_cookie_send(listener, seg);
        return;
    }
    tcp_request_read(r, listener, seg);
    r->iss = seg->iss ? seg->iss : tcp_initial_seq(&r->tuple);
    if (!tcp_table_add(&r->link)) {
        DELETE(r);
        return;
    }
    list_push_back(&listener->listener->requests, &r->listener_link);
    listener->listener->request_count++;
    requests++;
    age(r);
    if (first || !timer.sequence)
        arm();
    tcp_request_answer(r, tcp_beat() + r->ts_offset);
}

/* Our own MSS is that of the device on the way back. */
static uint16_t own_mss(const struct tcp_request *r)
{
    struct ip_route route;
    unsigned headers = (ip_is_v4(&r->tuple.peer) ? 20u : 40u) + TCP_HEADER;
    uint32_t mss = TCP_MSS_DEFAULT;

    if (ip_route(&r->tuple.peer, &r->tuple.local, r->device, &route) == 0)
        mss = MIN(route.dev->mtu - headers, 65535u);
    return (uint16_t)(r->listener->user_mss ? MIN(mss, r->listener->user_mss) : mss);
}

void tcp_request_answer(const struct tcp_request *r, uint32_t tsval)
{
    const struct tcp_control c = {
        .tuple = &r->tuple,
        .seq = r->iss,
        .ack = r->irs + 1,
        .flags = TCP_SYN | TCP_ACK,
        .window = (uint16_t)MIN(tcp_window_capacity(r->listener), 0xffffu),
        .ts_on = r->ts_on,
        .tsval = tsval,
        .tsecr = r->ts_recent,
        .mss = own_mss(r),
        .sack_permitted = r->sack_on,
        .has_scale = r->has_scale,
        .scale = TCP_SCALE,
        .tos = r->tos,
        .device = r->device,
    };
    tcp_send_control(&c);
}

static void acknowledge(const struct tcp_request *r)
{
    const struct tcp_control c = {
        .tuple = &r->tuple,
        .seq = r->iss + 1,
        .ack = r->irs + 1,
        .flags = TCP_ACK,
        .window = (uint16_t)MIN(tcp_window_capacity(r->listener) >> (r->has_scale ? TCP_SCALE : 0),
                                0xffffu),
        .ts_on = r->ts_on,
        .tsval = tcp_beat() + r->ts_offset,
        .tsecr = r->ts_recent,
        .tos = r->tos,
        .device = r->device,
    };
    tcp_send_control(&c);
}

/* RFC 9293 3.10.7.4 in SYN-RECEIVED. True: this is the acknowledgement that was waited for. */
static bool check(struct tcp_request *r, const struct tcp_segment *seg)
{
    uint32_t window = MIN(tcp_window_capacity(r->listener), 0xffffu);

    if ((seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN && seg->seq == r->irs) {
        tcp_request_answer(r, tcp_beat() + r->ts_offset); /* ours was lost */
        return false;
    }
    bool outside = seq_before(seg->seq, r->irs + 1) || seq_after(seg->seq, r->irs + 1 + window);
    bool old = r->ts_on && seg->has_ts && seq_before(seg->tsval, r->ts_recent);
    if (seg->flags & TCP_RST) {
        if (seg->seq == r->irs + 1)
            tcp_request_free(r);
        return false;
    }
    if (outside || old || seg->flags & TCP_SYN) { /* RFC 5961, 4 for a SYN */
        acknowledge(r);
        return false;
    }
    if (!(seg->flags & TCP_ACK))
        return false;
    if (seg->ack != r->iss + 1) {
        tcp_reset_answer(seg);
        return false;
    }
    uint32_t defer = r->listener->listener->defer;
    if (defer && seg->len == 0 && !(seg->flags & TCP_FIN) &&
        tcp_beat() - r->born < BEATS(1000ull * defer)) {
        r->acked = true; /* TCP_DEFER_ACCEPT: wait for data */
        return false;
    }
    return !tcp_accept_full(r->listener);
}

void tcp_request_input(struct tcp_request *r, struct tcp_segment *seg)
{
    if (!check(r, seg)) {
        packet_free(seg->packet);
        return;
    }
    struct tcp_request copy = *r;
    tcp_request_free(r);
    tcp_request_promote(&copy, seg);
}
