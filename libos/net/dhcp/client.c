/* SPDX-License-Identifier: Apache-2.0 */
/* The client: RFC 2131, 4.4, figure 5, without INIT-REBOOT, since nothing is remembered over a start. */
#include "dhcp.h"
#include "../config/config.h"
#include "../ethernet/ethernet.h"
#include "../ip/ip.h"
#include "../ipv4/ipv4.h"

#include <u2k/boot.h>
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/pages.h>
#include <u2k/sched.h>
#include <u2k/string.h>

enum { CLIENT_PORT = 68, SERVER_PORT = 67, UDP_HEADER = 8 };
enum state { SELECTING, REQUESTING, BOUND, RENEWING, REBINDING };
enum { REQUESTS_MAX = 4, RENEW_WAIT_MIN = 60 /* seconds */ };
#define DOUBLINGS 6u /* to 64 seconds */

struct client {
    struct list link;
    struct netdev *dev;
    enum state state;
    uint32_t xid;
    unsigned tries;
    uint64_t began; /* this exchange */
    struct dhcp_message lease; /* asked for, or held */
    uint64_t renew_at, rebind_at, expires_at;
    struct timer timer;
};

static struct list clients = LIST_INIT(clients);

static void due(struct timer *t);

static uint64_t seconds(uint64_t n)
{
    return n * NSEC_PER_SEC;
}

/* From nobody to everybody, or from what we are to the server that leased it. */
static void send_to(struct client *c, struct packet *p, bool unicast)
{
    static const uint8_t everyone[ETH_ALEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct ip_route r;
    uint8_t *udp = packet_push(p, UDP_HEADER);

    p->protocol = IPPROTO_UDP;
    p->src = c->state >= RENEWING ? c->lease.address : ip_from_v4(0);
    p->dst = unicast ? c->lease.server : ip_from_v4(UINT32_MAX);
    put_be16(udp, CLIENT_PORT);
    put_be16(udp + 2, SERVER_PORT);
    put_be16(udp + 4, (uint16_t)p->total);
    put_raw16(udp + 6, checksum_pseudo(&p->src, &p->dst, IPPROTO_UDP, p->total));
    p->csum_start = udp;
    p->csum_offset = 6;
    packet_finish_checksum(p);
    if (!unicast) {
        ipv4_push_header(p, 0, 0);
        ethernet_send(c->dev, p, everyone, ETH_P_IP);
    } else if (ip_route(&p->dst, &p->src, c->dev->index, &r) == 0) {
        ip_send(p, &r, false);
    } else {
        packet_free(p);
    }
}

static void send(struct client *c)
{
    const struct ip_addr none = ip_from_v4(0);
    bool holds = c->state >= RENEWING, asks = c->state == REQUESTING;
    const struct dhcp_request r = {
        .type = c->state == SELECTING ? DHCP_DISCOVER : DHCP_REQUEST,
        .xid = c->xid,
        .seconds = (uint16_t)MIN((clock_monotonic() - c->began) / NSEC_PER_SEC, 65535u),
        .mac = c->dev->mac,
        .own = holds ? c->lease.address : none,
        .wanted = asks ? c->lease.address : none,
        .server = asks ? c->lease.server : none,
        .hostname = boot_config.hostname_told ? boot_config.hostname : NULL,
        .size_max = MIN(c->dev->mtu, 1500u),
    };
    struct packet *p = packet_new(PACKET_HEADROOM, DHCP_REQUEST_MAX);

    c->tries++;
    if (!p)
        return;
    size_t n = dhcp_build(p->data, &r);
    packet_append(p, n);
    send_to(c, p, c->state == RENEWING);
}

static void begin(struct client *c, enum state state)
{
    c->state = state;
    c->tries = 0;
    if (state != REQUESTING) {
        c->xid = ip_random();
        c->began = clock_monotonic();
    }
    due(&c->timer);
}

static void lose(struct client *c)
{
    if (c->state < BOUND)
        return;
    const uint8_t *a = c->lease.address.bytes + 12;
    log_warning("%s: the lease of %u.%u.%u.%u is over", c->dev->name, a[0], a[1], a[2], a[3]);
    config_withdraw(c->dev, &c->lease.address);
}

/* The next time to ask: doubling from a second on, with some chance in it (4.1); a lease that runs out is asked
 * for at half of what is left (4.4.5). */
static uint64_t next_wait(const struct client *c, uint64_t now)
{
    uint64_t until = c->state == RENEWING ? c->rebind_at : c->expires_at;

    if (c->state >= RENEWING)
        return MIN(MAX((until - now) / 2, seconds(RENEW_WAIT_MIN)), until - now);
    uint64_t wait = seconds(1ull << MIN(c->tries - 1, DOUBLINGS));
    return wait - wait / 8 + ip_random() % (wait / 4);
}

static void due(struct timer *t)
{
    struct client *c = CONTAINER_OF(t, struct client, timer);
    uint64_t now = clock_monotonic();

    if (c->state == BOUND) {
        begin(c, RENEWING);
        return;
    }
    if (c->state == RENEWING && now >= c->rebind_at) {
        begin(c, REBINDING);
        return;
    }
    if (c->state == REBINDING && now >= c->expires_at) {
        lose(c);
        begin(c, SELECTING);
        return;
    }
    if (c->state == REQUESTING && c->tries >= REQUESTS_MAX) {
        begin(c, SELECTING);
        return;
    }
    send(c);
    timer_set(t, now + next_wait(c, now), due);
}

static void bind(struct client *c, const struct dhcp_message *m)
{
    uint64_t now = clock_monotonic();
    uint32_t lease = m->lease ? m->lease : UINT32_MAX;
    uint32_t rebind = m->rebind && m->rebind < lease ? m->rebind : lease / 8 * 7;
    uint32_t renew = m->renew && m->renew < rebind ? m->renew : rebind / 7 * 4;

    if (c->state >= RENEWING && !ip_same(&c->lease.address, &m->address))
        config_withdraw(c->dev, &c->lease.address);
    c->lease = *m;
    c->state = BOUND;
    c->expires_at = now + seconds(lease);
    c->rebind_at = now + seconds(rebind);
    timer_set(&c->timer, lease == UINT32_MAX ? TIME_NEVER : now + seconds(MAX(renew, 1u)), due);

    struct config_lease l = {.dev = c->dev,
                             .address = m->address,
                             .prefix = m->prefix,
                             .until = lease == UINT32_MAX ? TIME_NEVER : c->expires_at,
                             .mtu = m->mtu,
                             .hostname = m->hostname,
                             .search = m->search,
                             .dns = m->dns,
                             .dns_count = m->dns_count};
    config_lease(&l);
    for (unsigned i = 0; i < m->route_count; i++)
        config_route(c->dev, &m->routes[i].to, m->routes[i].prefix, &m->routes[i].gateway);
    config_wake();
}

static bool usable(const struct ip_addr *a)
{
    return !ip_is_any(a) && !ip_is_multicast(a) && !ip_is_loopback(a) && a->bytes[12] < 240;
}

static void handle(struct client *c, const struct dhcp_message *m)
{
    bool asked = c->state == REQUESTING || c->state >= RENEWING;

    if (c->state == SELECTING && m->type == DHCP_OFFER && usable(&m->address) &&
        !ip_is_any(&m->server)) {
        c->lease = *m; /* the first offer */
        begin(c, REQUESTING);
    } else if (asked && m->type == DHCP_ACK && usable(&m->address)) {
        bind(c, m);
    } else if (asked && m->type == DHCP_NAK) {
        lose(c);
        begin(c, SELECTING);
    }
}

/* Is it a server's message? Data at the UDP header, which nobody looked at yet. */
static size_t check(struct packet *p, uint8_t *out, size_t size)
{
    uint8_t h[UDP_HEADER];

    if (p->protocol != IPPROTO_UDP || !packet_copy(p, 0, h, UDP_HEADER) || be16(h) != SERVER_PORT ||
        be16(h + 2) != CLIENT_PORT)
        return 0;
    size_t len = be16(h + 4);
    if (len < UDP_HEADER || len > p->total || len - UDP_HEADER > size)
        return 0;
    packet_trim(p, len);
    if (raw16(h + 6) && !(p->flags & PACKET_CHECKED) &&
        packet_checksum(p, 0, checksum_pseudo(&p->src, &p->dst, IPPROTO_UDP, p->total)) != 0xffff)
        return 0;
    packet_copy(p, UDP_HEADER, out, len - UDP_HEADER);
    return len - UDP_HEADER;
}

bool dhcp_receive(struct packet *p)
{
    uint8_t bytes[1500];
    size_t len = check(p, bytes, sizeof bytes);
    struct dhcp_message *m;

    if (!len || !(m = NEW(struct dhcp_message)))
        return false;
    if (dhcp_parse(bytes, len, m)) {
        LIST_FOR_EACH(it, &clients)
        {
            struct client *c = LIST_ENTRY(it, struct client, link);
            if (c->dev == p->dev && c->xid == m->xid && mac_same(m->mac, c->dev->mac))
                handle(c, m);
        }
    }
    DELETE(m);
    packet_free(p);
    return true;
}

int dhcp_start(struct netdev *dev)
{
    struct client *c = NEW(struct client);

    if (!c)
        return -ENOMEM;
    c->dev = dev;
    list_push_back(&clients, &c->link);
    ipv4_dhcp_listens = true;
    begin(c, SELECTING);
    return 0;
}

bool dhcp_all_bound(void)
{
    LIST_FOR_EACH(it, &clients)
    if (LIST_ENTRY(it, struct client, link)->state < BOUND)
        return false;
    return true;
}
