/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TIME-WAIT (RFC 9293, 3.4.2 and 3.10.7.4; RFC 6191), in small records of which there are only so many; and FIN-WAIT-2
 * whose socket was closed. All wait equally long, so a list is in the order of their ends.
 */
#include "tcp.h"

#define RECORDS_MAX 32768u /* tcp_max_tw_buckets: the oldest makes room */

unsigned tcp_timewaits;
static struct list waiting = LIST_INIT(waiting);
static struct timer timer;

struct tcp_timewait *tcp_timewait_of(struct tcp_link *l)
{
    return CONTAINER_OF(l, struct tcp_timewait, link);
}

void tcp_timewait_free(struct tcp_timewait *w)
{
    tcp_table_remove(&w->link);
    list_remove(&w->age_link);
    tcp_timewaits--;
    DELETE(w);
}

static struct tcp_timewait *oldest(void)
{
    return LIST_ENTRY(waiting.next, struct tcp_timewait, age_link);
}

static void fired(struct timer *unused);

static void arm(void)
{
    if (!list_empty(&waiting)) {
        int32_t left = (int32_t)(oldest()->until - tcp_beat());
        timer_set(&timer, tcp_clock + ((uint64_t)(uint32_t)MAX(left, 0) << 20) + (1u << 20), fired);
    }
}

static void fired(struct timer *unused)
{
    (void)unused;
    tcp_enter();
    while (!list_empty(&waiting) && !seq_after(oldest()->until, tcp_beat()))
        tcp_timewait_free(oldest());
    arm();
    tcp_leave();
}

/* From now on; TCP_LINGER2 may make it shorter. */
static void wait_for(struct tcp_timewait *w, uint32_t beats)
{
    struct list *after = waiting.prev;

    w->until = tcp_beat() + MIN(beats, TCP_TIMEWAIT);
    while (after != &waiting &&
           seq_after(LIST_ENTRY(after, struct tcp_timewait, age_link)->until, w->until))
        after = after->prev;
    list_insert_after(after, &w->age_link);
    if (!timer.sequence || waiting.next == &w->age_link)
        arm();
}

void tcp_timewait(struct tcp *t, bool fin_wait_2)
{
    struct tcp_timewait *w;

    if (tcp_timewaits >= RECORDS_MAX)
        tcp_timewait_free(oldest());
    w = NEW(struct tcp_timewait);
    if (w) {
        *w = (struct tcp_timewait){
            .link.kind = TCP_TIMEWAIT_RECORD,
            .tuple = *tcp_tuple(t),
            .snd_nxt = t->snd_nxt,
            .rcv_nxt = t->rcv_nxt,
            .rcv_wnd = t->rcv_adv - t->rcv_nxt,
            .ts_recent = t->ts_recent,
            .ts_recent_at = t->ts_recent_at,
            .ts_offset = t->ts_offset,
            .ts_on = t->ts_on,
            .fin_wait_2 = fin_wait_2,
            .device = t->inet.s.device,
            .rcv_scale = t->rcv_scale,
        };
        tcp_table_remove(&t->link);
        if (tcp_table_add(&w->link)) {
            tcp_timewaits++;
            wait_for(w, fin_wait_2 && t->linger2 > 0 ? BEATS(1000ull * (uint8_t)t->linger2)
                                                     : TCP_TIMEWAIT);
        } else {
            DELETE(w);
        }
    }
    tcp_done(t);
}

static void answer(struct tcp_timewait *w, uint8_t flags)
{
    const struct tcp_control c = {
        .tuple = &w->tuple,
        .seq = w->snd_nxt,
        .ack = w->rcv_nxt,
        .flags = flags,
        .window = (uint16_t)MIN(w->rcv_wnd >> w->rcv_scale, 0xffffu),
        .ts_on = w->ts_on,
        .tsval = tcp_beat() + w->ts_offset,
        .tsecr = w->ts_recent,
        .device = w->device,
    };
    tcp_send_control(&c);
}

static void again(struct tcp_timewait *w, const struct tcp_segment *seg)
{
    if (seg->has_ts && w->ts_on) {
        w->ts_recent = seg->tsval;
        w->ts_recent_at = tcp_beat();
    }
    list_remove(&w->age_link);
    wait_for(w, TCP_TIMEWAIT);
}

/* The peer's FIN is still to come. */
static void fin_wait_2(struct tcp_timewait *w, const struct tcp_segment *seg)
{
    uint32_t fin_at = seg->seq + seg->len;

    if (seq_before(seg->end, w->rcv_nxt) || seq_after(seg->seq, w->rcv_nxt + w->rcv_wnd)) {
        if (!(seg->flags & TCP_RST) && tcp_answer_allowed(&w->answered_at, seg->len > 0))
            answer(w, TCP_ACK);
    } else if (seg->flags & TCP_RST) {
        if (seg->seq == w->rcv_nxt)
            tcp_timewait_free(w);
    } else if (seg->len && seq_after(fin_at, w->rcv_nxt)) { /* nobody is there to read it */
        answer(w, TCP_RST | TCP_ACK);
        tcp_timewait_free(w);
    } else if (seg->flags & TCP_FIN && fin_at == w->rcv_nxt) {
        w->rcv_nxt++;
        w->fin_wait_2 = false;
        again(w, seg);
        answer(w, TCP_ACK);
    }
}

bool tcp_timewait_input(struct tcp_timewait *w, struct tcp_segment *seg)
{
    bool old = w->ts_on && seg->has_ts && seq_before(seg->tsval, w->ts_recent);

    if (w->fin_wait_2) {
        fin_wait_2(w, seg);
        return false;
    }
    if (!old && seg->seq == w->rcv_nxt && (seg->seq == seg->end || seg->flags & TCP_RST)) {
        if (seg->flags & TCP_RST)
            tcp_timewait_free(w);
        else
            again(w, seg);
        return false;
    }
    if ((seg->flags & (TCP_SYN | TCP_RST | TCP_ACK)) == TCP_SYN && !old &&
        (seq_after(seg->seq, w->rcv_nxt) ||
         (w->ts_on && seg->has_ts && seq_after(seg->tsval, w->ts_recent)))) {
        seg->iss = w->snd_nxt + 65537; /* RFC 6191, and clear of all that may still be under way */
        if (seg->iss == 0)
            seg->iss = 1;
        tcp_timewait_free(w);
        return true;
    }
    if (!(seg->flags & TCP_RST)) {
        if (!old)
            again(w, seg);
        if (tcp_answer_allowed(&w->answered_at, seg->len > 0 || seg->flags & TCP_FIN))
            answer(w, TCP_ACK);
    }
    return false;
}

/* For connect(2): timestamps tell the new connection's segments from the old one's, once a second has passed. */
bool tcp_timewait_reusable(const struct tcp_timewait *w)
{
    return w->ts_on && !w->fin_wait_2 && tcp_beat() - w->ts_recent_at > BEATS(1000);
}

/* For bind(2) without SO_REUSEADDR. */
bool tcp_timewait_port(uint16_t port, const struct ip_addr *a)
{
    LIST_FOR_EACH(it, &waiting)
    {
        const struct tcp_timewait *w = LIST_ENTRY(it, struct tcp_timewait, age_link);
        if (w->tuple.local_port == port && (ip_is_any(a) || ip_same(a, &w->tuple.local)))
            return true;
    }
    return false;
}
