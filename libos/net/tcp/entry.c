/* SPDX-License-Identifier: Apache-2.0 */
/* The way in and out of TCP: the clock is read, segments find who they are for, acknowledgements go last. */
#include "tcp.h"

uint64_t tcp_clock;

static unsigned depth;
static bool unfinished; /* something below waits for the last tcp_leave() */
static struct list backlog = LIST_INIT(backlog); /* segments that came while we were inside */
static struct tcp *owing; /* they acknowledge at the end of the batch */
static struct tcp_link *buried;

bool tcp_inside(void)
{
    return depth > 0;
}

void tcp_enter(void)
{
    if (depth++ == 0)
        tcp_clock = clock_monotonic();
}

/* ---- acknowledgements at the end of a batch ---- */

static bool deferred;

static void acknowledge(struct netdev_deferred *d)
{
    (void)d;
    deferred = false;
    tcp_enter();
    while (owing) {
        struct tcp *t = owing;
        owing = t->ack_next;
        t->in_ack_list = false;
        if (t->ack_now && in_state(t, ~(STATE(TCP_CLOSED) | STATE(TCP_LISTEN))))
            tcp_send_ack(t);
    }
    tcp_leave();
}

static struct netdev_deferred deferral = {.run = acknowledge};

void tcp_later(struct tcp *t)
{
    if (t->in_ack_list)
        return;
    t->in_ack_list = unfinished = true;
    t->ack_next = owing;
    owing = t;
}

static void forget(struct tcp *t)
{
    for (struct tcp **at = &owing; t->in_ack_list && *at; at = &(*at)->ack_next)
        if (*at == t) {
            *at = t->ack_next;
            t->in_ack_list = false;
            return;
        }
}

void tcp_bury(struct tcp *t)
{
    if (t->dead)
        return;
    t->dead = unfinished = true;
    t->link.next = buried;
    buried = &t->link;
}

/* ---- segments ---- */

/* Not for a connection that there is. Takes the packet. */
static COLD void deliver_rare(struct tcp_segment *seg, struct tcp_link *l,
                              const struct tcp_tuple *tuple)
{
    struct packet *p = seg->packet;

    if (ip_is_multicast(&p->dst) || (p->flags & PACKET_BROADCAST)) {
        packet_free(p);
        return;
    }
    if (l && l->kind == TCP_REQUEST) {
        tcp_request_input(CONTAINER_OF(l, struct tcp_request, link), seg);
        return;
    }
    if (l && !tcp_timewait_input(tcp_timewait_of(l), seg)) {
        packet_free(p);
        return;
    }
    struct tcp *listener = tcp_find_listener(tuple, p->dev);
    if (listener) {
        tcp_listen_input(listener, seg);
        return;
    }
    tcp_reset_answer(seg);
    packet_free(p);
}

static void deliver(struct packet *p)
{
    struct tcp_segment seg;

    if (UNLIKELY(!tcp_segment_read(&seg, p))) {
        packet_free(p);
        return;
    }
    const struct tcp_header *h = (const struct tcp_header *)p->transport;
    struct tcp_tuple tuple = {.local = p->dst,
                              .peer = p->src,
                              .local_port = swap16(h->destination),
                              .peer_port = swap16(h->source)};
    struct tcp_link *l = tcp_find(&tuple);

    if (LIKELY(l && l->kind == TCP_CONNECTION))
        tcp_input(tcp_of_link(l), &seg);
    else
        deliver_rare(&seg, l, &tuple);
}

static COLD void finish(void)
{
    depth++;
    unfinished = false;
    while (!list_empty(&backlog)) {
        struct packet *p = LIST_ENTRY(backlog.next, struct packet, link);
        list_remove(&p->link);
        deliver(p);
    }
    while (buried) {
        struct tcp *t = tcp_of_link(buried);
        buried = t->link.next;
        forget(t);
        tcp_free(t);
    }
    depth--;
    if (owing && !deferred) {
        deferred = true;
        netdev_defer(&deferral);
    }
}

void tcp_leave(void)
{
    if (--depth == 0 && UNLIKELY(unfinished))
        finish();
}

static COLD void later(struct packet *p)
{
    list_push_back(&backlog, &p->link);
    unfinished = true;
}

void tcp_receive(struct packet *p)
{
    if (UNLIKELY(depth)) {
        later(p);
        return;
    }
    depth = 1;
    tcp_clock = clock_monotonic();
    deliver(p);
    tcp_leave();
}
