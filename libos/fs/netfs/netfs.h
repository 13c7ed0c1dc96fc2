/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of netfs share. */
#ifndef FS_NETFS_H
#define FS_NETFS_H

#include "../procfs/proc.h"

#include <u2k/netinfo.h>

void net_hex(struct text *t, uint32_t value,
             unsigned digits); /* capitals, as these files have it */
void net_pad(struct text *t, size_t from, size_t width); /* blanks and the end of the line */

void proc_tcp(struct text *t, const struct proc_at *at);
void proc_tcp6(struct text *t, const struct proc_at *at);
void proc_udp(struct text *t, const struct proc_at *at);
void proc_udp6(struct text *t, const struct proc_at *at);
void proc_sockstat(struct text *t, const struct proc_at *at);

#endif
