/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of netdev share. */
#ifndef NET_NETDEV_H
#define NET_NETDEV_H

#include <u2k/netdev.h>

enum { ARPHRD_ETHER = 1, ARPHRD_LOOPBACK = 772 };

void netdev_register(struct netdev *dev);

#endif
