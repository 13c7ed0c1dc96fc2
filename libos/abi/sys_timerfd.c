/* SPDX-License-Identifier: Apache-2.0 */
/* timerfd_create(2). */
#include "file.h"

#include <u2k/timerfd.h>

enum { TFD_TIMER_ABSTIME = 1, TFD_TIMER_CANCEL_ON_SET = 2 };

struct itimerspec64 {
    struct timespec64 interval, value;
};

/* The alarm clocks would wake the machine up, which never sleeps: they run like the ones they are made of. */
static int clock_of(int id, struct clock *out)
{
    switch (id) {
    case CLOCK_REALTIME:
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME: return clock_find(id, out);
    case CLOCK_REALTIME_ALARM:
    case CLOCK_BOOTTIME_ALARM:
        if (!capable(CAP_WAKE_ALARM))
            return -EPERM;
        return clock_find(id == CLOCK_REALTIME_ALARM ? CLOCK_REALTIME : CLOCK_BOOTTIME, out);
    default: return -EINVAL;
    }
}

// timerfd_create: implemented
SYSCALL(timerfd_create)
{
    unsigned flags = ARG(unsigned, 1);
    struct clock c;
    struct file *f;
    if (flags & ~(unsigned)(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    int err = clock_of(ARG(int, 0), &c);
    if (err == 0)
        err = timerfd_open(&c, flags & O_NONBLOCK, &f);
    return err < 0 ? err : fd_install(f, 0, flags & O_CLOEXEC);
}

static int find(int fd, struct file **out)
{
    *out = fd_get_io(fd);
    if (!*out)
        return -EBADF;
    if (file_is_timerfd(*out))
        return 0;
    file_unref(*out);
    return -EINVAL;
}

static struct itimerspec64 left_of(struct file *f)
{
    struct itimer left;
    timerfd_get(f, &left);
    return (struct itimerspec64){ns_timespec(left.interval), ns_timespec(left.value)};
}

// timerfd_settime: partial: TFD_TIMER_CANCEL_ON_SET is accepted and never cancels: nobody in here can set the clock
SYSCALL(timerfd_settime)
{
    struct itimerspec64 ts, old;
    struct file *f;
    if (USER_GET(ts, sc->arg[2]) < 0)
        return -EFAULT;
    if ((ARG(int, 1) & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) ||
        !timespec_valid(&ts.interval) || !timespec_valid(&ts.value))
        return -EINVAL;
    int err = find(ARG(int, 0), &f);
    if (err < 0)
        return err;
    old = left_of(f);
    const struct itimer to = {timespec_ns(&ts.value), timespec_ns(&ts.interval)};
    timerfd_set(f, &to, ARG(int, 1) & TFD_TIMER_ABSTIME);
    file_unref(f);
    return sc->arg[3] && USER_PUT(sc->arg[3], old) < 0 ? -EFAULT : 0;
}

// timerfd_gettime: implemented
SYSCALL(timerfd_gettime)
{
    struct file *f;
    int err = find(ARG(int, 0), &f);
    if (err < 0)
        return err;
    struct itimerspec64 left = left_of(f);
    file_unref(f);
    return USER_PUT(sc->arg[1], left);
}
