/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP on a wire in memory, under a virtual clock. The stack has two addresses, so that both ends of a connection can be
 * its own; segments from a third are made by a script. The wire loses, delays, reorders and repeats as it is told.
 */
#ifndef WIRE_H
#define WIRE_H

#include <u2k/errno.h>
#include <u2k/inet.h>
#include <u2k/poll.h>
#include <u2k/socket.h>

#include "tcp.h"

#include <stdio.h>
#include <stdlib.h>

#define CHECK(cond) \
    ((cond) ? (void)0 \
            : (fprintf(stderr, "%s:%d: %s (at %.6f s)\n", __FILE__, __LINE__, #cond, \
                       (double)wire.now / 1e9), \
               exit(1)))
#define CHECK_EQ(got, want) \
    do { \
        long long got_ = (long long)(got), want_ = (long long)(want); \
        if (got_ != want_) { \
            fprintf(stderr, "%s:%d: %s is %lld, not %lld (at %.6f s)\n", __FILE__, __LINE__, #got, \
                    got_, want_, (double)wire.now / 1e9); \
            exit(1); \
        } \
    } while (0)

#define MS 1000000ull
#define SEC 1000000000ull

struct wire {
    uint64_t now;
    uint64_t delay, jitter;       /* ns each way */
    unsigned loss, duplicate, reorder; /* of 10000 packets */
    uint64_t rate;                /* bytes a second, 0: any */
    uint32_t queue_limit;         /* bytes that wait for the rate, then loss */
    bool offload;                 /* the device segments */
    uint32_t mtu;
    bool drop_all;                /* nothing arrives */
    bool quiet_mtu;               /* too long: dropped without a word */
    uint32_t path_mtu;            /* of the wire, 0: as the device's */
    bool (*filter)(struct packet *p, const struct tcp_header *h, uint32_t len); /* false: lost */
    uint64_t packets, bytes, lost;
};
extern struct wire wire;
extern long wire_allocations;

#define A "10.0.0.1"
#define B "10.0.0.2"
#define PEER "10.0.0.3" /* the script */

void wire_reset(void);
void wire_arrive(struct packet *p);
bool wire_step(void);           /* the next event; false: there is none */
void wire_run(uint64_t ns);     /* for so long */
bool wire_until(bool (*done)(void *), void *arg, uint64_t ns); /* false: time-out */

struct ip_addr wire_address(const char *dotted);
struct socket *wire_socket(void);
struct socket *wire_listen(const char *at, uint16_t port, unsigned backlog);
int wire_connect(struct socket *s, const char *to, uint16_t port);
struct socket *wire_accept(struct socket *listener); /* NULL: none there */
ssize_t wire_send(struct socket *s, const void *data, size_t n, unsigned flags);
ssize_t wire_receive(struct socket *s, void *data, size_t n, unsigned flags);
int wire_set(struct socket *s, int level, int name, int value);
void wire_close(struct socket *s);
void wire_pair(struct socket **client, struct socket **server, uint16_t port);

/* ---- the script's side ---- */

struct seen { /* a segment for the script's address */
    uint32_t seq, ack, len, tsval, tsecr;
    uint16_t window, mss, urgent;
    uint8_t flags, blocks;
    bool has_ts, sack_permitted, has_scale;
    uint8_t scale;
    struct tcp_block block[4];
    uint16_t from_port, to_port;
    uint64_t at;
    uint8_t data[65536];
};
struct crafted {
    uint16_t from_port, to_port;
    uint32_t seq, ack;
    uint8_t flags;
    uint16_t window;
    const void *data;
    size_t len;
    const uint8_t *options;
    size_t options_len;
    uint16_t urgent;
    const char *to;
    bool bad_checksum;
};
bool script_next(struct seen *out, uint64_t within); /* waits for the next segment to the script */
bool script_quiet(uint64_t ns);                       /* nothing comes for so long */
void script_drop(void);                               /* what is waiting */
void script_inject(const struct crafted *c);

#endif
