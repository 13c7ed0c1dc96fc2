/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of interfaces. */
#include "netlink.h"

#include <u2k/errno.h>
#include <u2k/sched.h>

enum { FLAG_DEPRECATED = 0x20, FLAG_TENTATIVE = 0x40, FLAG_PERMANENT = 0x80 };
enum { SCOPE_GLOBAL = 0, SCOPE_LINK = 253, SCOPE_HOST = 254 };

struct cacheinfo {
    uint32_t preferred, valid; /* seconds */
    uint32_t made, changed;    /* hundredths of one */
};

static uint32_t seconds_left(uint64_t until)
{
    uint64_t now = clock_monotonic();
    return until == TIME_NEVER ? UINT32_MAX
           : until > now       ? (uint32_t)((until - now) / NSEC_PER_SEC)
                               : 0;
}

void address_put(struct answer *a, const struct netdev *dev, const struct netdev_addr *addr)
{
    struct ifaddrmsg *m = answer_begin(a, RTM_NEWADDR, sizeof *m);
    if (!m)
        return;
    uint32_t flags = addr->valid_until == TIME_NEVER ? FLAG_PERMANENT : 0;
    flags |= addr->state == ADDR_TENTATIVE    ? FLAG_TENTATIVE
             : addr->state == ADDR_DEPRECATED ? FLAG_DEPRECATED
                                              : 0u;
    const struct cacheinfo c = {seconds_left(addr->preferred_until),
                                seconds_left(addr->valid_until), 0, 0};
    *m = (struct ifaddrmsg){.family = family_of(&addr->addr),
                            .prefix = addr->prefix,
                            .flags = (uint8_t)flags,
                            .index = dev->index,
                            .scope = ip_is_loopback(&addr->addr)     ? SCOPE_HOST
                                     : ip_is_link_local(&addr->addr) ? SCOPE_LINK
                                                                     : SCOPE_GLOBAL};
    answer_address(a, IFA_ADDRESS, &addr->addr);
    if (ip_is_v4(&addr->addr)) {
        answer_address(a, IFA_LOCAL, &addr->addr);
        if (!(dev->flags & IFF_LOOPBACK))
            answer_address(a, IFA_BROADCAST, &addr->broadcast);
        answer_text(a, IFA_LABEL, dev->name);
    }
    answer_u32(a, IFA_FLAGS, flags);
    answer_attribute(a, IFA_CACHEINFO, &c, sizeof c);
    answer_end(a);
}

int address_get(struct answer *a, const struct cursor *body)
{
    const struct ifaddrmsg *asked = cursor_at(body, 0, sizeof *asked);
    const uint8_t *family = cursor_at(body, 0, 1);
    if (!(a->flags & NLM_F_MULTI))
        return -EOPNOTSUPP;
    NETDEV_FOR_EACH(dev)
    LIST_FOR_EACH(it, &dev->addresses)
    {
        const struct netdev_addr *addr = LIST_ENTRY(it, struct netdev_addr, link);
        bool wanted = !family || !*family || *family == family_of(&addr->addr);
        if (wanted && (!asked || !asked->index || asked->index == dev->index))
            address_put(a, dev, addr);
    }
    return 0;
}
