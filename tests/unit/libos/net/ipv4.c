/* SPDX-License-Identifier: Apache-2.0 */
/* Packets, checksums, ARP, IPv4 with fragments, ICMP, routes and path MTUs. */
#include "stub.h"

#include <u2k/errno.h>

#include "../../../../libos/net/ip/ip.h"

static uint16_t plain_sum(const uint8_t *p, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i += 2)
        sum += (uint64_t)p[i] | (i + 1 < n ? (uint64_t)p[i + 1] << 8 : 0);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static void checksums(void)
{
    static uint8_t bytes[3000];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 37 + (i >> 5) + 255 * (i % 3 == 0));
    for (size_t n = 0; n < 200; n++)
        for (size_t at = 0; at < 9; at++)
            CHECK(checksum(bytes + at, n, 0), plain_sum(bytes + at, n));
    CHECK(checksum(bytes, 2999, 0), plain_sum(bytes, 2999));

    /* A chain whose pieces have odd lengths. */
    struct packet *p = packet_new_sliced(64, 500, 3), *q = packet_new(0, 500);
    memcpy(packet_append(p, 333), bytes, 333);
    memcpy(packet_append(q, 101), bytes + 333, 101);
    p->next = q;
    p->total += q->total;
    CHECK(packet_checksum(p, 0, 0), plain_sum(bytes, 434));
    CHECK(packet_checksum(p, 21, 0), plain_sum(bytes + 21, 434 - 21));
    CHECK(packet_checksum(p, 350, 0), plain_sum(bytes + 350, 434 - 350));
    struct packet *of = packet_new(0, 10);
    CHECK(packet_slice(p, bytes + 434, 77, of), 1);
    CHECK(packet_slice(p, bytes + 511, 9, NULL), 1);
    packet_free(of);
    CHECK(packet_checksum(p, 333, 0), plain_sum(bytes + 333, 520 - 333));
    uint8_t out[520];
    CHECK(packet_copy(p, 0, out, 520), 1);
    CHECK(memcmp(out, bytes, 520), 0);
    CHECK(packet_copy(p, 400, out, 121), 0);
    CHECK(packet_copy(p, 400, out, 120), 1);
    CHECK(memcmp(out, bytes + 400, 120), 0);
    packet_trim(p, 440);
    CHECK(p->slice_count, 1);
    CHECK(packet_checksum(p, 0, 0), plain_sum(bytes, 440));
    packet_trim(p, 340);
    CHECK(packet_checksum(p, 0, 0), plain_sum(bytes, 340));
    packet_trim(p, 100);
    CHECK(p->next == NULL, 1);
    packet_free(p);
    CHECK(packet_memory, 0);
}

static void pool(void)
{
    static struct packet *many[2000];
    for (unsigned i = 0; i < 2000; i++)
        CHECK((many[i] = packet_new(128, 1500)) != NULL, 1);
    for (unsigned i = 0; i < 2000; i++)
        packet_free(many[i * 7 % 2000]);
    CHECK(packet_memory, 0);
    struct packet *large = packet_new(128, 70000);
    CHECK(packet_tailroom(large) >= 70000, 1);
    packet_append(large, 70000);
    packet_free(large);
    size_t before = packet_memory_max;
    packet_memory_max = 4096;
    many[0] = packet_new(0, 100), many[1] = packet_new(0, 100);
    CHECK(packet_new(0, 100) == NULL, 1);
    packet_free(many[0]), packet_free(many[1]);
    packet_memory_max = before;
    CHECK(packet_memory, 0);
}

/* An Ethernet frame with an IPv4 packet in it; its length. */
static size_t make(uint8_t *f, struct ip_addr src, struct ip_addr dst, unsigned protocol,
                   unsigned fragment, const void *payload, size_t n)
{
    memcpy(f, (uint8_t[]){2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 8, 0}, 14);
    uint8_t *h = f + 14;
    memset(h, 0, 20);
    h[0] = 0x45;
    put_be16(h + 2, (uint16_t)(20 + n));
    put_be16(h + 4, 0x1234);
    put_be16(h + 6, (uint16_t)fragment);
    h[8] = 64;
    h[9] = (uint8_t)protocol;
    put_raw32(h + 12, ip_v4(&src));
    put_raw32(h + 16, ip_v4(&dst));
    put_raw16(h + 10, (uint16_t)~plain_sum(h, 20));
    memcpy(h + 20, payload, n);
    return 34 + n;
}

static void answer_arp(struct ip_addr who)
{
    const struct frame *f = wire_sent[wire_count - 1];
    CHECK(f->len, 42);
    CHECK(be16(f->bytes + 12), 0x0806);
    CHECK(raw32(f->bytes + 38), ip_v4(&who));
    uint8_t r[60] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 8, 6,
                     0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 9};
    put_raw32(r + 28, ip_v4(&who));
    memcpy(r + 32, f->bytes + 22, 10);
    wire_give(r, sizeof r);
}

static struct packet *payload(struct ip_addr src, struct ip_addr dst, unsigned protocol, size_t n)
{
    struct packet *p = packet_new(PACKET_HEADROOM, n);
    uint8_t *at = packet_append(p, n);
    for (size_t i = 0; i < n; i++)
        at[i] = (uint8_t)(i * 3 + i / 256);
    p->src = src;
    p->dst = dst;
    p->protocol = (uint8_t)protocol;
    return p;
}

static void neighbours_and_echo(void)
{
    wire_start();
    struct ip_route r;
    const struct ip_addr far = v4(8, 8, 8, 8), own = v4(10, 0, 0, 2), peer = v4(10, 0, 0, 7);
    CHECK(ip_route(&far, NULL, 0, &r), 0);
    CHECK(ip_same(&r.source, &own), 1);
    CHECK(ip_v4(&r.next_hop), ip_v4(&(struct ip_addr){.words = {0, 0, 0, net32(0x0a000001)}}));
    for (unsigned i = 0; i < 20; i++)
        CHECK(ip_send(payload(own, far, 17, 100 + i), &r, true), 0);
    CHECK(wire_count, 1); /* one question; packets wait */
    answer_arp(v4(10, 0, 0, 1));
    CHECK(wire_count, 17); /* the oldest were dropped */
    const uint8_t *h = wire_sent[1]->bytes;
    CHECK(memcmp(h, (uint8_t[]){2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1, 8, 0, 0x45}, 15), 0);
    CHECK(plain_sum(h + 14, 20), 0xffff);
    CHECK(be16(h + 16), 20 + 104);
    CHECK(h[20], 0x40);
    wire_clear();

    uint8_t frame[2000];
    const uint8_t arp[42] = {255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0,  9, 8, 6,
                             0,   1,   8,   0,   6,   4,   0, 1, 2, 0, 0,  0, 0, 9,
                             10,  0,   0,   7,   0,   0,   0, 0, 0, 0, 10, 0, 0, 2};
    wire_give(arp, sizeof arp);
    CHECK(wire_count, 1);
    CHECK(wire_sent[0]->bytes[21], 2);
    CHECK(raw32(wire_sent[0]->bytes + 28), ip_v4(&own));
    uint8_t echo[64] = {8, 0, 0, 0, 1, 2, 3, 4, 'h', 'i'};
    put_raw16(echo + 2, (uint16_t)~plain_sum(echo, 64));
    wire_give(frame, make(frame, peer, own, 1, 0, echo, 64));
    CHECK(wire_count, 2);
    h = wire_sent[1]->bytes;
    CHECK(wire_sent[1]->len, 98);
    CHECK(h[34], 0);
    CHECK(plain_sum(h + 34, 64), 0xffff);
    CHECK(memcmp(h + 38, echo + 4, 60), 0);
    CHECK(raw32(h + 30), ip_v4(&peer));
    echo[20] ^= 1; /* a wrong checksum */
    wire_give(frame, make(frame, peer, own, 1, 0, echo, 64));
    CHECK(wire_count, 2);
    wire_give(frame, make(frame, peer, own, 99, 0, echo, 64)); /* no such protocol */
    CHECK(wire_count, 3);
    CHECK(wire_sent[2]->bytes[34], 3);
    CHECK(wire_sent[2]->bytes[35], 2);
    wire_clear();

    /* A host that does not answer: asked three times, then its sender is told. */
    const struct ip_addr gone = v4(10, 0, 0, 77);
    CHECK(ip_route(&gone, NULL, 0, &r), 0);
    CHECK(ip_send(payload(own, gone, 17, 100), &r, false), 0);
    CHECK(wire_count, 1);
    stub_pass(4 * NSEC_PER_SEC);
    CHECK(wire_count, 3);
    CHECK(told_count, 1);
    CHECK(told.error, -EHOSTUNREACH);
    CHECK(told_protocol, IPPROTO_UDP);
    wire_clear();
    CHECK(packet_memory, 0);
}

static void loopback(void)
{
    wire_start();
    struct ip_route r;
    const struct ip_addr lo = v4(127, 0, 0, 1), other = v4(127, 1, 2, 3), own = v4(10, 0, 0, 2);
    const struct ip_addr any = v4(0, 0, 0, 0);
    CHECK(ip_route(&other, NULL, 0, &r), 0);
    CHECK(ip_same(&r.source, &lo), 1);
    CHECK(ip_route(&any, NULL, 0, &r), 0);
    CHECK(ip_same(&r.source, &lo), 1);
    CHECK(ip_route(&own, NULL, 0, &r), 0);
    CHECK(ip_same(&r.source, &own), 1);
    CHECK(r.dev->index, 1);
    struct packet *p = payload(own, own, 6, 40000);
    p->gso = GSO_TCP4;
    CHECK(ip_send(packet_ref(p), &r, true), 0);
    CHECK(given.count, 0);
    CHECK(netdev_unsettled, 1);
    net_settle();
    CHECK(given.count, 1);
    CHECK(given.len, 40000);
    CHECK(given.bytes[39999], (uint8_t)(39999 * 3 + 39999 / 256));
    packet_free(p);
    CHECK(packet_memory, 0);
}

static void reassembly(void)
{
    wire_start();
    static uint8_t data[40000], frame[2000];
    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7 + i / 1000);
    const struct ip_addr own = v4(10, 0, 0, 2), peer = v4(10, 0, 0, 7);
    const size_t step = 1480, n = 10000, pieces = (n + step - 1) / step;
    for (unsigned order = 1; order < pieces; order++) { /* by different strides */
        given.count = 0;
        for (unsigned i = 0; i < pieces; i++) {
            size_t k = (i * order) % pieces, at = k * step, len = MIN(step, n - at);
            if (order * pieces % 7 == 0 || pieces == 7) /* a prime: each stride visits all */
                wire_give(frame,
                          make(frame, peer, own, 17,
                               (unsigned)(at / 8) | (at + len < n ? 0x2000 : 0), data + at, len));
        }
        CHECK(given.count, 1);
        CHECK(given.len, n);
        CHECK(memcmp(given.bytes, data, n), 0);
    }
    /* One that came twice does no harm, an overlap does. */
    given.count = 0;
    wire_give(frame, make(frame, peer, own, 17, 0x2000, data, 800));
    wire_give(frame, make(frame, peer, own, 17, 0x2000, data, 800));
    wire_give(frame, make(frame, peer, own, 17, 100, data + 800, 100));
    CHECK(given.count, 1);
    wire_give(frame, make(frame, peer, own, 17, 0x2000, data, 800));
    wire_give(frame, make(frame, peer, own, 17, 99, data + 792, 108));
    wire_give(frame, make(frame, peer, own, 17, 100, data + 800, 100));
    CHECK(given.count, 1);
    stub_pass(31 * NSEC_PER_SEC);
    CHECK(packet_memory, 0);
    /* Nothing more comes: its sender is told, once it is resolved. */
    wire_clear();
    wire_give(frame, make(frame, peer, own, 17, 0x2000, data, 800));
    stub_pass(30 * NSEC_PER_SEC + 1);
    CHECK(wire_count, 1); /* who has 10.0.0.7 */
    answer_arp(peer);
    CHECK(wire_sent[1]->bytes[34], 11);
    CHECK(wire_sent[1]->bytes[35], 1);
    wire_clear();
    /* A flood of first fragments is bounded. */
    for (unsigned i = 0; i < 5000; i++) {
        size_t len = make(frame, v4(10, 0, 1, i & 255), own, 17, 0x2000, data, 800);
        put_be16(frame + 18, (uint16_t)i);
        put_raw16(frame + 24, 0);
        put_raw16(frame + 24, (uint16_t)~plain_sum(frame + 14, 20));
        wire_give(frame, len);
    }
    CHECK(packet_memory <= packet_memory_max / 4, 1);
    stub_pass(31 * NSEC_PER_SEC);
    wire_clear();
    stub_pass(31 * NSEC_PER_SEC);
    CHECK(packet_memory, 0);
}

static void fragments_out(void)
{
    wire_start();
    struct ip_route r;
    const struct ip_addr own = v4(10, 0, 0, 2), peer = v4(10, 0, 0, 7);
    CHECK(ip_route(&peer, NULL, 0, &r), 0);
    CHECK(ip_send(payload(own, peer, 17, 10), &r, false), 0);
    answer_arp(peer);
    wire_clear();
    CHECK(ip_send(payload(own, peer, 17, 5000), &r, true), -EMSGSIZE);
    CHECK(ip_send(payload(own, peer, 17, 5000), &r, false), 0);
    CHECK(wire_count, 4);
    /* Sent back to us they make the same again. */
    for (unsigned i = 4; i-- > 0;) {
        uint8_t *f = wire_sent[i]->bytes;
        CHECK(plain_sum(f + 14, 20), 0xffff);
        CHECK(wire_sent[i]->len <= 1514, 1);
        memcpy(f, wire.mac, 6);
        uint32_t src = raw32(f + 26);
        put_raw32(f + 26, raw32(f + 30));
        put_raw32(f + 30, src);
        wire_give(f, wire_sent[i]->len);
    }
    CHECK(given.count, 1);
    CHECK(given.len, 5000);
    CHECK(given.bytes[4999], (uint8_t)(4999 * 3 + 4999 / 256));
    wire_clear();

    /* A router says that 1000 bytes fit. */
    uint8_t frame[200], quote[36] = {3, 4, 0, 0, 0, 0, 0x03, 0xe8, 0x45, 0, 0x05, 0xdc};
    quote[17] = 6;
    put_raw32(quote + 20, ip_v4(&own));
    put_raw32(quote + 24, ip_v4(&peer));
    put_raw16(quote + 2, (uint16_t)~plain_sum(quote, 36));
    stub_doubts = true;
    wire_give(frame, make(frame, v4(10, 0, 0, 1), own, 1, 0, quote, 36));
    CHECK(told_count, 1);
    CHECK(ip_route(&peer, NULL, 0, &r), 0);
    CHECK(r.mtu, 1500);
    stub_doubts = false;
    wire_give(frame, make(frame, v4(10, 0, 0, 1), own, 1, 0, quote, 36));
    CHECK(told_count, 2);
    CHECK(told.error, -EMSGSIZE);
    CHECK(told.mtu, 1000);
    CHECK(ip_route_valid(&r), 0);
    CHECK(ip_route(&peer, NULL, 0, &r), 0);
    CHECK(r.mtu, 1000);
    stub_pass(601 * NSEC_PER_SEC);
    CHECK(ip_route(&peer, NULL, 0, &r), 0);
    CHECK(r.mtu, 1500);
    wire_clear();
    CHECK(packet_memory, 0);
}

static void groups(void)
{
    wire_start();
    const struct ip_addr group = v4(239, 1, 2, 3), other = v4(239, 1, 2, 4);
    CHECK(ip_group_join(&wire, &group), 0);
    CHECK(ip_group_join(&wire, &group), 0);
    CHECK(wire_count, 1);
    const uint8_t *f = wire_sent[0]->bytes;
    CHECK(memcmp(f, (uint8_t[]){1, 0, 0x5e, 0, 0, 0x16}, 6), 0);
    CHECK(memcmp(f + 14, (uint8_t[]){0x46, 0xc0, 0, 40}, 4), 0);
    CHECK(plain_sum(f + 14, 24), 0xffff);
    CHECK(plain_sum(f + 38, 16), 0xffff);
    CHECK(memcmp(f + 46, (uint8_t[]){4, 0, 0, 0, 239, 1, 2, 3}, 8), 0);
    wire_clear();
    static uint8_t frame[200], data[30];
    wire_give(frame, make(frame, v4(10, 0, 0, 7), group, 17, 0, data, 30));
    CHECK(given.count, 1);
    wire_give(frame, make(frame, v4(10, 0, 0, 7), other, 17, 0, data, 30));
    CHECK(given.count, 1);
    uint8_t query[12] = {0x11, 100};
    put_raw16(query + 2, (uint16_t)~plain_sum(query, 12));
    size_t n = make(frame, v4(10, 0, 0, 1), v4(224, 0, 0, 1), 2, 0, query, 12);
    wire_give(frame, n); /* from beyond the link */
    CHECK(wire_count, 0);
    frame[22] = 1;
    put_raw16(frame + 24, 0);
    put_raw16(frame + 24, (uint16_t)~plain_sum(frame + 14, 20));
    wire_give(frame, n);
    CHECK(wire_count, 1);
    CHECK(wire_sent[0]->bytes[46], 2);
    CHECK(ip_group_leave(&wire, &group), 0);
    CHECK(wire_count, 1);
    CHECK(ip_group_leave(&wire, &group), 0);
    CHECK(wire_count, 2);
    CHECK(ip_group_leave(&wire, &group), -EADDRNOTAVAIL);
    wire_clear();
    CHECK(packet_memory, 0);
}

static void routes(void)
{
    wire_start();
    struct ip_route r;
    const struct ip_addr second = v4(192, 168, 5, 9), net = v4(172, 16, 0, 0);
    const struct ip_addr gw = v4(192, 168, 5, 1), to = v4(172, 16, 200, 1), far = v4(9, 9, 9, 9);
    const struct ip_addr not_ours = v4(10, 0, 0, 3), broadcast = v4(192, 168, 5, 255);
    CHECK(ip_addr_add(&wire, &second, 24), 0);
    CHECK(ip_addr_add(&wire, &second, 24), -EEXIST);
    CHECK(ip_route_add(&net, 12, &gw, &wire, 5), 0);
    CHECK(ip_route_add(&net, 33, &gw, &wire, 5), -EINVAL);
    CHECK(ip_route(&to, NULL, 0, &r), 0);
    CHECK(ip_v4(&r.next_hop), ip_v4(&gw));
    CHECK(ip_route(&far, NULL, 0, &r), 0);
    CHECK(r.next_hop.bytes[12], 10);
    CHECK(ip_route(&far, &not_ours, 0, &r), -EADDRNOTAVAIL);
    CHECK(ip_route(&far, &second, 0, &r), 0);
    CHECK(ip_same(&r.source, &second), 1);
    CHECK(ip_route(&far, &second, 99, &r), -ENODEV);
    CHECK(ip_is_broadcast(&broadcast), 1);
    CHECK(ip_addr_remove(&wire, &second), 0);
    CHECK(ip_is_broadcast(&broadcast), 0);
    const struct ip_addr any = v4(0, 0, 0, 0);
    CHECK(ip_route_remove(&any, 0, &wire), 0);
    CHECK(ip_route_remove(&any, 0, &wire), -ESRCH);
    CHECK(ip_route(&far, NULL, 0, &r), -ENETUNREACH);
}

const struct test tests_ipv4[] = {
    {"checksums", checksums},
    {"pool", pool},
    {"neighbours_and_echo", neighbours_and_echo},
    {"loopback", loopback},
    {"reassembly", reassembly},
    {"fragments_out", fragments_out},
    {"groups", groups},
    {"routes", routes},
    {0},
};
