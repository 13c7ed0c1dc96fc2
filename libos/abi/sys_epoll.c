/* SPDX-License-Identifier: Apache-2.0 */
/* epoll(7). */
#include "file.h"
#include "wait.h"

#include <u2k/clock.h>
#include <u2k/epoll.h>

#define EVENTS_MAX (INT32_MAX / (int)sizeof(struct epoll_event_k))

static long make_epoll(unsigned flags)
{
    struct file *f;
    if (flags & ~(unsigned)O_CLOEXEC)
        return -EINVAL;
    int err = epoll_open(&f);
    return err < 0 ? err : fd_install(f, 0, flags & O_CLOEXEC);
}

// epoll_create: implemented
SYSCALL(epoll_create)
{
    return ARG(int, 0) <= 0 ? -EINVAL : make_epoll(0);
}

// epoll_create1: implemented
SYSCALL(epoll_create1)
{
    return make_epoll(ARG(unsigned, 0));
}

// epoll_ctl: implemented
SYSCALL(epoll_ctl)
{
    struct epoll_event_k event = {0};
    if (ARG(int, 1) != EPOLL_CTL_DEL && USER_GET(event, sc->arg[3]) < 0)
        return -EFAULT;
    struct file *epoll = fd_get_io(ARG(int, 0)), *target = fd_get_io(ARG(int, 2));
    long err = -EBADF;
    if (epoll && target)
        err = epoll_change(epoll, ARG(int, 1), ARG(int, 2), target, &event);
    file_unref(epoll);
    file_unref(target);
    return err;
}

static long wait_events(const struct syscall *sc, uint64_t timeout)
{
    struct file *f = fd_get_io(ARG(int, 0));
    long count = -EINVAL;
    if (!f)
        return -EBADF;
    if (ARG(int, 2) > 0 && ARG(int, 2) <= EVENTS_MAX && file_is_epoll(f))
        count = epoll_wait(f, ARG(vaddr_t, 1), ARG(unsigned, 2), timeout);
    file_unref(f);
    return count;
}

static uint64_t milliseconds(int timeout)
{
    return timeout < 0 ? TIME_NEVER : (uint64_t)timeout * 1000000;
}

/* Unlike poll(2) it is not made again after a signal without a handler (signal(7)). */
static long wait_masked(const struct syscall *sc, uint64_t timeout)
{
    long result = mask_begin(sc->arg[4], sc->arg[5]);
    if (result == 0) {
        result = wait_events(sc, timeout);
        if (result != -EINTR)
            mask_end(sc->arg[4]);
    }
    return result;
}

// epoll_wait: implemented
SYSCALL(epoll_wait)
{
    return wait_events(sc, milliseconds(ARG(int, 3)));
}

// epoll_pwait: implemented
SYSCALL(epoll_pwait)
{
    return wait_masked(sc, milliseconds(ARG(int, 3)));
}

// epoll_pwait2: implemented
SYSCALL(epoll_pwait2)
{
    struct timespec64 ts;
    if (!sc->arg[3])
        return wait_masked(sc, TIME_NEVER);
    if (USER_GET(ts, sc->arg[3]) < 0)
        return -EFAULT;
    return timespec_valid(&ts) ? wait_masked(sc, timespec_ns(&ts)) : -EINVAL;
}
