/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of interfaces. */
#include "netlink.h"

#include <u2k/errno.h>
#include <u2k/sched.h>

enum { IFA_ADDRESS = 1, IFA_LOCAL, IFA_LABEL, IFA_BROADCAST, IFA_CACHEINFO = 6, IFA_FLAGS = 8 };
enum { FLAG_DEPRECATED = 0x20, FLAG_TENTATIVE = 0x40, FLAG_PERMANENT = 0x80 };
enum { SCOPE_GLOBAL = 0, SCOPE_LINK = 253, SCOPE_HOST = 254 };

struct ifaddrmsg {
    uint8_t family, prefix, flags, scope;
    uint32_t index;
};
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

static int take(const struct cursor *body, struct netdev **dev, struct ip_addr *addr,
                unsigned *prefix)
{
    const struct ifaddrmsg *m = cursor_at(body, 0, sizeof *m);
    if (!m)
        return -EINVAL;
    struct attribute local = attribute_find(body, sizeof *m, IFA_LOCAL);
    if (!local.len)
        local = attribute_find(body, sizeof *m, IFA_ADDRESS);
    *dev = netdev_by_index(m->index);
    *prefix = m->prefix;
    if (!*dev)
        return -ENODEV;
    if (m->family != AF_INET && m->family != AF_INET6)
        return -EAFNOSUPPORT;
    return attribute_address(&local, m->family, addr) ? 0 : -EINVAL;
}

int address_new(struct answer *a, const struct cursor *body)
{
    struct netdev *dev;
    struct ip_addr addr;
    unsigned prefix;
    int err = take(body, &dev, &addr, &prefix);
    if (err == 0)
        err = ip_addr_add(dev, &addr, prefix);
    return err == -EEXIST && (a->request.flags & NLM_F_REPLACE) ? 0 : err;
}

int address_delete(struct answer *a, const struct cursor *body)
{
    struct netdev *dev;
    struct ip_addr addr;
    unsigned prefix;
    (void)a;
    int err = take(body, &dev, &addr, &prefix);
    return err < 0 ? err : ip_addr_remove(dev, &addr);
}
