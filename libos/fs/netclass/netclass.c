/* SPDX-License-Identifier: Apache-2.0 */
/* /sys/class/net: a folder a device (Documentation/ABI/testing/sysfs-class-net of Linux). */
#include "../procfs/proc.h"

#include <u2k/netdev.h>
#include <u2k/string.h>

/* A device's number stands where a descriptor's does. */
static const struct netdev *device(const struct proc_at *at)
{
    return netdev_by_index((unsigned)at->fd);
}

#define SHOW(name, format, value) \
    static void name(struct text *t, const struct proc_at *at) \
    { \
        const struct netdev *dev = device(at); \
        if (dev) \
            text_add(t, format, value); \
    }

SHOW(flags, "0x%x\n", dev->flags & ~(unsigned)IFF_RUNNING)
SHOW(ifindex, "%u\n", dev->index)
SHOW(mtu, "%u\n", dev->mtu)
SHOW(operstate, "%s\n",
     dev->flags &IFF_LOOPBACK  ? "unknown"
     : dev->flags &IFF_RUNNING ? "up"
                               : "down")
SHOW(carrier, "%u\n", dev->flags &IFF_RUNNING ? 1 : 0)
SHOW(type, "%u\n", dev->type)
SHOW(rx_bytes, "%lu\n", dev->stats.rx_bytes)
SHOW(rx_dropped, "%lu\n", dev->stats.rx_dropped)
SHOW(rx_errors, "%lu\n", dev->stats.rx_errors)
SHOW(rx_packets, "%lu\n", dev->stats.rx_packets)
SHOW(tx_bytes, "%lu\n", dev->stats.tx_bytes)
SHOW(tx_dropped, "%lu\n", dev->stats.tx_dropped)
SHOW(tx_errors, "%lu\n", dev->stats.tx_errors)
SHOW(tx_packets, "%lu\n", dev->stats.tx_packets)

static void address(struct text *t, const struct proc_at *at)
{
    const struct netdev *dev = device(at);

    for (unsigned i = 0; dev && i < 6; i++)
        text_add(t, i ? ":%02x" : "%02x", dev->mac[i]);
    text_add(t, "\n");
}

static void broadcast(struct text *t, const struct proc_at *at)
{
    const struct netdev *dev = device(at);
    bool none = dev && dev->flags & IFF_LOOPBACK;

    text_add(t, "%s\n", none ? "00:00:00:00:00:00" : "ff:ff:ff:ff:ff:ff");
}

static const struct proc_entry statistics[] = {
    PROC_TEXT("rx_bytes", rx_bytes),
    PROC_TEXT("rx_dropped", rx_dropped),
    PROC_TEXT("rx_errors", rx_errors),
    PROC_TEXT("rx_packets", rx_packets),
    PROC_TEXT("tx_bytes", tx_bytes),
    PROC_TEXT("tx_dropped", tx_dropped),
    PROC_TEXT("tx_errors", tx_errors),
    PROC_TEXT("tx_packets", tx_packets),
    {0},
};

static const struct proc_entry entries[] = {
    PROC_CONST("addr_len", "6\n"),
    PROC_TEXT("address", address),
    PROC_TEXT("broadcast", broadcast),
    PROC_TEXT("carrier", carrier),
    PROC_TEXT("flags", flags),
    PROC_TEXT("ifindex", ifindex),
    PROC_TEXT("mtu", mtu),
    PROC_TEXT("operstate", operstate),
    PROC_DIR("statistics", statistics),
    PROC_TEXT("type", type),
    {0},
};
static const struct proc_entry folder = PROC_DIR("", entries);

static bool find(const struct proc_at *at, const char *name, size_t len, struct proc_at *out)
{
    NETDEV_FOR_EACH(dev)
    {
        if (strlen(dev->name) == len && memcmp(dev->name, name, len) == 0) {
            *out = (struct proc_at){.entry = &folder, .tid = at->tid, .fd = (int)dev->index};
            return true;
        }
    }
    return false;
}

static int next(const struct proc_at *at, int from, const char **name)
{
    (void)at;
    NETDEV_FOR_EACH(dev)
    {
        if ((int)dev->index >= from) {
            *name = dev->name;
            return (int)dev->index;
        }
    }
    return -1;
}

const struct proc_entry sys_class[] = {
    {.name = "net",
     .mode = S_IFDIR | 0555,
     .kind = PROC_NAMES,
     .find_name = find,
     .next_name = next},
    {0},
};
