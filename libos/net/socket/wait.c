/* SPDX-License-Identifier: Apache-2.0 */
#include "wait.h"

#include <u2k/clock.h>
#include <u2k/errno.h>
#include <u2k/netdev.h>

/* Of calls that do not wait so many spare the devices that cost a host call: most programs go on to poll(2), which
 * brings as much. */
enum { SPINS = 8 };

int socket_wait(struct socket *s, unsigned events, struct patience *p)
{
    static unsigned spins;
    struct waiter w = {.thread = current,
                       .events = events | POLLERR | POLLHUP | POLLRDHUP,
                       .exclusive = p->exclusive};
    if (!p->dontwait || !p->asked) {
        p->asked = true;
        if (net_poll(!p->dontwait || ++spins % SPINS))
            return 0;
    }
    if (p->dontwait)
        return -EAGAIN;
    if (p->deadline == 0)
        p->deadline =
            p->timeout == TIME_NEVER ? TIME_NEVER : time_add(clock_monotonic(), p->timeout);
    wait_add(&s->wait, &w);
    int err = wait_sleep(p->deadline, true);
    wait_remove(&w);
    if (err == -ETIMEDOUT)
        return -EAGAIN;
    return err == -EINTR && p->timeout == TIME_NEVER ? -ERESTARTSYS : err;
}
