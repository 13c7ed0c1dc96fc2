/* SPDX-License-Identifier: Apache-2.0 */
/* The network devices that the command line named. */
#include <u2k/netdev.h>
#include <u2k/platform.h>

void plat_net_start(void) {}
