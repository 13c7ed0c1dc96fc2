/* SPDX-License-Identifier: Apache-2.0 */
/* A TCP segment as it travels (RFC 9293, 3.1), and as it is after reading. */
#ifndef TCP_SEGMENT_H
#define TCP_SEGMENT_H

#include <u2k/packet.h>

struct tcp_header {
    uint16_t source, destination;
    uint32_t seq, ack;
    uint8_t offset; /* words of the header, in the upper four bits */
    uint8_t flags;
    uint16_t window, checksum, urgent;
} PACKED;

enum {
    TCP_FIN = 1,
    TCP_SYN = 2,
    TCP_RST = 4,
    TCP_PSH = 8,
    TCP_ACK = 16,
    TCP_URG = 32,
};

#define TCP_HEADER 20u
#define TCP_HEADER_MAX 60u
#define TCP_TIMESTAMP_ROOM \
    12u /* the option with two bytes of padding in front (RFC 7323, appendix A) */
#define TCP_TIMESTAMP_WORD net32(0x0101080a)
#define TCP_SACK_BLOCKS 4u /* that fit into a header (RFC 2018, 3) */

/* Sequence numbers wrap (RFC 9293, 3.4). */
static inline bool seq_before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}
static inline bool seq_after(uint32_t a, uint32_t b)
{
    return seq_before(b, a);
}
static inline uint32_t seq_max(uint32_t a, uint32_t b)
{
    return seq_before(a, b) ? b : a;
}
static inline uint32_t seq_min(uint32_t a, uint32_t b)
{
    return seq_before(a, b) ? a : b;
}

struct tcp_block {
    uint32_t start, end;
};

struct tcp_segment {
    uint32_t seq, ack;
    uint32_t end;    /* seq and all that takes sequence space: data, SYN, FIN */
    uint32_t len;    /* bytes of data */
    uint32_t window; /* as it stands in the header, not scaled */
    uint8_t flags;
    uint16_t urgent;
    bool has_ts;
    uint32_t tsval, tsecr;
    struct tcp_rare_options {
        /* Of segments with SYN; 0 if the option was absent. */
        uint16_t mss;
        bool sack_permitted, has_scale;
        uint8_t scale;
        uint8_t blocks; /* of SACK */
        uint16_t unused;
    } opt;
    uint32_t iss; /* where our numbers have to begin, after a TIME-WAIT; 0: anywhere */
    struct tcp_block block[TCP_SACK_BLOCKS];
    struct packet *packet; /* its data begins with the payload */
};

/* Header and checksum of a packet that begins with its TCP header; the header comes off. False: not a segment that
 * anybody may look at. */
bool tcp_segment_read(struct tcp_segment *seg, struct packet *p);

#endif
