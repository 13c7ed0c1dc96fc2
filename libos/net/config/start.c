/* SPDX-License-Identifier: Apache-2.0 */
/* The network's start: before the program's. */
#include <u2k/ip.h>
#include <u2k/platform.h>

void net_start(void)
{
    loopback_start();
    struct netdev *lo = netdev_by_index(1);
    const struct ip_addr localhost = ip_from_v4(net32(0x7f000001));
    ip_addr_add(lo, &localhost, 8);
    plat_net_start();
}
