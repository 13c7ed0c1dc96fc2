/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Path MTUs: what routers said (RFC 1191, 3; RFC 8201, 4), for ten minutes. A few destinations are remembered; a new
 * one takes the place of what has the same hash. Forged reports can lower a path to a floor and no further: that
 * of IPv4 is Linux's, that of IPv6 the least that there is.
 */
#include "ip.h"

#include <u2k/sched.h>

enum { ENTRIES = 64, FLOOR_V4 = 552, FLOOR_V6 = 1280 };
#define LIFE (600 * NSEC_PER_SEC)

static struct entry {
    struct ip_addr to;
    uint64_t until;
    uint32_t mtu;
} entries[ENTRIES];
static bool any;

static struct entry *entry_of(const struct ip_addr *to)
{
    uint32_t h = to->words[0] ^ to->words[1] ^ to->words[2] ^ to->words[3];

    return &entries[(h * 0x9e3779b1u) >> 26];
}

uint32_t ip_path_mtu(const struct ip_addr *to, uint32_t mtu)
{
    if (LIKELY(!any))
        return mtu;
    const struct entry *e = entry_of(to);
    return ip_same(&e->to, to) && e->until > clock_monotonic() ? MIN(e->mtu, mtu) : mtu;
}

uint32_t ip_path_mtu_floor(const struct ip_addr *to, uint32_t mtu)
{
    return MAX(mtu, (uint32_t)(ip_is_v4(to) ? FLOOR_V4 : FLOOR_V6));
}

void ip_path_mtu_lower(const struct ip_addr *to, uint32_t mtu)
{
    struct entry *e = entry_of(to);
    uint64_t now = clock_monotonic();

    mtu = ip_path_mtu_floor(to, mtu);
    if (ip_same(&e->to, to) && e->until > now && e->mtu <= mtu)
        return;
    *e = (struct entry){.to = *to, .until = now + LIFE, .mtu = mtu};
    any = true;
    net_generation++;
}
