/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages: RFC 2131, 2; options: RFC 2132. An option may be cut into pieces that stand anywhere in the three
 * places for options (RFC 3396), so each is put together when it is asked for. Names become parts of files: they
 * have letters, digits, dots, hyphens and underscores, or are not taken.
 */
#include "dhcp.h"

#include <u2k/string.h>

enum {
    OP = 0,
    XID = 4,
    SECONDS = 8,
    CIADDR = 12,
    YIADDR = 16,
    CHADDR = 28,
    SNAME = 44,
    FILE = 108,
    COOKIE = 236,
    OPTIONS = 240,
};
enum {
    PAD = 0,
    MASK = 1,
    ROUTER = 3,
    DNS = 6,
    HOSTNAME = 12,
    DOMAIN = 15,
    MTU = 26,
    WANTED = 50,
    LEASE = 51,
    OVERLOAD = 52,
    TYPE = 53,
    SERVER = 54,
    PARAMETERS = 55,
    MESSAGE_MAX = 57,
    RENEW = 58,
    REBIND = 59,
    CLIENT = 61,
    SEARCH = 119,
    ROUTES = 121,
    END = 255,
};
#define MAGIC 0x63825363u

struct value {
    size_t len;
    uint8_t bytes[512];
};

struct options {
    const uint8_t *bytes;
    size_t len;
    unsigned overload; /* bit 0: file, bit 1: sname */
};

/* The pieces of one option in one area, behind what is there. */
static void collect(const uint8_t *at, size_t len, unsigned code, struct value *v)
{
    for (size_t i = 0; i < len && at[i] != END;) {
        if (at[i] == PAD) {
            i++;
            continue;
        }
        if (len - i < 2 || at[i + 1] > len - i - 2)
            return;
        size_t n = MIN((size_t)at[i + 1], sizeof v->bytes - v->len);
        if (at[i] == code) {
            memcpy(v->bytes + v->len, at + i + 2, n);
            v->len += n;
        }
        i += 2u + at[i + 1];
    }
}

static size_t get(const struct options *o, unsigned code, struct value *v)
{
    v->len = 0;
    collect(o->bytes + OPTIONS, o->len - OPTIONS, code, v);
    if (o->overload & 1)
        collect(o->bytes + FILE, COOKIE - FILE, code, v);
    if (o->overload & 2)
        collect(o->bytes + SNAME, FILE - SNAME, code, v);
    return v->len;
}

static uint32_t get_number(const struct options *o, unsigned code, size_t bytes)
{
    struct value v;

    if (get(o, code, &v) != bytes)
        return 0;
    return bytes == 4 ? be32(v.bytes) : bytes == 2 ? be16(v.bytes) : v.bytes[0];
}

static struct ip_addr address_at(const uint8_t *at)
{
    return ip_from_v4(raw32(at));
}

static bool name_char(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' ||
           c == '_' || c == '.';
}

/* A name option: ends with NULs at times (RFC 2132, 2). */
static void take_name(const struct options *o, unsigned code, char *out, size_t size)
{
    struct value v;
    size_t n = get(o, code, &v);

    while (n && !v.bytes[n - 1])
        n--;
    if (!n || n >= size)
        return;
    for (size_t i = 0; i < n; i++)
        if (!name_char(v.bytes[i]))
            return;
    memcpy(out, v.bytes, n);
    out[n] = 0;
}

/* RFC 3397: names as DNS has them, compressed within the option. Jumps go backwards, so they end. */
static void take_search(const struct options *o, char *out, size_t size)
{
    struct value v;
    size_t n = get(o, SEARCH, &v), used = 0;

    for (size_t at = 0; at < n;) {
        size_t name = at, limit = at, start = used;
        bool jumped = false;
        if (used && used + 1 < size)
            out[used++] = ' ';
        for (;;) {
            if (name >= n)
                goto bad;
            unsigned label = v.bytes[name];
            if ((label & 0xc0) == 0xc0) {
                size_t to = name + 1 < n ? (label & 0x3fu) << 8 | v.bytes[name + 1] : limit;
                if (to >= limit)
                    goto bad;
                at = jumped ? at : name + 2;
                jumped = true;
                name = limit = to;
                continue;
            }
            if (label & 0xc0 || label > n - name - 1 || used + label + 2 > size)
                goto bad;
            if (!label)
                break;
            if (used > start && out[used - 1] != ' ')
                out[used++] = '.';
            for (unsigned i = 1; i <= label; i++) {
                if (!name_char(v.bytes[name + i]) || v.bytes[name + i] == '.')
                    goto bad;
                out[used++] = (char)v.bytes[name + i];
            }
            name += label + 1u;
        }
        at = jumped ? at : name + 1;
        out[used] = 0;
        continue;
    bad:
        out[start] = 0;
        return;
    }
}

static void add_route(struct dhcp_message *m, struct ip_addr to, unsigned prefix,
                      struct ip_addr gateway)
{
    if (m->route_count < DHCP_ROUTES && !ip_is_multicast(&gateway) && !ip_is_loopback(&gateway))
        m->routes[m->route_count++] = (struct dhcp_route){to, gateway, prefix};
}

/* RFC 3442: where there are classless routes the router option counts no more. */
static void take_routes(const struct options *o, struct dhcp_message *m)
{
    struct value v;
    size_t n = get(o, ROUTES, &v);

    for (size_t at = 0; at < n;) {
        unsigned prefix = v.bytes[at], octets = (prefix + 7) / 8;
        uint8_t to[4] = {0};
        if (prefix > 32 || n - at < 1 + octets + 4)
            break;
        memcpy(to, v.bytes + at + 1, octets);
        add_route(m, address_at(to), prefix, address_at(v.bytes + at + 1 + octets));
        at += 1 + octets + 4;
    }
    if (!n && get(o, ROUTER, &v) >= 4)
        add_route(m, ip_from_v4(0), 0, address_at(v.bytes));
}

/* A mask without holes, as a number of bits; what is none stands for the address's class (RFC 2132, 3.3). */
static unsigned prefix_of(uint32_t mask, const struct ip_addr *a)
{
    unsigned bits = mask ? (unsigned)__builtin_clz(~mask | 1) : 0;

    if (mask && mask == (~(UINT32_MAX >> bits)))
        return bits;
    if (mask == UINT32_MAX)
        return 32;
    return a->bytes[12] < 128 ? 8 : a->bytes[12] < 192 ? 16 : 24;
}

bool dhcp_parse(const uint8_t *bytes, size_t len, struct dhcp_message *out)
{
    struct options o = {.bytes = bytes, .len = len};
    struct value v;

    *out = (struct dhcp_message){0};
    if (len < OPTIONS || bytes[OP] != 2 || bytes[1] != 1 || bytes[2] != 6 ||
        be32(bytes + COOKIE) != MAGIC)
        return false;
    o.overload = get_number(&o, OVERLOAD, 1);
    out->xid = raw32(bytes + XID);
    memcpy(out->mac, bytes + CHADDR, 6);
    out->type = get_number(&o, TYPE, 1);
    out->address = address_at(bytes + YIADDR);
    out->server = get(&o, SERVER, &v) == 4 ? address_at(v.bytes) : ip_from_v4(0);
    out->prefix = prefix_of(get_number(&o, MASK, 4), &out->address);
    out->lease = get_number(&o, LEASE, 4);
    out->renew = get_number(&o, RENEW, 4);
    out->rebind = get_number(&o, REBIND, 4);
    out->mtu = get_number(&o, MTU, 2);
    get(&o, DNS, &v);
    for (size_t at = 0; at + 4 <= v.len && out->dns_count < DHCP_SERVERS; at += 4)
        out->dns[out->dns_count++] = address_at(v.bytes + at);
    take_name(&o, HOSTNAME, out->hostname, sizeof out->hostname);
    take_search(&o, out->search, sizeof out->search);
    if (!*out->search)
        take_name(&o, DOMAIN, out->search, sizeof out->search);
    take_routes(&o, out);
    return out->type != 0;
}

static uint8_t *put(uint8_t *at, unsigned code, const void *value, size_t len)
{
    *at++ = (uint8_t)code;
    *at++ = (uint8_t)len;
    memcpy(at, value, len);
    return at + len;
}

static uint8_t *put_address(uint8_t *at, unsigned code, const struct ip_addr *a)
{
    uint32_t v = ip_v4(a);

    return v ? put(at, code, &v, 4) : at;
}

size_t dhcp_build(uint8_t out[DHCP_REQUEST_MAX], const struct dhcp_request *r)
{
    static const uint8_t wanted[] = {ROUTES, MASK, ROUTER, DNS, HOSTNAME, DOMAIN, MTU, SEARCH};
    const uint8_t type = (uint8_t)r->type,
                  size[2] = {(uint8_t)(r->size_max >> 8), (uint8_t)r->size_max};
    uint8_t client[7] = {1};
    uint8_t *at = out + OPTIONS;

    memset(out, 0, DHCP_REQUEST_MAX);
    out[OP] = out[1] = 1;
    out[2] = 6;
    put_raw32(out + XID, r->xid);
    put_be16(out + SECONDS, r->seconds);
    put_raw32(out + CIADDR, ip_v4(&r->own));
    memcpy(out + CHADDR, r->mac, 6);
    put_be32(out + COOKIE, MAGIC);
    memcpy(client + 1, r->mac, 6);
    at = put(at, TYPE, &type, 1);
    at = put(at, CLIENT, client, sizeof client);
    at = put_address(at, WANTED, &r->wanted);
    at = put_address(at, SERVER, &r->server);
    at = put(at, MESSAGE_MAX, size, 2);
    at = put(at, PARAMETERS, wanted, sizeof wanted);
    if (r->hostname && *r->hostname)
        at = put(at, HOSTNAME, r->hostname, MIN(strlen(r->hostname), (size_t)DHCP_NAME - 1));
    *at++ = END;
    return MAX((size_t)(at - out), (size_t)300); /* some relays want the size of BOOTP (RFC 951) */
}
