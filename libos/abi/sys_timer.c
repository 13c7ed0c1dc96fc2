/* SPDX-License-Identifier: Apache-2.0 */
/* Timers that send signals: alarm(2), setitimer(2), timer_create(2). */
#include <u2k/clock.h>
#include <u2k/syscall.h>
#include <u2k/uaccess.h>

#define USEC_PER_SEC 1000000

struct itimerval64 {
    int64_t interval_sec, interval_usec, value_sec, value_usec;
};

struct itimerspec64 {
    struct timespec64 interval, value;
};

// alarm: implemented
SYSCALL(alarm)
{
    struct itimer old, new = {.value = ARG(unsigned, 0) * NSEC_PER_SEC};

    itimer_get(ITIMER_REAL, &old);
    itimer_set(ITIMER_REAL, &new);
    /* To the nearest second, but a running alarm never reads as none. */
    uint64_t seconds = (old.value + NSEC_PER_SEC / 2) / NSEC_PER_SEC;
    return old.value && !seconds ? 1 : (long)seconds;
}

static long put_itimer(unsigned which, vaddr_t at)
{
    struct itimer t;

    itimer_get(which, &t);
    /* Rounded up: what runs must not read as 0. */
    uint64_t value = (t.value + 999) / 1000, interval = t.interval / 1000;
    const struct itimerval64 tv = {
        (int64_t)(interval / USEC_PER_SEC), (int64_t)(interval % USEC_PER_SEC),
        (int64_t)(value / USEC_PER_SEC), (int64_t)(value % USEC_PER_SEC)};
    return USER_PUT(at, tv);
}

static bool usec_ns(int64_t sec, int64_t usec, uint64_t *ns)
{
    const struct timespec64 ts = {sec, usec * 1000};
    bool good = usec >= 0 && usec < USEC_PER_SEC && timespec_valid(&ts);

    *ns = good ? timespec_ns(&ts) : 0;
    return good;
}

// getitimer: implemented
SYSCALL(getitimer)
{
    return ARG(unsigned, 0) < ITIMER_COUNT ? put_itimer(ARG(unsigned, 0), sc->arg[1]) : -EINVAL;
}

// setitimer: partial: ITIMER_VIRTUAL counts the library OS's CPU time too
SYSCALL(setitimer)
{
    unsigned which = ARG(unsigned, 0);
    struct itimerval64 tv = {0};
    struct itimer to;

    if (sc->arg[1] && USER_GET(tv, sc->arg[1]))
        return -EFAULT;
    if (!usec_ns(tv.interval_sec, tv.interval_usec, &to.interval) ||
        !usec_ns(tv.value_sec, tv.value_usec, &to.value) || which >= ITIMER_COUNT)
        return -EINVAL;
    long error = sc->arg[2] ? put_itimer(which, sc->arg[2]) : 0;
    itimer_set(which, &to); /* Linux sets it even if the old value cannot be stored */
    return error;
}

static bool event_valid(const struct sigevent_k *e)
{
    bool signo = e->signo >= 1 && e->signo <= NSIG;

    switch (e->notify) {
    case SIGEV_NONE: return true;
    case SIGEV_SIGNAL:
    case SIGEV_THREAD: return signo;
    case SIGEV_THREAD_ID: return signo && thread_find(e->tid);
    default: return false;
    }
}

// timer_create: implemented
SYSCALL(timer_create)
{
    struct sigevent_k event = {.notify = SIGEV_SIGNAL, .signo = SIGALRM};
    struct clock c;
    int id, error = clock_find(ARG(int, 0), &c);

    if (error)
        return error;
    if (c.coarse || ARG(int, 0) == CLOCK_MONOTONIC_RAW)
        return -EOPNOTSUPP;
    if (sc->arg[1] && USER_GET(event, sc->arg[1]))
        return -EFAULT;
    if (!event_valid(&event))
        return -EINVAL;
    error = posix_timer_create(&c, &event, sc->arg[1] == 0, &id);
    if (!error && USER_PUT(sc->arg[2], id)) {
        posix_timer_delete(posix_timer_find(id));
        return -EFAULT;
    }
    return error;
}

static long put_timer(struct posix_timer *t, vaddr_t at)
{
    struct itimer left;

    posix_timer_left(t, &left);
    const struct itimerspec64 ts = {ns_timespec(left.interval), ns_timespec(left.value)};
    return USER_PUT(at, ts);
}

// timer_settime: implemented
SYSCALL(timer_settime)
{
    enum { TIMER_ABSTIME = 1 };
    struct posix_timer *t;
    struct itimerspec64 ts;
    long error = 0;

    if (!sc->arg[2])
        return -EINVAL;
    if (USER_GET(ts, sc->arg[2]))
        return -EFAULT;
    if (!timespec_valid(&ts.interval) || !timespec_valid(&ts.value))
        return -EINVAL;
    t = posix_timer_find(ARG(int, 0));
    if (!t)
        return -EINVAL;
    const struct itimer to = {timespec_ns(&ts.value), timespec_ns(&ts.interval)};
    if (sc->arg[3])
        error = put_timer(t, sc->arg[3]);
    posix_timer_arm(t, &to, ARG(int, 1) & TIMER_ABSTIME);
    return error;
}

// timer_gettime: implemented
SYSCALL(timer_gettime)
{
    struct posix_timer *t = posix_timer_find(ARG(int, 0));

    return t ? put_timer(t, sc->arg[1]) : -EINVAL;
}

// timer_getoverrun: implemented
SYSCALL(timer_getoverrun)
{
    struct posix_timer *t = posix_timer_find(ARG(int, 0));

    return t ? posix_timer_overrun(t) : -EINVAL;
}

// timer_delete: implemented
SYSCALL(timer_delete)
{
    struct posix_timer *t = posix_timer_find(ARG(int, 0));

    if (!t)
        return -EINVAL;
    posix_timer_delete(t);
    return 0;
}
