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
#ifndef TCP_CONNECTION_H
#define TCP_CONNECTION_H

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

/* What is looked at most stands in the first 128 bytes, where an instruction needs one byte for the place. */
struct tcp {
    struct tcp_ooo *ooo;
    struct tcp_loss *loss;
    struct tcp_chunk *send_head, *send_tail,
        *send_next; /* next: holds snd_nxt; NULL: look for it */
    struct tcp_sent *sent;
    uint16_t sent_head, sent_count;
    /* RFC 9293, 3.3.1 */
    uint32_t snd_una, snd_nxt, snd_wnd;
    uint32_t rcv_nxt;
    uint32_t rcv_adv; /* the right edge that was advertised */
    uint32_t rcv_acked; /* rcv_nxt as last told */
    uint32_t copied; /* the program has read up to here */
    uint32_t written; /* the program has written up to here; a FIN follows */
    uint32_t cwnd, ssthresh; /* bytes */
    uint32_t rto; /* ticks */
    uint32_t ts_recent; /* RFC 7323, 4 */
    uint16_t mss; /* of what we send: payload bytes with the usual options in front */
    uint16_t rcv_mss; /* the longest that came */
    uint8_t state; /* enum tcp_state */
    uint8_t recovery; /* enum tcp_recovery */
    bool trouble; /* something is SACKed, lost, sent twice: the long way for acknowledgements */
    uint8_t due; /* DUE_* */
    uint8_t send_timer; /* enum tcp_send_timer */
    uint8_t backoff, retries, probes;
    uint8_t snd_scale, rcv_scale;
    uint8_t urgent; /* enum tcp_urgent */
    uint8_t quick; /* segments yet to be acknowledged at once */
    bool ts_on : 1, sack_on : 1, nodelay : 1, cork : 1, fin_wanted : 1, fin_received : 1,
        orphan : 1, ack_now : 1;
    bool in_ack_list : 1, no_space : 1, pingpong : 1, rcvbuf_set : 1, sndbuf_set : 1,
        cwnd_limited : 1, dead : 1, accepted : 1;
    bool urgent_sent : 1, more : 1, fin_sent : 1;
    uint8_t congestion : 2; /* index of tcp_congestions */
    int8_t linger2; /* seconds, 0: 60, -1: none */

    struct inet_socket inet;
    struct tcp_link link;
    struct timer timer; /* one for all; may be set for earlier than anything is due */
    uint32_t send_at, ack_at, keep_at; /* beats */
    uint32_t snd_wl1;
    uint32_t srtt8, rttvar4; /* ticks, times 8 and 4, RFC 6298; srtt8 0: none yet */
    uint32_t min_rtt;
    uint32_t ts_recent_at; /* beat */
    uint32_t ts_offset; /* added to ours, RFC 7323, 5.4 */
    uint32_t max_window; /* the largest the peer offered */
    uint32_t sent_at; /* beat of the last data sent, for RFC 2861 */
    uint32_t heard_at; /* beat of the last segment that came */
    uint32_t refused_at; /* beat of the last answer to a segment out of the window */
    uint32_t
        stalled_at; /* beat since which nothing was acknowledged, while retries or probes are sent */
    uint32_t small_end; /* end of the last segment below mss (Minshall's Nagle) */

    uint32_t total_again; /* segments retransmitted, for TCP_INFO */
    uint16_t peer_mss; /* that the peer announced */
    uint16_t user_mss; /* TCP_MAXSEG */
    uint16_t sent_size;
    uint8_t syn_count, urgent_byte;
    struct tcp_sent sent_own[1];

    struct list
        rcv_queue; /* packets; note[0]: sequence number of the first byte, note[1]: bytes gone */
    uint32_t rcv_memory;
    uint32_t tune_seq, tune_at,
        tune_space; /* receive buffer auto-tuning: since, tick, bytes a round trip */
    uint32_t rcv_rtt; /* ticks, as the receiver sees it */
    uint32_t urgent_seq; /* received: of the urgent byte */
    uint32_t urgent_up; /* sent: just behind it */
    uint32_t user_timeout; /* beats, 0: none */
    struct tcp *ack_next; /* list of those that owe an acknowledgement at the end of the batch */
    union {
        struct list accept_link; /* of a connection until it is accepted */
        struct tcp_listener *listener; /* of a listener */
    };
    struct tcp *parent; /* listener that has it in its queue */
    uint64_t bytes_received;
    uint32_t notsent_lowat, window_clamp;
    uint32_t rcvbuf_auto; /* what we chose: another value is the program's */
    uint16_t keep_idle, keep_interval; /* seconds */
    uint8_t keep_count, defer_accept;
    uint16_t pseudo; /* sum of the pseudo header without the length */
};
_Static_assert(offsetof(struct tcp, inet) <= 144, "the first part is short");

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
    unsigned device; /* SO_BINDTODEVICE, or where a link-local peer is; 0: any */
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
    unsigned device;
    bool ts_on, fin_wait_2;
    uint8_t rcv_scale;
    uint32_t answered_at;
};

#endif
