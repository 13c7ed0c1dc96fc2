/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting: the only place where the host may keep us. Signals are told here and nowhere else in library OS
 * code: ppoll(2) unblocks them and waits in one step, and does not wait if one was put off. */
#include "process.h"
#include "x86_64/hostcall.h"
#include <u2k/errno.h>

void plat_idle(uint64_t deadline)
{
    if (tell_signals() || network_came())
        return;
    struct host_pollfd fds[STREAM_COUNT + NETWORK_FDS];
    enum stream who[STREAM_COUNT];
    unsigned n = 0;
    for (enum stream s = 0; s < STREAM_COUNT; s++) {
        unsigned mask = stream_wanted(s);
        if (!mask)
            continue;
        who[n] = s;
        fds[n].fd = stream_fd(s);
        fds[n].revents = 0;
        fds[n++].events = (int16_t)((mask & STREAM_READABLE ? HOST_POLLIN : 0) |
                                    (mask & STREAM_WRITABLE ? HOST_POLLOUT : 0));
    }
    unsigned network = network_wanted(fds + n);

    struct host_timespec left = {0, 0};
    uint64_t now = deadline == TIME_NEVER || deadline == 0 ? 0 : plat_clock_monotonic();
    if (deadline > now) {
        left.sec = (int64_t)((deadline - now) / NSEC_PER_SEC);
        left.nsec = (int64_t)((deadline - now) % NSEC_PER_SEC);
    }
    static const uint64_t mask = PROGRAM_MASK;
    const struct host_timespec *timeout = deadline == TIME_NEVER ? NULL : &left;
    long ready = 0;
    if (n || !network_wait(timeout, &mask))
        ready = host_wait(ppoll, fds, n + network, timeout, &mask, sizeof(mask));
    (void)tell_signals();
    for (unsigned i = 0; ready > 0 && i < n; i++)
        if (fds[i].revents)
            core_stream_event(who[i]);
    if (ready > 0 && network)
        network_ready(fds + n, network);
}
