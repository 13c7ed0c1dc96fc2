/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network's start: before the program's, so that it finds its addresses and name servers there. `ip=` tokens
 * first; a device that no token speaks of asks DHCP if there is no token at all. We wait for the leases, but not for
 * ever: a program may do without, and the client goes on asking.
 */
#include "config.h"
#include "../dhcp/dhcp.h"
#include "../ipv6/ipv6.h"

#include <u2k/boot.h>
#include <u2k/log.h>
#include <u2k/optional.h>
#include <u2k/platform.h>
#include <u2k/sched.h>
#include <u2k/string.h>

#define LEASE_WAIT (8 * NSEC_PER_SEC)
#define LOOK_AGAIN (NSEC_PER_SEC / 50)

IF_LINKED(part_ipv6, ipv6_start, unlinked_nothing);
IF_LINKED(part_ipv6, ipv6_start_device, unlinked_nothing);
IF_LINKED(part_dhcp, dhcp_start, config_no_dhcp);
IF_LINKED(part_dhcp, dhcp_all_bound, config_nobody_asks);

int config_no_dhcp(struct netdev *dev)
{
    (void)dev;
    part_missing("dhcp", "an address was to be asked for");
    return 0;
}

bool config_nobody_asks(void)
{
    return true;
}

static void apply_static(struct netdev *dev, const struct config_token *t)
{
    int error = ip_addr_add(dev, &t->address, (unsigned)t->prefix);
    const struct ip_addr none = ip_is_v4(&t->address) ? ip_from_v4(0) : (struct ip_addr){0};

    if (error)
        log_warning("%s: %s cannot be had (error %d)", dev->name, "the address of ip=", -error);
    if (!error && !ip_is_any(&t->gateway))
        config_route(dev, &none, 0, &t->gateway);
}

static void apply(struct netdev *dev, const struct config_token *t)
{
    if (t->how == CONFIG_STATIC)
        apply_static(dev, t);
    else if (t->how == CONFIG_DHCP)
        dhcp_start(dev);
    if (t->how != CONFIG_OFF)
        ipv6_start_device(dev);
    for (unsigned i = 0; i < 2; i++)
        config_dns(&t->dns[i], dev);
}

/* Without a device in the token an address is the first one's; dhcp and off are said of all. */
static void apply_token(const char *text)
{
    struct config_token t;
    bool found = false;

    if (!config_parse(text, &t)) {
        log_warning("ip=%s: not CLIENT:SERVER:GATEWAY:MASK:HOST:DEVICE:HOW:DNS0:DNS1", text);
        return;
    }
    if (*t.hostname && !cmdline_value("u2k.hostname"))
        config_hostname(t.hostname);
    NETDEV_FOR_EACH(dev)
    {
        if (dev->flags & IFF_LOOPBACK || (*t.device && strcmp(dev->name, t.device) != 0) ||
            (found && t.how == CONFIG_STATIC))
            continue;
        found = true;
        apply(dev, &t);
    }
    if (!found && (*t.device || t.how == CONFIG_STATIC))
        log_warning("ip=%s: there is no such device", text);
}

static struct thread *waiting;

void config_wake(void)
{
    if (waiting)
        thread_wake(waiting);
}

static void wait_for_leases(void)
{
    uint64_t end = clock_monotonic() + LEASE_WAIT;

    waiting = current;
    while (!dhcp_all_bound() && clock_monotonic() < end) {
        if (!net_poll(true))
            wait_sleep(MIN(end, clock_monotonic() + LOOK_AGAIN), false);
    }
    waiting = NULL;
    if (!dhcp_all_bound())
        log_warning("no DHCP server has answered yet: the program starts without");
}

void net_start(void)
{
    const struct ip_addr localhost = ip_from_v4(net32(0x7f000001));
    const void *at = NULL;
    const char *text = cmdline_each("ip", &at);

    loopback_start();
    ip_addr_add(netdev_by_index(1), &localhost, 8);
    ipv6_start();
    plat_net_start();
    if (!text)
        apply_token("dhcp");
    for (; text; text = cmdline_each("ip", &at))
        apply_token(text);
    wait_for_leases();
    config_resolver_finish();
}
