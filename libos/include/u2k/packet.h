/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets: what travels between devices and protocols. Implemented by libos/net/packet.
 *
 * A packet is one buffer, or a chain of them (`next`), whose bytes are data..data+len of each. Received ones are
 * chained when a device merged several segments. What is sent has its headers in the first buffer and may refer
 * to payload elsewhere by `slices` (after the buffer's own bytes), so that bytes are copied once, from the
 * program, and never again. The buffer structure stands in front of its room in the same allocation.
 *
 * Ownership: whoever is given a packet owns the one reference and frees it or passes it on. packet_ref() makes
 * another owner; contents of a packet with several owners are only read, but for what stands in front of `data`
 * (a header that the lowest layer adds).
 */
#ifndef U2K_PACKET_H
#define U2K_PACKET_H

#include <u2k/list.h>
#include <u2k/netaddr.h>
#include <u2k/types.h>

struct netdev;
struct packet;

/* Payload that is sent in place. It stays valid while the slice refers to it: `of` is a packet held by reference,
 * or NULL for memory that never goes away (the root image). */
struct slice {
    const uint8_t *at;
    uint32_t len;
    struct packet *of;
};

enum packet_gso { GSO_NONE, GSO_TCP4, GSO_TCP6 };

enum {
    PACKET_CHECKED = 1, /* received: the transport checksum has been verified, or needs no check */
    PACKET_SUM_WANTED =
        2, /* sent: the Internet checksum of csum_start.. is to be put at csum_start + csum_offset,
                               where the pseudo-header's (not complemented) sum stands already */
    PACKET_BROADCAST = 4, /* received by link-layer broadcast or multicast */
    PACKET_LOOPED =
        8, /* came over the loopback device: no checksum was made, none is to be checked */
    PACKET_OURS = 16, /* a copy of what we send ourselves, for packet sockets */
};

struct packet {
    struct list link; /* the present owner's */
    struct packet *next; /* further buffers of this packet */
    uint8_t *data; /* the first byte that the present layer looks at */
    uint32_t len; /* bytes from data in this buffer */
    uint32_t total; /* of the first buffer: bytes of all buffers and slices */
    uint32_t refs;
    uint16_t flags; /* PACKET_* */
    uint16_t csum_offset;
    uint8_t *csum_start;
    uint8_t *network; /* header of IP (received: set by the link layer; sent: by ip_send) */
    uint8_t *transport; /* header of TCP, UDP, ICMP */
    struct netdev *dev; /* that it came from, or goes to */
    uint16_t gso_size; /* payload bytes of each segment, when gso */
    uint8_t gso; /* enum packet_gso */
    uint8_t protocol; /* IPPROTO_* */
    uint8_t ttl, tos; /* hop limit and traffic class, received or to be sent */
    uint16_t ethertype; /* host order */
    struct ip_addr src, dst;
    uint64_t time; /* monotonic ns when it was received; 0: nobody asked the clock */
    union { /* the present owner's notes */
        uint64_t note[4];
        void *note_at[4];
    };
    struct slice *slices; /* in this buffer's room, at its end */
    uint16_t slice_count, slice_max;
    uint32_t room; /* bytes of the whole allocation, this structure included */
    void (*release)(struct packet *p); /* NULL: back to where packet_new() took it from */
};

/* Room in front of the payload for all headers below a transport's own: device (12), Ethernet (14), IPv6 (40),
 * and the transport's own of at most 60, rounded up. */
#define PACKET_HEADROOM 128u
#define PACKET_SIZE \
    2048u /* of the common buffer: a full Ethernet frame fits with its device header */
#define PACKET_ROOM (PACKET_SIZE - (unsigned)sizeof(struct packet))

/* A packet of one buffer whose `data` stands `headroom` bytes into its room, len 0. `room` bytes may follow
 * the headroom; up to PACKET_ROOM together it is a common buffer (from a free list), beyond that whole pages.
 * NULL: no memory, or the bound on packet memory is reached. */
struct packet *packet_new(size_t headroom, size_t room);

/* The same with place for `slices` slices: for headers that are sent in front of payload elsewhere. */
struct packet *packet_new_sliced(size_t headroom, size_t room, unsigned slices);

static inline struct packet *packet_ref(struct packet *p)
{
    p->refs++;
    return p;
}
void packet_free(
    struct packet *p); /* one reference of the whole chain and its slices; NULL is fine */

static inline uint8_t *packet_end(const struct packet *p)
{
    return p->data + p->len;
}
/* Bytes that can still be added behind the data of this buffer. */
static inline size_t packet_tailroom(const struct packet *p)
{
    const uint8_t *end = p->slices ? (const uint8_t *)p->slices : (const uint8_t *)p + p->room;
    return (size_t)(end - packet_end(p));
}
/* A panic that tells how many bytes there was no room for: whoever made the packet was to leave it. */
NORETURN void packet_no_room(size_t n);
/* Headers: bytes come in front (there is room, or it is a bug), or go off the front of the first buffer. */
uint8_t *packet_push(struct packet *p, size_t n);
void packet_pull(struct packet *p, size_t n);
/* The same for hot paths, where it has been looked at: n bytes are there, or in front. */
static inline void packet_advance(struct packet *p, uint32_t n)
{
    p->data += n;
    p->len -= n;
    p->total -= n;
}
static inline uint8_t *packet_retreat(struct packet *p, uint32_t n)
{
    p->data -= n;
    p->len += n;
    p->total += n;
    return p->data;
}
static inline size_t packet_headroom(const struct packet *p)
{
    return (size_t)(p->data - (const uint8_t *)(p + 1));
}
uint8_t *packet_append(struct packet *p,
                       size_t n); /* n more bytes at the end of a buffer without slices */
void packet_trim(struct packet *p,
                 size_t total); /* cut the chain down to `total` bytes: link padding */
bool packet_slice(struct packet *p, const void *at, size_t len,
                  struct packet *of); /* takes a reference */

/* At least `n` bytes of headers in one piece at data: true if they are, or could be made so. */
bool packet_contiguous(struct packet *p, size_t n);
/* Copy out of the chain and its slices; false if it is shorter. */
bool packet_copy(const struct packet *p, size_t offset, void *out, size_t n);
/* One buffer (own pages if need be) with the same bytes and addresses; for fragments and packet sockets. */
struct packet *packet_clone(const struct packet *p, size_t headroom);

/* Internet checksum (RFC 1071): 16-bit one's complement sum, folded, not complemented, of memory or of a packet
 * from `offset` (relative to data) on. Sums are in memory order, so they are stored as they are. */
uint16_t checksum(const void *at, size_t n, uint32_t sum);
uint16_t packet_checksum(const struct packet *p, size_t offset, uint32_t sum);
/* Sum of the pseudo header (RFC 9293 3.1, RFC 8200 8.1); `len` of transport header and payload. */
uint16_t checksum_pseudo(const struct ip_addr *src, const struct ip_addr *dst, uint8_t protocol,
                         uint32_t len);
/* Do what PACKET_SUM_WANTED asks for, in software. */
void packet_finish_checksum(struct packet *p);

/* Memory that packets take now, and the bound on it (a share of all memory), in bytes. Protocols look at it before
 * they accept more data (sndbuf, rcvbuf are bounds of a socket). */
extern size_t packet_memory, packet_memory_max;
void packet_start(void); /* sets the bound; by loopback_start() */

#endif
