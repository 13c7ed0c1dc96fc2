/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP (RFC 9293): what the files of this library share. One connection is one struct tcp; connections that are not
 * yet (struct tcp_request) and those that are no more (struct tcp_timewait) are small records in the same table.
 *
 * Two units of time, both of the monotonic clock, 32 bits each, compared as sequence numbers are: a tick is 2^10 ns
 * (round-trip times), a beat 2^20 ns (timers, the timestamp option).
 *
 * Nothing here waits, but for the copies from and to the program (they may fault) and SO_LINGER. Entry points stand
 * between tcp_enter() and tcp_leave(); segments that arrive in between, by the loopback device, are taken in last.
 */
#ifndef TCP_H
#define TCP_H

#include <u2k/errno.h>
#include <u2k/inet.h>
#include <u2k/list.h>
#include <u2k/packet.h>
#include <u2k/pages.h>
#include <u2k/sched.h>
#include <u2k/string.h>

#include "segment.h"

/* ---- time ---- */

extern uint64_t tcp_clock; /* ns, as of tcp_enter() */
static inline uint32_t tcp_tick(void)
{
    return (uint32_t)(tcp_clock >> 10);
}
static inline uint32_t tcp_beat(void)
{
    return (uint32_t)(tcp_clock >> 20);
}
#define BEATS(ms) ((uint32_t)(((ms) * 1000000ull) >> 20))
#define TICKS(ms) ((uint32_t)(((ms) * 1000000ull) >> 10))
#define TICKS_PER_BEAT 1024u

/* ---- constants, Linux's where the RFCs leave a choice ---- */

#define TCP_RTO_MIN TICKS(200)
#define TCP_RTO_MAX TICKS(120000)
#define TCP_RTO_INITIAL TICKS(1000)      /* RFC 6298, 2.1 */
#define TCP_RTO_AFTER_SYN_LOSS TICKS(3000) /* RFC 6298, 5.7 */
#define TCP_DELAYED_ACK BEATS(40)
#define TCP_DELAYED_ACK_MAX 200u /* ms: the worst case that TLP allows for (RFC 8985, 7.2) */
#define TCP_TIMEWAIT BEATS(60000)
#define TCP_MSS_DEFAULT 536u /* RFC 9293, MUST-15; 1220 over IPv6 */
#define TCP_MSS_DEFAULT6 1220u
#define TCP_MSS_MIN 48u /* less is taken for an attack */
#define TCP_INITIAL_WINDOW 10u /* segments, RFC 6928 */
#define TCP_RETRIES 15u /* tcp_retries2 */
#define TCP_SYN_RETRIES 6u
#define TCP_SYNACK_RETRIES 5u
#define TCP_QUICK_ACKS 8u /* segments acknowledged at once at the start */
#define TCP_SCALE 7u /* of our window: enough for TCP_RCVBUF_MAX */
#define TCP_RCVBUF 131072u /* as getsockopt shows it; half of it is the window */
#define TCP_RCVBUF_MAX (6u << 20)
#define TCP_SNDBUF_FIRST 16384u /* shown until there is a connection */
#define TCP_SNDBUF 87040u
#define TCP_SNDBUF_MAX (4u << 20)
#define TCP_CHUNK 32768u /* bytes of a buffer of the send queue in bulk */

enum tcp_state { /* numbered as tcp_info(7) of Linux has them */
                 TCP_ESTABLISHED = 1,
                 TCP_SYN_SENT,
                 TCP_SYN_RECEIVED,
                 TCP_FIN_WAIT_1,
                 TCP_FIN_WAIT_2,
                 TCP_TIME_WAIT,
                 TCP_CLOSED,
                 TCP_CLOSE_WAIT,
                 TCP_LAST_ACK,
                 TCP_LISTEN,
                 TCP_CLOSING
};
#define STATE(s) (1u << (s))
/* We may still send data in these; data may still come in those. */
#define TCP_SENDING (STATE(TCP_ESTABLISHED) | STATE(TCP_CLOSE_WAIT))
#define TCP_RECEIVING (STATE(TCP_ESTABLISHED) | STATE(TCP_FIN_WAIT_1) | STATE(TCP_FIN_WAIT_2))

/* ---- the table ---- */

struct tcp_tuple { /* the same layout as in struct inet_socket */
    struct ip_addr local, peer;
    uint16_t local_port, peer_port;
};

enum tcp_kind { TCP_CONNECTION, TCP_REQUEST, TCP_TIMEWAIT_RECORD };

struct tcp_link {
    struct tcp_link *next;
    uint32_t hash;
    uint8_t kind; /* enum tcp_kind */
    bool linked;
};

/* ---- sending ---- */

/* A piece of the send queue. The record stands in front of the headroom of its own packet, or of an empty one when
 * the bytes are elsewhere (sendfile). A packet that is on its way belongs to whoever sends it, so nothing of
 * its structure is looked at here but the count of owners. */
struct tcp_chunk {
    struct tcp_chunk *next;
    uint8_t *data;
    uint32_t seq, len;
    uint32_t size; /* bytes that fit at `data`; len if they are not ours */
    bool in_place; /* the bytes are in this packet */
    bool headroom; /* nothing was sent of it yet: a header may be put in front of `data` */
};

/* What is in flight, in order: each is what one transmission carried. */
struct tcp_sent {
    uint32_t seq, end;
    uint32_t at; /* tick of the last transmission */
    uint8_t flags; /* SENT_* */
};
enum {
    SENT_SACKED = 1, /* the peer has it */
    SENT_LOST = 2, /* taken for lost */
    SENT_AGAIN = 4, /* and retransmitted since */
    SENT_TWICE = 8, /* was retransmitted, ever: no round-trip time from it (Karn) */
};

/* ---- what a connection needs once something was lost or came out of order on the way to the peer ---- */

struct tcp_cubic { /* RFC 9438, in bytes and beats */
    uint32_t w_max, k, epoch, w_est, cwnd_epoch, cwnd_prior;
    bool running;
};

enum tcp_recovery { TCP_OPEN, TCP_RECOVERY, TCP_LOSS };

struct tcp_loss {
    uint32_t high_seq; /* snd_nxt when recovery began: it ends there */
    uint32_t sacked, lost, again; /* bytes in records with that flag */
    uint32_t fack; /* highest sequence number known to have arrived */
    uint32_t prr_delivered, prr_out;
    uint32_t prior_cwnd, prior_ssthresh; /* for undo */
    uint32_t undo_marker; /* snd_una then */
    uint32_t undo_again; /* retransmissions since that no D-SACK has answered yet */
    uint32_t again_ts; /* our timestamp at the first retransmission (RFC 3522) */
    uint32_t dupacks;
    uint32_t rack_at, rack_end, rack_rtt; /* RFC 8985, 5.2 */
    uint32_t reo_round; /* snd_nxt at the last D-SACK round */
    uint32_t tlp_end;
    uint8_t reo_mult, reo_persist;
    bool rack_valid, reordering, undo, again_valid, tlp_out, tlp_again;
    struct tcp_cubic cubic;
};

/* Segments beyond a hole, and what is told of them. */
struct tcp_ooo {
    struct list queue; /* packets by sequence, disjoint; notes as in the receive queue */
    uint32_t bytes, memory;
    uint8_t blocks;
    bool dsack_set;
    struct tcp_block block[TCP_SACK_BLOCKS], dsack; /* the latest first (RFC 2018, 4) */
};

/* ---- a connection, or a listener ---- */

struct tcp_listener {
    struct list ready; /* struct tcp.accept_link */
    struct list requests; /* struct tcp_request.listener_link */
    uint32_t ready_count, request_count, backlog;
    uint32_t defer; /* seconds, TCP_DEFER_ACCEPT */
};

enum { /* struct tcp.due, each with its deadline */
       DUE_SEND = 1, /* enum tcp_send_timer at send_at */
       DUE_ACK = 2, /* delayed acknowledgement at ack_at */
       DUE_KEEP = 4, /* keep-alive, or FIN-WAIT-2 at keep_at */
};
enum tcp_send_timer { SEND_RTO, SEND_TLP, SEND_REORDER, SEND_PROBE };

enum tcp_urgent { URGENT_NONE, URGENT_ANNOUNCED, URGENT_THERE, URGENT_TAKEN };

struct tcp {
    struct inet_socket inet; /* first */
    struct tcp_link link;
    uint8_t state; /* enum tcp_state */
    uint8_t recovery; /* enum tcp_recovery */
    bool trouble; /* something is SACKed, lost, sent twice: the long way for acknowledgements */
    uint8_t due; /* DUE_* */
    uint8_t send_timer; /* enum tcp_send_timer */
    uint8_t backoff, retries, probes;

    /* RFC 9293, 3.3.1 */
    uint32_t snd_una, snd_nxt, snd_wnd, snd_wl1;
    uint32_t rcv_nxt;
    uint32_t rcv_adv; /* the right edge that was advertised */
    uint32_t rcv_acked; /* rcv_nxt as last told */
    uint32_t copied; /* the program has read up to here */
    uint32_t written; /* the program has written up to here; a FIN follows */

    uint8_t snd_scale, rcv_scale;
    bool ts_on : 1, sack_on : 1, nodelay : 1, cork : 1, fin_wanted : 1, fin_received : 1,
        orphan : 1, ack_now : 1;
    bool in_ack_list : 1, no_space : 1, pingpong : 1, rcvbuf_set : 1, sndbuf_set : 1,
        cwnd_limited : 1, dead : 1, accepted : 1;
    bool urgent_sent : 1, connect_told : 1, more : 1, fin_sent : 1;
    uint8_t quick; /* segments yet to be acknowledged at once */
    uint8_t congestion; /* index of tcp_congestions */
    uint8_t syn_count;
    uint16_t mss; /* of what we send: payload bytes with the usual options in front */
    uint16_t peer_mss; /* that the peer announced */
    uint16_t user_mss; /* TCP_MAXSEG */
    uint16_t rcv_mss; /* the longest that came */

    uint32_t ts_recent, ts_recent_at; /* RFC 7323, 4; at: beat */
    uint32_t ts_offset; /* added to ours, RFC 7323, 5.4 */
    uint32_t srtt8, rttvar4, rto; /* ticks, times 8 and 4, RFC 6298; srtt8 0: none yet */
    uint32_t min_rtt;
    uint32_t cwnd, ssthresh; /* bytes */
    uint32_t max_window; /* the largest the peer offered */
    uint32_t sent_at; /* beat of the last data sent, for RFC 2861 and user time-outs */
    uint32_t heard_at; /* beat of the last segment that came */
    uint32_t refused_at; /* beat of the last answer to a segment out of the window */
    uint32_t
        stalled_at; /* beat since which nothing was acknowledged, while retries or probes are sent */
    uint32_t small_end; /* end of the last segment below mss (Minshall's Nagle) */
    uint32_t pseudo; /* sum of the pseudo header without the length */

    struct timer timer; /* one for all; may be set for earlier than anything is due */
    uint32_t send_at, ack_at, keep_at; /* beats */

    struct tcp_chunk *send_head, *send_tail,
        *send_next; /* next: holds snd_nxt; NULL: look for it */
    struct tcp_sent *sent;
    uint16_t sent_head, sent_count, sent_size;
    struct tcp_sent sent_own[2];
    struct tcp_loss *loss;

    struct list
        rcv_queue; /* packets; note[0]: sequence number of the first byte, note[1]: bytes gone */
    struct tcp_ooo *ooo;
    uint32_t rcv_memory;
    uint32_t tune_seq, tune_at,
        tune_space; /* receive buffer auto-tuning: since, tick, bytes a round trip */
    uint32_t rcv_rtt; /* ticks, as the receiver sees it */

    struct tcp *ack_next; /* list of those that owe an acknowledgement at the end of the batch */
    union {
        struct list accept_link; /* of a connection until it is accepted */
        struct tcp_listener *listener; /* of a listener */
    };
    struct tcp *parent; /* listener that has it in its queue */

    uint32_t urgent_seq; /* received: of the urgent byte */
    uint32_t urgent_up; /* sent: just behind it */
    uint32_t user_timeout; /* beats, 0: none */
    uint32_t notsent_lowat, window_clamp;
    uint32_t sndbuf_auto, rcvbuf_auto; /* what we chose: another value is the program's */
    uint16_t keep_idle, keep_interval; /* seconds */
    uint8_t keep_count, defer_accept;
    uint8_t urgent, urgent_byte; /* enum tcp_urgent */
    int16_t linger2; /* seconds, 0: 60, -1: none */
    uint32_t total_again; /* segments retransmitted, for TCP_INFO */
    uint64_t bytes_received;
};

/* Payload of a full segment now: SACK blocks for the peer take of its room. */
static inline uint32_t tcp_mss(const struct tcp *t)
{
    if (LIKELY(!t->ooo) || !t->sack_on)
        return t->mss;
    unsigned blocks = t->ooo->blocks + t->ooo->dsack_set, most = t->ts_on ? 3 : 4;
    return blocks ? t->mss - 4u - 8u * MIN(blocks, most) : t->mss;
}
static inline uint32_t tcp_srtt(const struct tcp *t)
{
    return t->srtt8 >> 3;
}
static inline struct tcp *tcp_of(struct socket *s)
{
    return CONTAINER_OF(s, struct tcp, inet.s);
}
static inline struct tcp *tcp_of_link(struct tcp_link *l)
{
    return CONTAINER_OF(l, struct tcp, link);
}
static inline bool in_state(const struct tcp *t, uint32_t states)
{
    return STATE(t->state) & states;
}
static inline uint32_t tcp_stamp(const struct tcp *t)
{
    return tcp_beat() + t->ts_offset;
}

/* A connection that is being made: SYN received, SYN and ACK sent. */
struct tcp_request {
    struct tcp_link link;
    struct tcp_tuple tuple;
    struct list listener_link, age_link;
    struct tcp *listener;
    uint32_t irs, iss;
    uint32_t ts_recent, ts_offset;
    uint32_t due; /* beat */
    uint32_t born; /* beat */
    uint32_t born_tick;
    uint16_t mss;
    uint8_t scale, retries;
    bool ts_on, sack_on, has_scale, acked; /* acked: DEFER_ACCEPT waits for data */
    uint8_t tos;
};

/* What is left of a connection: TIME-WAIT, or FIN-WAIT-2 that nobody has a descriptor of. */
struct tcp_timewait {
    struct tcp_link link;
    struct tcp_tuple tuple;
    struct list age_link;
    uint32_t snd_nxt, rcv_nxt, rcv_wnd;
    uint32_t ts_recent, ts_recent_at, ts_offset;
    uint32_t until; /* beat */
    uint16_t family;
    bool ts_on, fin_wait_2, reuse;
    uint8_t rcv_scale;
    uint32_t answered_at;
};

/* ---- entry.c: the way in and out ---- */
void tcp_enter(void);
void tcp_leave(void);
bool tcp_inside(void);
void tcp_later(struct tcp *t); /* acknowledge at the end of the batch */
void tcp_bury(struct tcp *t); /* free it when the last function that knows it has returned */

/* ---- secret.c: SipHash-2-4 (Aumasson, Bernstein 2012), keys from the platform ---- */
enum tcp_secret { SECRET_ISN, SECRET_TIMESTAMP, SECRET_COOKIE, SECRET_COOKIE_SUM, SECRETS };
uint64_t tcp_secret_hash(enum tcp_secret which, const struct tcp_tuple *tuple, uint64_t more);
uint32_t tcp_initial_seq(const struct tcp_tuple *t);
uint32_t tcp_timestamp_offset(const struct tcp_tuple *t); /* of the two addresses alone */
uint32_t tcp_table_hash(const struct tcp_tuple *t);

/* ---- table.c ---- */
static inline struct tcp_tuple *tcp_tuple_of(struct tcp_link *l)
{
    return l->kind == TCP_CONNECTION ? (struct tcp_tuple *)(void *)&tcp_of_link(l)->inet.local
                                     : (struct tcp_tuple *)(void *)(l + 1);
}
static inline struct tcp_tuple *tcp_tuple(struct tcp *t)
{
    return (struct tcp_tuple *)(void *)&t->inet.local;
}
struct tcp_link *tcp_find(const struct tcp_tuple *tuple);
bool tcp_table_add(struct tcp_link *l); /* false: no memory */
void tcp_table_remove(struct tcp_link *l);
/* The connection's place is taken by a record with the same addresses. */
struct tcp *tcp_find_listener(const struct ip_addr *local, uint16_t port,
                              const struct ip_addr *peer, uint16_t peer_port,
                              const struct netdev *dev);
void tcp_listener_add(struct tcp *t);
void tcp_listener_remove(struct tcp *t);
extern struct inet_ports tcp_ports;
extern unsigned tcp_orphans;

/* ---- input ---- */
void tcp_input(struct tcp *t, struct tcp_segment *seg); /* input.c: takes the packet */
void tcp_input_syn_sent(struct tcp *t, struct tcp_segment *seg); /* handshake.c */
bool tcp_sequence_ok(struct tcp *t,
                     struct tcp_segment *seg); /* check.c: RFC 9293 3.10.7.4, 7323, 5961 */
void tcp_ts_update(struct tcp *t, const struct tcp_segment *seg);
void tcp_challenge(struct tcp *t); /* RFC 5961, within its rate */
bool tcp_answer_allowed(uint32_t *last,
                        bool has_data); /* to segments that are out of place: loops are slow */
void tcp_accept_data(struct tcp *t,
                     struct tcp_segment *seg); /* receive_queue.c: takes the packet */
void tcp_queue_in_order(struct tcp *t, struct packet *p, uint32_t seq, uint32_t skip, uint32_t len);
uint32_t tcp_packet_memory(const struct packet *p);
void tcp_receive_fin(struct tcp *t);
void tcp_receive_urgent(struct tcp *t, const struct tcp_segment *seg); /* urgent.c */
void tcp_receive_purge(struct tcp *t);
uint32_t tcp_receive_window(struct tcp *t); /* window.c: what to advertise; moves rcv_adv */
uint32_t tcp_window_capacity(const struct tcp *t);
void tcp_tune_receive(struct tcp *t, const struct tcp_segment *seg);
void tcp_tune_copied(struct tcp *t);
void tcp_window_read(struct tcp *t); /* the program has read: tell the peer if it matters */
void tcp_ooo_add(struct tcp *t, struct tcp_segment *seg); /* ooo.c: takes the packet */
void tcp_ooo_pull(struct tcp *t);
void tcp_ooo_free(struct tcp *t);
void tcp_dsack(struct tcp *t, uint32_t start, uint32_t end);
unsigned tcp_sack_blocks(struct tcp *t, struct tcp_block *out, unsigned max); /* to be told */
void tcp_ack_received(struct tcp *t, uint32_t len); /* delayed_ack.c: data came in order */
void tcp_ack_soon(struct tcp *t); /* at the end of the batch */

/* ---- acknowledgements ---- */
struct tcp_acked { /* what one segment told about what we sent */
    const struct tcp_segment *seg;
    uint32_t una; /* snd_una before it */
    uint32_t cumulative; /* bytes by ACK */
    uint32_t delivered; /* bytes by ACK and SACK that had not been told before */
    uint32_t rtt; /* ticks + 1, of the oldest that was sent once; 0: none */
    uint32_t rtt_young; /* the same of the youngest */
    uint32_t newly_lost;
    bool original_late; /* something sent once arrived after later ones: reordering */
    bool again_acked; /* something retransmitted was acknowledged */
    bool sacked, dsack, duplicate;
};
bool tcp_ack(struct tcp *t, struct tcp_segment *seg); /* ack.c; false: drop the segment */
void tcp_update_window(struct tcp *t, const struct tcp_segment *seg);
void tcp_rtt_sample(struct tcp *t, uint32_t ticks); /* rtt.c */
uint32_t tcp_pipe(const struct tcp *t); /* sent.c: bytes on the way */
bool tcp_sent_push(struct tcp *t, uint32_t seq, uint32_t end);
bool tcp_sent_split(struct tcp *t, unsigned i, uint32_t at);
void tcp_sent_acked(struct tcp *t, uint32_t ack, struct tcp_acked *acked);
void tcp_sent_free(struct tcp *t);
void tcp_sent_flag(struct tcp *t, struct tcp_sent *s, uint8_t set, uint8_t clear);
static inline struct tcp_sent *tcp_sent_at(const struct tcp *t, unsigned i)
{
    return &t->sent[t->sent_head + i];
}
static inline uint32_t tcp_sent_len(const struct tcp_sent *s)
{
    return s->end - s->seq;
}
void tcp_sack_read(struct tcp *t, const struct tcp_segment *seg,
                   struct tcp_acked *acked); /* sack.c */
struct tcp_loss *tcp_loss_need(struct tcp *t); /* recovery.c; NULL: no memory */
void tcp_recovery_ack(struct tcp *t, const struct tcp_segment *seg, struct tcp_acked *acked);
void tcp_recovery_timeout(struct tcp *t);
void tcp_recovery_enter(struct tcp *t);
void tcp_undo_check(struct tcp *t, const struct tcp_segment *seg,
                    const struct tcp_acked *acked); /* undo.c */
void tcp_undo_reset(struct tcp *t);
void tcp_rack_advance(struct tcp *t, const struct tcp_sent *s,
                      const struct tcp_segment *seg); /* rack.c */
void tcp_rack_detect(struct tcp *t, struct tcp_acked *acked);
void tcp_rack_round(struct tcp *t, const struct tcp_acked *acked);
bool tcp_tlp_arm(struct tcp *t); /* tlp.c */
void tcp_tlp_fire(struct tcp *t);
void tcp_tlp_ack(struct tcp *t, const struct tcp_segment *seg, const struct tcp_acked *acked);

struct tcp_congestion {
    const char *name;
    uint32_t (*ssthresh)(struct tcp *t); /* after a loss */
    void (*avoid)(struct tcp *t, uint32_t acked); /* above ssthresh */
};
extern const struct tcp_congestion tcp_cubic, tcp_reno;
extern const struct tcp_congestion *const tcp_congestions[];
#define TCP_CONGESTIONS 2u
uint32_t tcp_initial_cwnd(const struct tcp *t); /* congestion.c */
void tcp_cwnd_grow(struct tcp *t, uint32_t acked);
void tcp_cwnd_idle(struct tcp *t);

/* ---- sending ---- */
void tcp_output(struct tcp *t); /* output.c: what the windows let go */
void tcp_output_forced(struct tcp *t); /* as much as the peer's window takes, be it little */
void tcp_retransmit_lost(struct tcp *t); /* retransmit.c */
bool tcp_retransmit(struct tcp *t, unsigned i); /* record i, its first mss bytes at most */
bool tcp_send_range(struct tcp *t, uint32_t seq, uint32_t end, unsigned flags); /* transmit.c */
void tcp_send_ack(struct tcp *t);
void tcp_send_syn(struct tcp *t, bool with_ack);
void tcp_send_probe(struct tcp *t, bool old_byte);
void tcp_send_reset(struct tcp *t); /* reset.c: ends the connection for the peer */
void tcp_reset_answer(const struct tcp_segment *seg); /* to a segment that belongs to nothing */
void tcp_set_mss(struct tcp *t); /* mss.c: from route, options, peer */
uint16_t tcp_mss_advertised(const struct tcp *t);
void tcp_mtu_lowered(struct tcp *t, uint32_t mtu);
bool tcp_blackhole(struct tcp *t);
struct tcp_chunk *tcp_chunk_new(size_t room); /* send_queue.c */
struct tcp_chunk *tcp_chunk_outside(const void *at, uint32_t len);
void tcp_chunk_free(struct tcp_chunk *c);
void tcp_chunk_append(struct tcp *t, struct tcp_chunk *c);
void tcp_send_queue_acked(struct tcp *t);
void tcp_send_queue_purge(struct tcp *t);
static inline struct packet *tcp_chunk_packet(struct tcp_chunk *c)
{
    return (struct packet *)(void *)c - 1;
}
static inline uint32_t tcp_unsent(const struct tcp *t) /* bytes, without FIN */
{
    return seq_before(t->snd_nxt, t->written) ? t->written - t->snd_nxt : 0;
}
static inline uint32_t tcp_send_queued(const struct tcp *t) /* bytes written and not acknowledged */
{
    return seq_before(t->snd_una, t->written) ? t->written - t->snd_una : 0;
}

/* Segments without a socket, or before there is one. */
struct tcp_control {
    const struct tcp_tuple *tuple;
    uint32_t seq, ack;
    uint8_t flags;
    uint16_t window;
    bool ts_on;
    uint32_t tsval, tsecr;
    uint16_t mss; /* 0: no option */
    bool sack_permitted, has_scale;
    uint8_t scale;
    uint8_t tos;
    unsigned device;
};
void tcp_send_control(const struct tcp_control *c); /* control.c */
size_t tcp_options_write(uint8_t *at, const struct tcp_control *c);

/* ---- timers.c ---- */
void tcp_timer_send(struct tcp *t, enum tcp_send_timer which, uint32_t beats_from_now);
void tcp_timer_send_stop(struct tcp *t);
void tcp_timer_rto(struct tcp *t); /* (re)start: something is in flight; or stop: nothing is */
void tcp_timer_ack(struct tcp *t, uint32_t beats_from_now);
void tcp_timer_keep(struct tcp *t, uint32_t beats_from_now);
void tcp_timer_rearm(struct tcp *t);
void tcp_fire_send(struct tcp *t); /* retransmit.c */
void tcp_fire_keep(struct tcp *t); /* keepalive.c */
void tcp_keep_start(struct tcp *t);

/* ---- life ---- */
struct tcp *tcp_new(int family); /* life.c */
void tcp_established(struct tcp *t);
void tcp_done(struct tcp *t); /* state CLOSED, nothing left but the socket */
void tcp_abort(struct tcp *t, int error); /* the program is told; no segment is sent */
void tcp_free(struct tcp *t);
void tcp_fin_acked(struct tcp *t);
void tcp_orphan_waits(struct tcp *t);
void tcp_shutdown_send(struct tcp *t); /* close.c */
void tcp_close(struct socket *s);
int tcp_shutdown(struct socket *s, int how);
int tcp_disconnect(struct tcp *t);
int tcp_connect(struct socket *s, const struct sockaddr_k *a, unsigned len); /* connect.c */
int tcp_bind(struct socket *s, const struct sockaddr_k *a, unsigned len);
int tcp_listen(struct socket *s, unsigned backlog); /* listen.c */
int tcp_accept(struct socket *s, struct socket **out);
void tcp_listen_close(struct tcp *t);
void tcp_listen_input(struct tcp *listener, struct tcp_segment *seg); /* takes the packet */
void tcp_ready(struct tcp *t, struct tcp *listener);
void tcp_request_input(struct tcp_request *r,
                       struct tcp_segment *seg); /* request.c: takes the packet */
/* What a SYN asks for, into *r. */
void tcp_request_read(struct tcp_request *r, struct tcp *listener, const struct tcp_segment *seg);
void tcp_request_start(struct tcp *listener, const struct tcp_segment *seg);
void tcp_request_free(struct tcp_request *r);
void tcp_request_answer(const struct tcp_request *r, uint32_t tsval); /* SYN and ACK */
/* The final acknowledgement has come: the request becomes a connection, which takes in the packet. */
void tcp_request_promote(const struct tcp_request *r, struct tcp_segment *seg);
bool tcp_accept_full(const struct tcp *listener);
void tcp_cookie_send(struct tcp *listener, const struct tcp_segment *seg); /* cookie.c */
bool tcp_cookie_check(struct tcp *listener, const struct tcp_segment *seg, struct tcp_request *out);
void tcp_timewait(struct tcp *t,
                  bool fin_wait_2); /* timewait.c: the socket is done, a record stays */
struct tcp_timewait *tcp_timewait_of(struct tcp_link *l);
void tcp_timewait_free(struct tcp_timewait *w);
/* True: the segment (a SYN) may open a connection anew; the record is gone. */
bool tcp_timewait_input(struct tcp_timewait *w, struct tcp_segment *seg);
bool tcp_timewait_reusable(const struct tcp_timewait *w);
bool tcp_timewait_port(uint16_t port, const struct ip_addr *a);
extern unsigned tcp_timewaits;

/* ---- socket operations ---- */
ssize_t tcp_send(struct socket *s, struct message *m); /* send.c */
ssize_t tcp_send_pages(struct socket *s, struct inode *in, uint64_t pos, size_t n, bool more);
ssize_t tcp_receive_message(struct socket *s, struct message *m); /* receive.c */
unsigned tcp_poll(struct socket *s); /* poll.c */
bool tcp_writable(const struct tcp *t);
uint32_t tcp_readable_bytes(const struct tcp *t);
void tcp_wake_writer(struct tcp *t);
int tcp_setsockopt(struct socket *s, int level, int name, const void *value,
                   unsigned len); /* option.c */
int tcp_getsockopt(struct socket *s, int level, int name, void *value, unsigned *len);
void tcp_info(struct tcp *t, void *out, unsigned *len); /* info.c */
long tcp_ioctl(struct socket *s, unsigned request, vaddr_t arg);
void tcp_changed(struct socket *s);
extern const struct socket_ops tcp_ops;

#endif
