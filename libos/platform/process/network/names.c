/* SPDX-License-Identifier: Apache-2.0 */
/* Socket addresses of the host and of the program: their families may differ. */
#include "host_ports.h"
#include <u2k/netaddr.h>
#include <u2k/string.h>

enum { LEN_V4 = 16, LEN_V6 = 28 };

struct name_v4 { /* struct sockaddr_in */
    uint16_t family, port;
    uint32_t addr;
    uint8_t zero[8];
};
struct name_v6 { /* struct sockaddr_in6 */
    uint16_t family, port;
    uint32_t flow;
    uint32_t addr[4];
    uint32_t scope;
};
_Static_assert(sizeof(struct name_v4) == LEN_V4 && sizeof(struct name_v6) == LEN_V6, "as Linux");

/* 192.0.0.8, the dummy address for what IPv4 has no name for (RFC 7600). */
#define DUMMY net32(0xc0000008)
#define LOOPBACK net32(0x7f000001)

static bool mapped(const struct name_v6 *a)
{
    return a->addr[0] == 0 && a->addr[1] == 0 && a->addr[2] == net32(0xffff);
}

static struct name_v6 map(const struct name_v4 *a)
{
    return (struct name_v6){AF_INET6, a->port, 0, {0, 0, net32(0xffff), a->addr}, 0};
}

static struct name_v4 unmap(const struct name_v6 *a)
{
    return (struct name_v4){AF_INET, a->port, mapped(a) ? a->addr[3] : DUMMY, {0}};
}

unsigned name_for(int family, const struct host_name *host, struct sockaddr_k *out)
{
    struct name_v4 v4;
    struct name_v6 v6;
    memcpy(&v4, host->bytes, LEN_V4);
    memcpy(&v6, host->bytes, LEN_V6);
    if (family == AF_INET) {
        v4 = host->family == AF_INET ? v4 : unmap(&v6);
        memcpy(out, &v4, LEN_V4);
        return LEN_V4;
    }
    v6 = host->family == AF_INET ? map(&v4) : v6;
    memcpy(out, &v6, LEN_V6);
    return LEN_V6;
}

bool name_to_host(const struct sockaddr_k *name, unsigned len, int host_family,
                  struct host_name *out)
{
    struct name_v4 v4;
    struct name_v6 v6;
    if (len < (name->family == AF_INET ? LEN_V4 : LEN_V6))
        return false;
    memcpy(&v4, name, LEN_V4);
    memcpy(&v6, name, LEN_V6);
    if (host_family == AF_INET) {
        if (name->family == AF_INET6 && !mapped(&v6))
            return false;
        v4 = name->family == AF_INET ? v4 : unmap(&v6);
        memcpy(out->bytes, &v4, LEN_V4);
        out->len = LEN_V4;
        return true;
    }
    v6 = name->family == AF_INET ? map(&v4) : v6;
    memcpy(out->bytes, &v6, LEN_V6);
    out->len = LEN_V6;
    return true;
}

struct ip_addr name_address(const struct sockaddr_k *name)
{
    struct name_v4 v4;
    struct name_v6 v6;
    struct ip_addr a;
    memcpy(&v4, name, LEN_V4);
    memcpy(&v6, name, LEN_V6);
    if (name->family == AF_INET)
        return ip_from_v4(v4.addr);
    memcpy(a.words, v6.addr, sizeof(a.words));
    return a;
}

bool name_is_loopback(const struct sockaddr_k *name)
{
    struct ip_addr a = name_address(name);
    return ip_is_loopback(&a);
}

uint16_t name_port(const struct sockaddr_k *name)
{
    uint16_t port;
    memcpy(&port, name->data, sizeof(port));
    return net16(port);
}

void name_fill(struct sockaddr_k *name)
{
    struct ip_addr a = name_address(name);
    if (!ip_is_any(&a))
        return;
    if (name->family == AF_INET) {
        struct name_v4 v4;
        memcpy(&v4, name, LEN_V4);
        v4.addr = LOOPBACK;
        memcpy(name, &v4, LEN_V4);
        return;
    }
    struct name_v6 v6;
    memcpy(&v6, name, LEN_V6);
    v6.addr[3] = net32(1);
    memcpy(name, &v6, LEN_V6);
}
