/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6: neighbours, addresses that configure themselves, extension headers, fragments, errors. */
#include "stub.h"

#include <u2k/errno.h>

#include "../../../../libos/net/config/config.h"
#include "../../../../libos/net/ethernet/ethernet.h"
#include "../../../../libos/net/ip/ip.h"
#include "../../../../libos/net/ipv6/ipv6.h"

static struct ip_addr v6(const char *text)
{
    struct ip_addr a;
    const char *end;
    CHECK(config_address(text, &end, &a) && !*end, 1);
    return a;
}

/* An Ethernet frame with an IPv6 packet in it; its length. */
static size_t make(uint8_t *f, const char *src, const char *dst, unsigned next, unsigned hops,
                   const void *payload, size_t n)
{
    const struct ip_addr from = v6(src), to = v6(dst);
    memcpy(f, (uint8_t[]){2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x86, 0xdd, 0x60, 0, 0, 0}, 18);
    put_be16(f + 18, (uint16_t)n);
    f[20] = (uint8_t)next;
    f[21] = (uint8_t)hops;
    memcpy(f + 22, &from, 16);
    memcpy(f + 38, &to, 16);
    memcpy(f + 54, payload, n);
    return 54 + n;
}

static void give_icmp(const char *src, const char *dst, unsigned hops, uint8_t *m, size_t n)
{
    static uint8_t f[4000];
    const struct ip_addr from = v6(src), to = v6(dst);
    put_raw16(m + 2, 0);
    put_raw16(m + 2, (uint16_t)~checksum(m, n, checksum_pseudo(&from, &to, 58, (uint32_t)n)));
    wire_give(f, make(f, src, dst, 58, hops, m, n));
}

/* The last frame of this ICMPv6 type that was sent; its message. */
static const uint8_t *sent(unsigned type)
{
    for (unsigned i = wire_count; i-- > 0;) {
        const uint8_t *f = wire_sent[i]->bytes;
        size_t len = be16(f + 18), at = 54;
        if (be16(f + 12) != 0x86dd)
            continue;
        CHECK(wire_sent[i]->len, 54 + len);
        if (f[20] == 0)
            at += 8;
        const struct ip_addr src = ipv6_at(f + 22), dst = ipv6_at(f + 38);
        size_t n = 54 + len - at;
        CHECK(checksum(f + at, n, checksum_pseudo(&src, &dst, 58, (uint32_t)n)), 0xffff);
        if (f[at] == type)
            return f + at;
    }
    return NULL;
}

#define OWN "fe80::ff:fe00:1"
#define GLOBAL "2001:db8::ff:fe00:1"
#define ROUTER "fe80::1"
#define PEER "2001:db8::77"

static void advertise(unsigned lifetime, unsigned valid, unsigned preferred)
{
    uint8_t m[88] = {134,
                     0,
                     0,
                     0,
                     64,
                     0,
                     (uint8_t)(lifetime >> 8),
                     (uint8_t)lifetime,
                     [16] = 1,
                     1,
                     2,
                     0,
                     0,
                     0,
                     0,
                     9, /* its MAC */
                     5,
                     1,
                     0,
                     0,
                     0,
                     0,
                     5,
                     0xb4,     /* MTU 1460 */
                     3,
                     4,
                     64,
                     0xc0,
                     [48] = 0x20,
                     0x01,
                     0x0d,
                     0xb8,
                     [64] = 25,
                     3};
    put_be32(m + 36, valid);
    put_be32(m + 40, preferred);
    put_be32(m + 68, 600);
    const struct ip_addr server = v6("2001:db8::53");
    memcpy(m + 72, &server, 16);
    give_icmp(ROUTER, "ff02::1", 255, m, sizeof m);
}

static void resolve(const char *who)
{
    uint8_t m[32] = {136, 0, 0, 0, 0x60, [24] = 2, 1, 2, 0, 0, 0, 0, 9};
    const struct ip_addr a = v6(who);
    memcpy(m + 8, &a, 16);
    give_icmp(who, GLOBAL, 255, m, sizeof m);
}

/* It asks for us, so we know it. */
static void meet(const char *who)
{
    uint8_t m[32] = {135, [24] = 1, 1, 2, 0, 0, 0, 0, 9};
    const struct ip_addr global = v6(GLOBAL);
    memcpy(m + 8, &global, 16);
    give_icmp(who, "ff02::1:ff00:1", 255, m, sizeof m);
    wire_clear();
}

static void start(void)
{
    stub_tokens[0] = "10.0.0.2/24::10.0.0.1";
    net_start();
    CHECK(sent(135) != NULL, 1);
    CHECK(sent(133) != NULL, 1);
    CHECK(sent(143) != NULL, 1);
    stub_pass(2 * NSEC_PER_SEC);
    advertise(1800, 7200, 3600);
    stub_pass(2 * NSEC_PER_SEC);
    wire_clear();
}

static void autoconf(void)
{
    const struct ip_addr own = v6(OWN), global = v6(GLOBAL), far = v6("2620:fe::fe"), any = {0};
    const struct ip_addr localhost = v6("::1");
    struct ip_route r;
    stub_tokens[0] = "10.0.0.2/24::10.0.0.1";
    net_start();
    CHECK(ip_is_ours(&localhost, 0), 1);
    CHECK(ip_is_ours(&own, 0), 0); /* not before a second has passed */
    CHECK(ip_route(&far, NULL, 0, &r), -ENETUNREACH);
    stub_pass(2 * NSEC_PER_SEC);
    CHECK(ip_is_ours(&own, 0), 1);
    wire_clear();
    stub_pass(3 * NSEC_PER_SEC);
    const uint8_t *m = sent(133);
    CHECK(m != NULL && m[8] == 1, 1); /* now it has a source */
    advertise(1800, 7200, 3600);
    CHECK(wire.mtu, 1460);
    stub_pass(2 * NSEC_PER_SEC);
    CHECK(ip_is_ours(&global, 0), 1);
    CHECK(ip_route(&far, NULL, 0, &r), 0);
    CHECK(ip_same(&r.source, &global), 1);
    CHECK(ip_same(&r.next_hop, &(struct ip_addr){.bytes = {0xfe, 0x80, [15] = 1}}), 1);
    CHECK(r.neighbour->state, NEIGHBOUR_STALE); /* learned from the advertisement */
    CHECK(ip_route(&any, NULL, 0, &r), -ENETUNREACH + ENETUNREACH);
    wire_clear();
    stub_pass(20 * NSEC_PER_SEC);
    CHECK(sent(133) == NULL, 1);
    advertise(1800, 1, 1); /* not below two hours at once */
    stub_pass(10 * NSEC_PER_SEC);
    CHECK(ip_is_ours(&global, 0), 1);
    advertise(0, 7200, 0); /* the router goes, the address is deprecated */
    CHECK(ip_route(&far, NULL, 0, &r), -ENETUNREACH);
    CHECK(ip_addr_find(&global, 0)->state, ADDR_DEPRECATED);
    stub_pass(7300 * NSEC_PER_SEC);
    CHECK(ip_is_ours(&global, 0), 0);
    advertise(1800, 7200, 3600);
    stub_pass(2 * NSEC_PER_SEC);
    CHECK(ip_route(&far, NULL, 0, &r), 0);
    stub_pass(1801 * NSEC_PER_SEC); /* it is not heard of any more */
    CHECK(ip_route(&far, NULL, 0, &r), -ENETUNREACH);
    wire_clear();
    CHECK(packet_memory, 0);
}

/* Whoever is on the link can advertise: what comes of it is bounded. */
static void flood(void)
{
    start();
    for (unsigned i = 0; i < 500; i++) {
        uint8_t m[64] = {134, 0, 0, 0, 64, 0, 7, 8, [16] = 24, 2, 48, 0, 0, 0, 2, 0,
                         0x20, 1, 0xd, 0xb9, (uint8_t)(i >> 8), (uint8_t)i, [32] = 3, 4, 64, 0xc0};
        char router[32] = "fe80::1000";
        router[8] = (char)('0' + i % 10), router[9] = (char)('0' + i / 10 % 10);
        put_be32(m + 36, 7200), put_be32(m + 40, 3600);
        memcpy(m + 48, (uint8_t[]){0x20, 1, 0xd, 0xba, 0, 0, (uint8_t)(i >> 8), (uint8_t)i}, 8);
        give_icmp(router, "ff02::1", 255, m, sizeof m);
        wire_clear();
    }
    unsigned routes = 0, addresses = 0;
    for (struct list *it = ip_routes.next; it != &ip_routes; it = it->next)
        routes++;
    for (struct list *it = wire.addresses.next; it != &wire.addresses; it = it->next)
        addresses++;
    CHECK(routes < 60, 1);
    CHECK(addresses <= 17, 1);
    stub_pass(8000 * NSEC_PER_SEC);
    wire_clear();
    CHECK(packet_memory, 0);
}

static void conflict(void)
{
    const struct ip_addr own = v6(OWN);
    uint8_t m[24] = {135};
    stub_tokens[0] = "10.0.0.2/24";
    net_start();
    memcpy(m + 8, &own, 16);
    give_icmp("::", "ff02::1:ff00:1", 255, m, sizeof m);
    stub_pass(5 * NSEC_PER_SEC);
    CHECK(ip_is_ours(&own, 0), 0);
    wire_clear();
}

static void neighbours6(void)
{
    start();
    uint8_t m[32] = {135, [24] = 1, 1, 2, 0, 0, 0, 0, 9};
    const struct ip_addr global = v6(GLOBAL), peer = v6(PEER);
    memcpy(m + 8, &global, 16);
    give_icmp(PEER, "ff02::1:ff00:1", 254, m, sizeof m); /* came over a router */
    CHECK(wire_count, 0);
    give_icmp(PEER, "ff02::1:ff00:1", 255, m, sizeof m);
    const uint8_t *a = sent(136);
    CHECK(a != NULL && a[4] == 0x60 && a[24] == 2, 1);
    CHECK(memcmp(a + 26, wire.mac, 6), 0);
    struct neighbour *n = neighbour_find(&wire, &peer);
    CHECK(n != NULL && n->state >= NEIGHBOUR_STALE, 1);
    wire_clear();

    uint8_t echo[100] = {128, 0, 0, 0, 9, 9, 0, 1, 'h', 'i'};
    give_icmp(PEER, GLOBAL, 64, echo, sizeof echo);
    a = sent(129);
    CHECK(a != NULL && !memcmp(a + 4, echo + 4, 96), 1);
    wire_clear();
    give_icmp(PEER, "ff02::1", 64, echo, sizeof echo);
    CHECK(sent(129) != NULL, 1);
    wire_clear();

    /* A redirect is not followed, a query is answered. */
    uint8_t redirect[40] = {137};
    give_icmp(ROUTER, GLOBAL, 255, redirect, sizeof redirect);
    CHECK(wire_count, 0);
    uint8_t query[28] = {130};
    static uint8_t f[200];
    const struct ip_addr from = v6(ROUTER), to = v6("ff02::1");
    put_raw16(query + 2, (uint16_t)~checksum(query, 28, checksum_pseudo(&from, &to, 58, 28)));
    uint8_t with_alert[36] = {58, 0, 5, 2, 0, 0, 1, 0};
    memcpy(with_alert + 8, query, 28);
    wire_give(f, make(f, ROUTER, "ff02::1", 0, 1, with_alert, sizeof with_alert));
    a = sent(143);
    CHECK(a != NULL && be16(a + 6) >= 1, 1);
    wire_clear();
}

static void extensions(void)
{
    start();
    static uint8_t f[3000];
    uint8_t m[64] = {0};
    meet(PEER);
    /* Destination options: padding and one that may be passed over. */
    memcpy(m, (uint8_t[]){17, 0, 1, 1, 0, 0x1e, 0, 0}, 8);
    wire_give(f, make(f, PEER, GLOBAL, 60, 64, m, 40));
    CHECK(given.count, 1);
    CHECK(given.len, 32);
    m[5] = 0x9e; /* one that is to be complained about */
    wire_give(f, make(f, PEER, GLOBAL, 60, 64, m, 40));
    CHECK(given.count, 1);
    const uint8_t *e = sent(4);
    CHECK(e != NULL && e[1] == 2 && be32(e + 4) == 45, 1);
    m[5] = 0x5e; /* one that makes it go */
    wire_clear();
    wire_give(f, make(f, PEER, GLOBAL, 60, 64, m, 40));
    CHECK(given.count, 1);
    CHECK(wire_count, 0);
    /* Routing headers: nothing is left, or something is. */
    memcpy(m, (uint8_t[]){17, 0, 4, 0, 0, 0, 0, 0}, 8);
    wire_give(f, make(f, PEER, GLOBAL, 43, 64, m, 40));
    CHECK(given.count, 2);
    m[3] = 1;
    wire_give(f, make(f, PEER, GLOBAL, 43, 64, m, 40));
    CHECK(given.count, 2);
    CHECK(sent(4) != NULL, 1);
    wire_clear();
    wire_give(f, make(f, PEER, GLOBAL, 200, 64, m, 40)); /* no such header */
    e = sent(4);
    CHECK(e != NULL && e[1] == 1 && be32(e + 4) == 6, 1);
    /* A long row of headers. */
    static uint8_t row[800];
    for (unsigned i = 0; i < 100; i++)
        row[8 * i] = 60, row[8 * i + 2] = 1, row[8 * i + 3] = 4;
    wire_give(f, make(f, PEER, GLOBAL, 60, 64, row, sizeof row));
    CHECK(given.count, 2);
    /* Mapped addresses have no place on the wire. */
    wire_give(f, make(f, PEER, "::ffff:10.0.0.2", 17, 64, m, 40));
    wire_give(f, make(f, "::ffff:10.0.0.9", GLOBAL, 17, 64, m, 40));
    wire_give(f, make(f, "::1", GLOBAL, 17, 64, m, 40));
    wire_give(f, make(f, PEER, "::1", 17, 64, m, 40));
    CHECK(given.count, 2);
    wire_clear();
    CHECK(packet_memory, 0);
}

static void fragments6(void)
{
    start();
    static uint8_t f[3000], m[2000];
    struct ip_route r;
    const struct ip_addr peer = v6(PEER), global = v6(GLOBAL);
    CHECK(ip_route(&peer, NULL, 0, &r), 0);
    struct packet *p = packet_new(PACKET_HEADROOM, 5000);
    uint8_t *at = packet_append(p, 5000);
    for (unsigned i = 0; i < 5000; i++)
        at[i] = (uint8_t)(i * 3 + i / 256);
    p->src = global, p->dst = peer, p->protocol = 17;
    CHECK(ip_send(p, &r, false), 0);
    CHECK(wire_count, 1); /* who has it: nobody was asked yet */
    resolve(PEER);
    CHECK(wire_count, 5);
    for (unsigned i = 5; i-- > 1;) { /* back to us */
        uint8_t *b = wire_sent[i]->bytes, swap[16];
        CHECK(b[20], 44);
        CHECK(wire_sent[i]->len <= 14 + 1460, 1);
        memcpy(b, wire.mac, 6);
        memcpy(swap, b + 22, 16), memcpy(b + 22, b + 38, 16), memcpy(b + 38, swap, 16);
        wire_give(b, wire_sent[i]->len);
    }
    CHECK(given.count, 1);
    CHECK(given.len, 5000);
    CHECK(given.bytes[4999], (uint8_t)(4999 * 3 + 4999 / 256));
    wire_clear();
    /* Atomic; then one whose headers are not all in the first. */
    memcpy(m, (uint8_t[]){17, 0, 0, 0, 1, 2, 3, 4}, 8);
    wire_give(f, make(f, PEER, GLOBAL, 44, 64, m, 50));
    CHECK(given.count, 2);
    memcpy(m, (uint8_t[]){60, 0, 0, 1, 1, 2, 3, 5, 17, 2, 1, 4}, 12);
    wire_give(f, make(f, PEER, GLOBAL, 44, 64, m, 24));
    CHECK(packet_memory, 0);
    /* Overlap. */
    memset(m, 0, sizeof m);
    memcpy(m, (uint8_t[]){17, 0, 0, 1, 1, 2, 3, 6}, 8);
    wire_give(f, make(f, PEER, GLOBAL, 44, 64, m, 88));
    m[3] = 72 | 1;
    wire_give(f, make(f, PEER, GLOBAL, 44, 64, m, 88));
    m[3] = 80;
    wire_give(f, make(f, PEER, GLOBAL, 44, 64, m, 88));
    CHECK(given.count, 2);
    stub_pass(31 * NSEC_PER_SEC);
    wire_clear();
    CHECK(packet_memory, 0);

    /* Packet too big. */
    uint8_t big[8 + 40 + 20] = {2, 0, 0, 0, 0, 0, 5, 0x14, 0x60};
    big[14] = 6;
    memcpy(big + 16, &global, 16), memcpy(big + 32, &peer, 16);
    give_icmp(ROUTER, GLOBAL, 64, big, sizeof big);
    CHECK(told_count, 1);
    CHECK(told.mtu, 1300);
    CHECK(ip_route(&peer, NULL, 0, &r), 0);
    CHECK(r.mtu, 1300);
    wire_clear();
}

const struct test tests_ipv6[] = {
    {"autoconf", autoconf},     {"conflict", conflict},     {"neighbours6", neighbours6},
    {"flood", flood},           {"extensions", extensions}, {"fragments6", fragments6}, {0},
};
