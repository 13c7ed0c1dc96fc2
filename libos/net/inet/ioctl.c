/* SPDX-License-Identifier: Apache-2.0 */
/* Interfaces by ioctl(2): netdevice(7). What changes them needs CAP_NET_ADMIN, and is for netlink. */
#include <u2k/errno.h>
#include <u2k/inet.h>
#include <u2k/optional.h>
#include <u2k/process.h>
#include <u2k/string.h>
#include <u2k/uaccess.h>

enum {
    SIOCGIFNAME = 0x8910,
    SIOCGIFCONF = 0x8912,
    SIOCGIFFLAGS = 0x8913,
    SIOCGIFADDR = 0x8915,
    SIOCGIFDSTADDR = 0x8917,
    SIOCGIFBRDADDR = 0x8919,
    SIOCGIFNETMASK = 0x891b,
    SIOCGIFMETRIC = 0x891d,
    SIOCGIFMTU = 0x8921,
    SIOCGIFHWADDR = 0x8927,
    SIOCGIFINDEX = 0x8933,
    SIOCGIFTXQLEN = 0x8942,
    SIOCGIFMAP = 0x8970
};
enum { TXQLEN = 1000 };

struct ifreq { /* 40 bytes on 64-bit programs */
    char name[16];
    union {
        struct {
            uint16_t family, port;
            uint32_t addr;
            uint8_t zero[8];
        } in;
        struct {
            uint16_t family;
            uint8_t data[14];
        } hardware;
        int16_t flags;
        int32_t number;
        uint8_t bytes[24];
    };
};
struct ifconf {
    int32_t len, pad;
    vaddr_t at;
};

/* The first IPv4 address: ioctls know no others. */
static const struct netdev_addr *first_address(const struct netdev *dev)
{
    LIST_FOR_EACH(it, &dev->addresses)
    {
        const struct netdev_addr *a = LIST_ENTRY(it, struct netdev_addr, link);
        if (ip_is_v4(&a->addr))
            return a;
    }
    return NULL;
}

static void put_in(struct ifreq *r, uint32_t addr)
{
    memset(r->bytes, 0, sizeof r->bytes);
    r->in.family = AF_INET;
    r->in.addr = addr;
}

static long put_conf(vaddr_t arg)
{
    struct ifconf c;
    int32_t used = 0;
    if (USER_GET(c, arg) < 0)
        return -EFAULT;
    NETDEV_FOR_EACH(dev)
    LIST_FOR_EACH(it, &dev->addresses)
    {
        const struct netdev_addr *a = LIST_ENTRY(it, struct netdev_addr, link);
        struct ifreq r;
        if (!ip_is_v4(&a->addr) || (c.at && c.len - used < (int32_t)sizeof r))
            continue;
        memcpy(r.name, dev->name, sizeof r.name);
        put_in(&r, ip_v4(&a->addr));
        if (c.at && USER_PUT(c.at + (unsigned)used, r) < 0)
            return -EFAULT;
        used += (int32_t)sizeof r;
    }
    c.len = used;
    return USER_PUT(arg, c);
}

static int get_address(unsigned request, const struct netdev *dev, struct ifreq *r)
{
    const struct netdev_addr *a = first_address(dev);
    uint32_t mask;
    if (!a)
        return -EADDRNOTAVAIL;
    mask = a->prefix ? net32(UINT32_MAX << (32 - a->prefix)) : 0;
    put_in(r, request == SIOCGIFNETMASK   ? mask
              : request == SIOCGIFBRDADDR ? (dev->flags & IFF_LOOPBACK ? 0 : ip_v4(&a->broadcast))
                                          : ip_v4(&a->addr));
    return 0;
}

static int get(unsigned request, const struct netdev *dev, struct ifreq *r)
{
    switch (request) {
    case SIOCGIFFLAGS: r->flags = (int16_t)dev->flags; return 0;
    case SIOCGIFADDR:
    case SIOCGIFDSTADDR:
    case SIOCGIFBRDADDR:
    case SIOCGIFNETMASK: return get_address(request, dev, r);
    case SIOCGIFMETRIC: r->number = 0; return 0;
    case SIOCGIFMTU: r->number = (int32_t)dev->mtu; return 0;
    case SIOCGIFINDEX: r->number = (int32_t)dev->index; return 0;
    case SIOCGIFTXQLEN: r->number = TXQLEN; return 0;
    case SIOCGIFMAP: memset(r->bytes, 0, sizeof r->bytes); return 0;
    case SIOCGIFHWADDR:
        memset(r->bytes, 0, sizeof r->bytes);
        r->hardware.family = dev->type;
        memcpy(r->hardware.data, dev->mac, sizeof dev->mac);
        return 0;
    default: return -ENOTTY;
    }
}

long inet_ioctl(struct socket *s, unsigned request, vaddr_t arg)
{
    struct ifreq r;
    (void)s; /* of any family */
    if (request == SIOCGIFCONF)
        return put_conf(arg);
    if (request < SIOCGIFNAME || request > SIOCGIFMAP)
        return -ENOTTY;
    if (USER_GET(r, arg) < 0)
        return -EFAULT;
    r.name[sizeof r.name - 1] = 0;
    struct netdev *dev =
        request == SIOCGIFNAME ? netdev_by_index((unsigned)r.number) : netdev_by_name(r.name);
    if (!dev)
        return -ENODEV;
    if (request == SIOCGIFNAME)
        memcpy(r.name, dev->name, sizeof r.name);
    else {
        int err = get(request, dev, &r);
        if (err < 0)
            return err == -ENOTTY && !capable(CAP_NET_ADMIN) ? -EPERM
                   : err == -ENOTTY                          ? -EOPNOTSUPP
                                                             : err;
    }
    return USER_PUT(arg, r);
}

/* Without a network there are no interfaces. */
long inet_no_ioctl(void)
{
    return -ENOTTY;
}

IF_LINKED(part_ip, inet_ioctl, inet_no_ioctl);
