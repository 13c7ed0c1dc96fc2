/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options of the executable:
 *   --net=tap:NAME[,mac=AA:BB:CC:DD:EE:FF]    the host's tap device NAME, made if there is none and we may
 *   --net=tapfd:FD[,mac=...]                  an open one
 *   --net=stream:FD[,mac=...]                 a connected stream socket: passt(1) --fd, QEMU's -netdev stream
 * and --publish, for which see host_ports.c. Each is a device, eth0 and eth1, in this order. Without mac= it is a random locally administered one.
 */
#include "host_ports.h"
#include <u2k/optional.h>
#include <u2k/string.h>

enum { MAC_LEN = 6, LOCALLY_ADMINISTERED = 2, GROUP = 1, IFNAMSIZ = 16 };

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static void read_mac(uint8_t *mac, const char *text, const char *arg)
{
    for (unsigned i = 0; i < MAC_LEN; i++, text += 3) {
        int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);
        if (low < 0 || text[2] != (i == MAC_LEN - 1 ? '\0' : ':'))
            start_failed(arg, "an Ethernet address is six pairs of hexadecimal digits with colons",
                         0);
        mac[i] = (uint8_t)(high << 4 | low);
    }
    if (mac[0] & GROUP)
        start_failed(arg, "the Ethernet address of one device is not a group's", 0);
}

static void random_mac(uint8_t *mac)
{
    if (plat_random(mac, MAC_LEN) < 0)
        start_failed("--net", "the host gives no randomness for an Ethernet address: say mac=", 0);
    mac[0] = (uint8_t)((mac[0] & ~GROUP) | LOCALLY_ADMINISTERED);
}

/* `text` up to a comma, as its own string in `out`; what follows the comma, or NULL. */
static const char *split(const char *text, char *out, size_t size, const char *arg)
{
    size_t n = 0;
    for (; text[n] && text[n] != ','; n++)
        if (n + 1 >= size)
            start_failed(arg, "the name is too long", 0);
    memcpy(out, text, n);
    out[n] = '\0';
    return text[n] ? text + n + 1 : NULL;
}

static const char *after(const char *text, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

static void net_option(const char *value, const char *arg)
{
    static char names[DEVICES_MAX][IFNAMSIZ];
    if (wire_count == DEVICES_MAX)
        start_failed(arg, "more devices than a unikernel as a process has room for (4)", 0);
    struct wire *w = &wires[wire_count];
    char *name = names[wire_count++];
    const char *what, *more;
    bool stream = false;
    if ((what = after(value, "tap:"))) {
        w->name = name;
    } else if ((what = after(value, "tapfd:"))) {
    } else if ((what = after(value, "stream:"))) {
        stream = true;
    } else {
        start_failed(arg, "a device is tap:NAME, tapfd:FD or stream:FD", 0);
    }
    more = split(what, name, IFNAMSIZ, arg);
    const char *mac = more ? after(more, "mac=") : NULL;
    if (more && !mac)
        start_failed(arg, "all that may follow is ,mac=AA:BB:CC:DD:EE:FF", 0);
    if (mac)
        read_mac(w->dev.mac, mac, arg);
    else
        random_mac(w->dev.mac);
    if (!w->name)
        w->fd = (int)option_number(name, INT32_MAX, arg);
    else if (!*name)
        start_failed(arg, "a tap device has a name", 0);
    w->open = stream ? stream_wire_open : tap_open;
}

OPTIONAL bool network_option(const char *arg)
{
    const char *net = option_value(arg, "--net"), *publish = option_value(arg, "--publish");
    if (net)
        net_option(net, arg);
    else if (publish)
        host_ports_option(publish, arg);
    return net || publish;
}

IF_LINKED(net_start, network_option, unlinked_nothing);
