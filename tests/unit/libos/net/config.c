/* SPDX-License-Identifier: Apache-2.0 */
/* `ip=` tokens, addresses as texts, DHCP: messages and the client. */
#include "stub.h"

#include <u2k/boot.h>
#include <u2k/process.h>

#include "../../../../libos/net/config/config.h"
#include "../../../../libos/net/dhcp/dhcp.h"

void *malloc(size_t size);
void free(void *p);

static bool reads(const char *text, const char *again)
{
    struct ip_addr a;
    const char *end;
    char out[48];

    if (!config_address(text, &end, &a) || *end)
        return false;
    config_write_address(out, sizeof out, &a);
    if (strcmp(out, again) != 0)
        dprintf(2, "%s became %s\n", text, out);
    return strcmp(out, again) == 0;
}

static void addresses(void)
{
    static const char *const bad[] = {"",     "1.2.3",    "1.2.3.256",         "1.2.3.4.",
                                      ":",    "1:2",      "1:2:3:4:5:6:7",     "1::2::3",
                                      "::1:", "12345::",  "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::",
                                      "g::",  "1.2.3.-1", "::1.2.3",           "1..2.3"};
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
        CHECK(reads(bad[i], bad[i]), 0);
    CHECK(reads("10.0.0.255", "10.0.0.255"), 1);
    CHECK(reads("::", "::"), 1);
    CHECK(reads("::1", "::1"), 1);
    CHECK(reads("fe80::5054:ff:fe12:3456", "fe80::5054:ff:fe12:3456"), 1);
    CHECK(reads("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), 1);
    CHECK(reads("1:0:0:2:0:0:0:3", "1:0:0:2::3"), 1);
    CHECK(reads("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), 1);
    CHECK(reads("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"), 1);
    CHECK(reads("64:ff9b::1.2.3.4", "64:ff9b::102:304"), 1);
}

static void tokens(void)
{
    struct config_token t;
    CHECK(config_parse("10.1.2.3::10.1.2.1:255.255.255.0:box:eth1:off:9.9.9.9:1.1.1.1", &t), 1);
    CHECK(t.how, CONFIG_STATIC);
    CHECK(t.prefix, 24);
    CHECK(t.gateway.bytes[15], 1);
    CHECK(strcmp(t.hostname, "box"), 0);
    CHECK(strcmp(t.device, "eth1"), 0);
    CHECK(t.dns[1].bytes[15], 1);
    CHECK(config_parse("10.1.2.3/28", &t), 1);
    CHECK(t.prefix, 28);
    CHECK(config_parse("10.1.2.3", &t), 1);
    CHECK(t.prefix, 8);
    CHECK(config_parse("[2001:db8::2]::[2001:db8::1]:64:h:eth0:off", &t), 1);
    CHECK(t.prefix, 64);
    CHECK(ip_is_v4(&t.address), 0);
    CHECK(config_parse("dhcp", &t) && t.how == CONFIG_DHCP, 1);
    CHECK(config_parse(":::::eth1:dhcp", &t) && t.how == CONFIG_DHCP, 1);
    CHECK(config_parse("eth1:dhcp", &t) && t.how == CONFIG_DHCP, 1);
    CHECK(strcmp(t.device, "eth1"), 0);
    CHECK(config_parse("off", &t) && t.how == CONFIG_OFF, 1);
    CHECK(config_parse("none", &t) && t.how == CONFIG_OFF, 1);
    static const char *const bad[] = {"10.1.2.3:::255.0.255.0", "10.1.2.3/33",  "x",
                                      "10.1.2.3::::::maybe",    "10.1.2.3/",    "[2001:db8::2",
                                      "10.1.2.3::[::1]",        "10.1.2.3:::64"};
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
        CHECK(config_parse(bad[i], &t), 0);
}

static size_t dhcp_bytes(uint8_t *m, unsigned type, uint32_t xid)
{
    memset(m, 0, 600);
    m[0] = 2, m[1] = 1, m[2] = 6;
    put_raw32(m + 4, xid);
    memcpy(m + 16, (uint8_t[]){192, 168, 7, 20}, 4);
    memcpy(m + 28, wire.mac, 6);
    put_be32(m + 236, 0x63825363);
    const uint8_t options[] = {
        53, 1, (uint8_t)type, 0, 54, 4, 192, 168, 7, 1, 51, 4, 0, 0, 2, 88, 1, 4, 255, 255, 255, 0,
        3, 4, 192, 168, 7, 9, 12, 4, 'c', 'a', 'r', 'l', 6, 8, 192, 168, 7, 1, 8, 8, 4, 4,
        /* two routes, cut into two pieces */
        121, 6, 0, 192, 168, 7, 1, 16, 121, 6, 10, 5, 192, 168, 7, 3,
        /* eng.apple.com marketing.apple.com: RFC 3397, 2 */
        119, 27, 3, 'e', 'n', 'g', 5, 'a', 'p', 'p', 'l', 'e', 3, 'c', 'o', 'm', 0, 9, 'm', 'a',
        'r', 'k', 'e', 't', 'i', 'n', 'g', 0xc0, 4, 26, 2, 5, 120, 255};
    memcpy(m + 240, options, sizeof options);
    return 240 + sizeof options;
}

static void dhcp_messages(void)
{
    uint8_t m[600], out[DHCP_REQUEST_MAX];
    static struct dhcp_message d;
    size_t n = dhcp_bytes(m, 5, 77);
    CHECK(dhcp_parse(m, n, &d), 1);
    CHECK(d.type, DHCP_ACK);
    CHECK(d.lease, 600);
    CHECK(d.prefix, 24);
    CHECK(d.mtu, 1400);
    CHECK(d.dns_count, 2);
    CHECK(d.route_count, 2);
    CHECK(d.routes[1].prefix, 16);
    CHECK(d.routes[1].gateway.bytes[15], 3);
    CHECK(strcmp(d.hostname, "carl"), 0);
    CHECK(strcmp(d.search, "eng.apple.com marketing.apple.com"), 0);
    for (size_t cut = 0; cut < n; cut++) { /* no byte beyond the end is looked at */
        uint8_t *copy = malloc(cut);
        memcpy(copy, m, cut);
        dhcp_parse(copy, cut, &d);
        free(copy);
    }
    m[240 + 31] = '\n'; /* a name that would be a line of a file */
    CHECK(dhcp_parse(m, n, &d), 1);
    CHECK(d.hostname[0], 0);
    const struct dhcp_request r = {.type = 1,
                                   .xid = 5,
                                   .mac = wire.mac,
                                   .size_max = 1500,
                                   .own = ip_from_v4(0),
                                   .wanted = ip_from_v4(0),
                                   .server = ip_from_v4(0),
                                   .hostname = "a-host"};
    n = dhcp_build(out, &r);
    CHECK(n >= 300, 1);
    CHECK(out[0], 1);
}

static unsigned answered;
static bool silent;

/* A server that sits on the wire. */
static void serve(void)
{
    static uint8_t f[700];
    for (; answered < wire_count; answered++) {
        const uint8_t *q = wire_sent[answered]->bytes;
        if (be16(q + 12) != 0x0800 || q[23] != 17 || be16(q + 36) != 67 || silent)
            continue;
        unsigned type = q[42 + 242] == DHCP_DISCOVER ? DHCP_OFFER : DHCP_ACK;
        size_t n = dhcp_bytes(f + 42, type, raw32(q + 46));
        memcpy(f, wire.mac, 6);
        memcpy(f + 6, (uint8_t[]){2, 0, 0, 0, 0, 9, 8, 0, 0x45, 0}, 10);
        put_be16(f + 16, (uint16_t)(28 + n));
        memset(f + 18, 0, 8);
        f[22] = 64, f[23] = 17;
        memcpy(f + 26, (uint8_t[]){192, 168, 7, 1, 192, 168, 7, 20}, 8);
        put_raw16(f + 24, (uint16_t)~checksum(f + 14, 20, 0));
        put_be16(f + 34, 67), put_be16(f + 36, 68), put_be16(f + 38, (uint16_t)(n + 8));
        put_be16(f + 40, 0);
        wire_give(f, 42 + n);
    }
}

static void dhcp_client(void)
{
    const struct ip_addr own = v4(192, 168, 7, 20), far = v4(8, 8, 8, 8), near = v4(10, 5, 1, 1);
    struct ip_route r;
    stub_while_waiting = serve;
    net_start();
    CHECK(dhcp_all_bound(), 1);
    CHECK(ip_is_ours(&own, 0), 1);
    CHECK(wire.mtu, 1400);
    CHECK(strcmp(process.hostname, "carl"), 0);
    CHECK(strcmp(boot_config.address, "192.168.7.20"), 0);
    CHECK(strcmp(boot_config.resolver,
                 "search eng.apple.com marketing.apple.com\n"
                 "nameserver 192.168.7.1\nnameserver 8.8.4.4\n"),
          0);
    CHECK(ip_route(&far, NULL, 0, &r), 0);
    CHECK(r.next_hop.bytes[15], 1); /* option 121 counts, option 3 does not */
    CHECK(ip_route(&near, NULL, 0, &r), 0);
    CHECK(r.next_hop.bytes[15], 3);
    /* It is renewed, then the server is gone: rebinding, the end, asking anew. */
    wire_clear();
    answered = 0;
    stub_pass(350 * NSEC_PER_SEC);
    CHECK(wire_count >= 1, 1); /* the server's address is asked for */
    const uint8_t reply[42] = {2,   0,   0, 0, 0, 1, 2, 0, 0, 0, 0,   9,   8, 6,
                               0,   1,   8, 0, 6, 4, 0, 2, 2, 0, 0,   0,   0, 9,
                               192, 168, 7, 1, 2, 0, 0, 0, 0, 1, 192, 168, 7, 20};
    wire_give(reply, sizeof reply);
    serve();
    stub_pass(90 * NSEC_PER_SEC); /* the first request was lost with its neighbour */
    serve();
    silent = true;
    stub_pass(599 * NSEC_PER_SEC);
    CHECK(ip_is_ours(&own, 0), 1);
    stub_pass(2 * NSEC_PER_SEC);
    CHECK(ip_is_ours(&own, 0), 0);
    CHECK(ip_route(&far, NULL, 0, &r) < 0, 1);
    wire_clear();
    answered = 0;
    silent = false;
    stub_pass(100 * NSEC_PER_SEC);
    serve();
    CHECK(ip_is_ours(&own, 0), 1);
    wire_clear();
    CHECK(packet_memory, 0);
}

static void no_server(void)
{
    uint64_t before = stub_now;
    net_start();
    CHECK(stub_now - before >= 8 * NSEC_PER_SEC && stub_now - before < 9 * NSEC_PER_SEC, 1);
    CHECK(boot_config.resolver == NULL, 1);
    wire_clear();
}

static void by_token(void)
{
    const struct ip_addr far = v4(8, 8, 8, 8);
    struct ip_route r;
    uint64_t before = stub_now;
    stub_tokens[0] = "10.2.0.5::10.2.0.1:255.255.0.0:named:eth0:off:10.2.0.3";
    net_start();
    CHECK(stub_now, before);
    CHECK(ip_route(&far, NULL, 0, &r), 0);
    CHECK(r.source.bytes[15], 5);
    CHECK(r.next_hop.bytes[15], 1);
    CHECK(strcmp(boot_config.resolver, "nameserver 10.2.0.3\n"), 0);
    CHECK(strcmp(process.hostname, "named"), 0);
    wire_clear();
}

const struct test tests_config[] = {
    {"addresses", addresses},
    {"tokens", tokens},
    {"dhcp_messages", dhcp_messages},
    {"dhcp_client", dhcp_client},
    {"no_server", no_server},
    {"by_token", by_token},
    {0},
};
