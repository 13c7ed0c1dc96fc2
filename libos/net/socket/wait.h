/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting on a socket, within its time-out. */
#ifndef SOCKET_WAIT_H
#define SOCKET_WAIT_H

#include <u2k/socket.h>

/* The time-out of one call; `deadline` is 0 until it has to wait. */
struct patience {
    uint64_t timeout, deadline; /* ns, TIME_NEVER */
    bool dontwait;
    bool asked; /* the devices, for what they have */
    bool exclusive; /* one of several waiters is enough: accept(2) */
};

/* Until one of `events` was woken or a device gave something, perhaps for nothing. -EAGAIN: must not wait, or waited long enough; -ERESTARTSYS,
 * or -EINTR where there is a time-out (signal(7)). */
int socket_wait(struct socket *s, unsigned events, struct patience *p);

#endif
