/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: frames of any bytes are received, one after the other, by a stack with addresses, a lease and routes.
 * Nothing may crash, no memory may stay. An input is a row of records: one byte of kind, two of length, the bytes.
 */
#include "stub.h"

#include <u2k/cursor.h>

#include "../../../../libos/net/config/config.h"
#include "../../../../libos/net/dhcp/dhcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int fuzz_one(const uint8_t *data, size_t size);

enum kind {
    FRAME,       /* from its Ethernet header on */
    IPV4, /* behind it; lengths and checksums are put right first, so that more is reached */
    IPV6, /* the same */
    TIME, /* the length in tenths of a second passes */
    IPV4_AS_IS,
    MERGED, /* a frame in two buffers, as devices make them */
    DHCP, /* a message, as a server's */
    TOKEN, /* an ip= token */
    KINDS,
};

static uint8_t frame[2048];

static void fix_transport(uint8_t *at, size_t len, unsigned protocol, const struct ip_addr *src,
                          const struct ip_addr *dst, bool v6)
{
    static const struct {
        uint8_t protocol, offset;
    } sums[] = {{1, 2}, {58, 2}, {6, 16}, {17, 6}};

    for (unsigned i = 0; i < ARRAY_SIZE(sums); i++) {
        if (protocol != sums[i].protocol || len < sums[i].offset + 2u)
            continue;
        uint16_t start =
            protocol == 1 ? 0 : checksum_pseudo(src, dst, (uint8_t)protocol, (uint32_t)len);
        if (protocol == 58 && !v6)
            continue;
        put_raw16(at + sums[i].offset, 0);
        put_raw16(at + sums[i].offset, (uint16_t)~checksum(at, len, start));
    }
}

static void fix_v4(uint8_t *h, size_t len)
{
    size_t header = len ? (h[0] & 15u) * 4u : 0;
    if (len < 20 || header < 20 || header > len)
        return;
    h[0] = (uint8_t)(0x40 | (h[0] & 15));
    put_be16(h + 2, (uint16_t)len);
    const struct ip_addr own = v4(10, 0, 0, 2), src = ip_from_v4(raw32(h + 12));
    if (h[16] & 1)
        put_raw32(h + 16, ip_v4(&own));
    const struct ip_addr dst = ip_from_v4(raw32(h + 16));
    put_raw16(h + 10, 0);
    put_raw16(h + 10, (uint16_t)~checksum(h, header, 0));
    if (!(be16(h + 6) & 0x3fff))
        fix_transport(h + header, len - header, h[9], &src, &dst, false);
}

static void fix_v6(uint8_t *h, size_t len)
{
    struct ip_addr src, dst;
    if (len < 40)
        return;
    h[0] = (uint8_t)(0x60 | (h[0] & 15));
    put_be16(h + 4, (uint16_t)(len - 40));
    if (h[24] & 1 && h[24] != 0xff) /* ours of the link */
        memcpy(h + 24, (uint8_t[]){0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe, 0, 0, 1}, 16);
    memcpy(&src, h + 8, 16);
    memcpy(&dst, h + 24, 16);
    fix_transport(h + 40, len - 40, h[6], &src, &dst, true);
}

static void give_merged(const uint8_t *bytes, size_t n)
{
    size_t first = n ? bytes[0] % n : 0;
    struct packet *p = packet_new(PACKET_HEADROOM, first), *q = packet_new(0, n - first);
    memcpy(packet_append(p, first), bytes, first);
    memcpy(packet_append(q, n - first), bytes + first, n - first);
    p->next = q;
    p->total += q->total;
    netdev_receive(&wire, p);
    netdev_received(&wire);
}

static void apply(enum kind kind, const uint8_t *bytes, size_t n)
{
    static const uint8_t header[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9};
    static struct dhcp_message message;
    struct config_token token;

    memcpy(frame, header, 12);
    put_be16(frame + 12, kind == IPV6 ? 0x86dd : 0x0800);
    switch (kind) {
    case FRAME: wire_give(bytes, n); break;
    case MERGED: give_merged(bytes, n); break;
    case TIME: stub_pass(n * (NSEC_PER_SEC / 10)); break;
    case DHCP: dhcp_parse(bytes, n, &message); break;
    case TOKEN:
        memcpy(frame, bytes, n);
        frame[n] = 0;
        config_parse((const char *)frame, &token);
        break;
    default:
        memcpy(frame + 14, bytes, n);
        if (kind == IPV4)
            fix_v4(frame + 14, n);
        else if (kind == IPV6)
            fix_v6(frame + 14, n);
        wire_give(frame, 14 + n);
    }
}

int fuzz_one(const uint8_t *data, size_t size)
{
    static bool started;
    struct cursor c = cursor_over(data, size);

    if (!started) {
        started = true;
        stub_tokens[0] = "10.0.0.2/24::10.0.0.1";
        stub_tokens[1] = ":::::eth0:dhcp";
        net_start();
    }
    while (cursor_left(&c) >= 3) {
        unsigned kind = cursor_u8(&c) % KINDS;
        size_t n = cursor_be16(&c), left = cursor_left(&c);
        n = MIN(MIN(n, left), (size_t)1500);
        const uint8_t *bytes = n ? cursor_take(&c, n) : frame;
        apply(kind, bytes, n);
        wire_clear();
    }
    stub_pass(40 * NSEC_PER_SEC); /* what waits is given up */
    wire_clear();
    CHECK(packet_memory, 0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_one(data, size);
}
