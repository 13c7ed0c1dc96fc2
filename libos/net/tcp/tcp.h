/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this library offer each other. */
#ifndef TCP_H
#define TCP_H

#include "connection.h"

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
struct tcp *tcp_find_listener(const struct tcp_tuple *tuple, const struct netdev *dev);
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
uint32_t tcp_receive_window_new(struct tcp *t); /* window.c: what to advertise; moves rcv_adv */
/* The same, if what was advertised is about all that there can be. */
static ALWAYS_INLINE uint32_t tcp_receive_window(struct tcp *t)
{
    uint32_t offered = t->rcv_adv - t->rcv_nxt;

    if (UNLIKELY(offered + t->rcv_mss <= t->inet.s.rcvbuf / 2 || offered > INT32_MAX))
        return tcp_receive_window_new(t);
    offered = ALIGN_UP(offered, 1u << t->rcv_scale); /* never less than before */
    t->rcv_adv = t->rcv_nxt + offered;
    return offered;
}
uint32_t tcp_window_capacity(const struct tcp *t);
void tcp_tune_receive(struct tcp *t, const struct tcp_segment *seg);
void tcp_was_read(struct tcp *t); /* the program has read: tell the peer if it matters, and grow */
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
static ALWAYS_INLINE struct packet *tcp_chunk_packet(struct tcp_chunk *c)
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
/* The device that a link-local peer is reached by: its address alone says nothing (RFC 4007). */
static inline unsigned tcp_scope(const struct packet *p)
{
    return ip_is_v4(&p->src) || !ip_is_link_local(&p->src) || !p->dev ? 0 : p->dev->index;
}
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
