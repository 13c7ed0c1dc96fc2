/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internet addresses. One type for both versions: IPv4 addresses are IPv4-mapped IPv6 ones (RFC 4291, 2.5.5.2),
 * so that a dual-stack socket (RFC 3493, 3.7) needs no second path.
 */
#ifndef U2K_NETADDR_H
#define U2K_NETADDR_H

#include <u2k/types.h>

/* Bytes in network order. `any` of both versions is distinguished: :: and ::ffff:0.0.0.0. */
struct ip_addr {
    union {
        uint8_t bytes[16];
        uint32_t words[4]; /* network order */
        uint64_t halves[2];
    };
};

static inline uint16_t swap16(uint16_t v)
{
    return __builtin_bswap16(v);
}
static inline uint32_t swap32(uint32_t v)
{
    return __builtin_bswap32(v);
}
/* Both architectures are little-endian: these convert either way between host and network order. */
#define net16(v) __builtin_bswap16((uint16_t)(v))
#define net32(v) __builtin_bswap32((uint32_t)(v))

/* Header fields as they lie in memory, in network order, wherever they lie. */
static inline uint16_t raw16(const void *at)
{
    uint16_t v;
    __builtin_memcpy(&v, at, sizeof v);
    return v;
}
static inline uint32_t raw32(const void *at)
{
    uint32_t v;
    __builtin_memcpy(&v, at, sizeof v);
    return v;
}
static inline void put_raw16(void *at, uint16_t v)
{
    __builtin_memcpy(at, &v, sizeof v);
}
static inline void put_raw32(void *at, uint32_t v)
{
    __builtin_memcpy(at, &v, sizeof v);
}
/* The same, as numbers. */
static inline uint16_t be16(const void *at)
{
    return swap16(raw16(at));
}
static inline uint32_t be32(const void *at)
{
    return swap32(raw32(at));
}
static inline void put_be16(void *at, uint16_t v)
{
    put_raw16(at, swap16(v));
}
static inline void put_be32(void *at, uint32_t v)
{
    put_raw32(at, swap32(v));
}

static inline bool ip_same(const struct ip_addr *a, const struct ip_addr *b)
{
    return a->halves[0] == b->halves[0] && a->halves[1] == b->halves[1];
}

static inline bool ip_is_v4(const struct ip_addr *a)
{
    return a->halves[0] == 0 && a->words[2] == net32(0xffff);
}

/* `v4`: network order, as in an IPv4 header or struct sockaddr_in. */
static inline struct ip_addr ip_from_v4(uint32_t v4)
{
    return (struct ip_addr){.words = {0, 0, net32(0xffff), v4}};
}
static inline uint32_t ip_v4(const struct ip_addr *a)
{
    return a->words[3];
}

static inline bool ip_is_any(const struct ip_addr *a) /* of either version */
{
    return a->halves[0] == 0 && a->words[3] == 0 &&
           (a->words[2] == 0 || a->words[2] == net32(0xffff));
}

static inline bool ip_is_multicast(const struct ip_addr *a)
{
    return ip_is_v4(a) ? (a->bytes[12] & 0xf0) == 0xe0 : a->bytes[0] == 0xff;
}

static inline bool ip_is_loopback(const struct ip_addr *a)
{
    return ip_is_v4(a) ? a->bytes[12] == 127 : a->halves[0] == 0 && a->halves[1] == 1ull << 56;
}

static inline bool ip_is_link_local(const struct ip_addr *a)
{
    return ip_is_v4(a) ? a->bytes[12] == 169 && a->bytes[13] == 254
                       : a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

enum {
    IPPROTO_ICMP = 1,
    IPPROTO_IGMP = 2,
    IPPROTO_TCP = 6,
    IPPROTO_UDP = 17,
    IPPROTO_ICMPV6 = 58,
    IPPROTO_RAW = 255
};

#endif
