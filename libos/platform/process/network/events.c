/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of the host's sockets. One epoll descriptor, made before the sandbox: with ten thousand connections a wait
 * costs as much as with one. Edge-triggered, so that each connection is registered once and for all.
 */
#include "../x86_64/hostcall.h"
#include "host_ports.h"
#include <u2k/errno.h>
#include <u2k/optional.h>

enum { EVENTS = 64, EPOLL_CTL_ADD = 1, MSEC = 1000000 };

struct host_event { /* struct epoll_event */
    uint32_t events;
    struct watched *who;
} PACKED;

int host_watch(struct watched *w, uint32_t events)
{
    struct host_event e = {events | HOST_EPOLLET, w};
    return (int)host_call(epoll_ctl, host_sockets.epoll, EPOLL_CTL_ADD, w->fd, &e);
}

static bool tell(const struct host_event *e, long n)
{
    for (long i = 0; i < n; i++)
        e[i].who->event(e[i].who, e[i].events);
    return n > 0;
}

bool host_events(void)
{
    struct host_event e[EVENTS];
    return host_sockets.count &&
           tell(e, host_call(epoll_pwait, host_sockets.epoll, e, EVENTS, 0, 0, 0));
}

OPTIONAL bool plat_host_events(bool sleeps)
{
    return !sleeps && host_events();
}

/* epoll_pwait2() is of Linux 5.11. */
OPTIONAL bool network_wait(const struct host_timespec *left, const uint64_t *mask)
{
    static bool absent;
    struct host_event e[EVENTS];
    if (!host_sockets.count || wire_count || absent)
        return false;
    long n = host_wait(epoll_pwait2, host_sockets.epoll, e, EVENTS, left, mask, sizeof(*mask));
    absent = n == -ENOSYS;
    (void)tell(e, n);
    return !absent;
}

IF_LINKED(net_start, network_wait, unlinked_nothing);
