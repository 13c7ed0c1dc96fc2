/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks and sleeping. */
#include <u2k/clock.h>
#include <u2k/process.h>
#include <u2k/string.h>
#include <u2k/syscall.h>
#include <u2k/uaccess.h>

#define HZ 100           /* of clock_t and of the coarse clocks, as Linux tells programs */
#define TICK (NSEC_PER_SEC / HZ)
#define COARSE_RESOLUTION 4000000 /* ns */

struct timeval64 {
    int64_t sec, usec;
};

static struct timeval64 ns_timeval(uint64_t ns)
{
    return (struct timeval64){(int64_t)(ns / NSEC_PER_SEC), (int64_t)(ns % NSEC_PER_SEC / 1000)};
}

// clock_gettime: implemented
SYSCALL(clock_gettime)
{
    struct clock c;
    struct timespec64 ts;
    int error = clock_find(ARG(int, 0), &c);

    if (error)
        return error;
    ts = ns_timespec(clock_read(&c));
    return USER_PUT(sc->arg[1], ts);
}

// clock_getres: implemented
SYSCALL(clock_getres)
{
    struct clock c;
    struct timespec64 ts = {0};
    int error = clock_find(ARG(int, 0), &c);

    if (error)
        return error;
    ts.nsec = c.coarse ? COARSE_RESOLUTION : 1;
    return sc->arg[1] ? USER_PUT(sc->arg[1], ts) : 0;
}

// clock_settime: partial: the clock is the host's, so nobody may set it: EPERM
SYSCALL(clock_settime)
{
    struct timespec64 ts;

    if (ARG(int, 0) != CLOCK_REALTIME)
        return -EINVAL;
    return USER_GET(ts, sc->arg[1]) ? -EFAULT : !timespec_valid(&ts) ? -EINVAL : -EPERM;
}

// settimeofday: partial: the clock is the host's, so nobody may set it: EPERM
SYSCALL(settimeofday)
{
    return -EPERM;
}

// gettimeofday: implemented
SYSCALL(gettimeofday)
{
    struct timeval64 tv = ns_timeval(clock_realtime());
    const int32_t zone[2] = {0, 0}; /* struct timezone: nobody sets it */

    if (sc->arg[0] && USER_PUT(sc->arg[0], tv))
        return -EFAULT;
    return sc->arg[1] && USER_PUT(sc->arg[1], zone) ? -EFAULT : 0;
}

// time: implemented
SYSCALL(time)
{
    int64_t now = (int64_t)(clock_realtime() / NSEC_PER_SEC);

    return sc->arg[0] && USER_PUT(sc->arg[0], now) ? -EFAULT : now;
}

// times: partial: all CPU time counts as the program's own
SYSCALL(times)
{
    const struct clock cpu = {.kind = CLOCK_CPU};
    const int64_t tms[4] = {
        (int64_t)(clock_read(&cpu) / TICK)}; /* user, system, those of children */

    if (sc->arg[0] && USER_PUT(sc->arg[0], tms))
        return -EFAULT;
    return (long)(clock_monotonic() / TICK);
}

/* ---- sleeping ---- */

static long sleep_until(uint64_t deadline)
{
    int result;

    do
        result = wait_sleep(deadline, true);
    while (!result);
    return result;
}

/* `left`: where the program wants the time that was left, or 0. */
static long sleep_rest(uint64_t deadline, vaddr_t left);

static long sleep_again(struct thread *t)
{
    return sleep_rest(t->restart_data[0], t->restart_data[1]);
}

static long sleep_rest(uint64_t deadline, vaddr_t left)
{
    if (sleep_until(deadline) == -ETIMEDOUT)
        return 0;
    uint64_t now = clock_monotonic();
    if (now >= deadline)
        return 0;
    struct timespec64 rest = ns_timespec(deadline - now);
    if (left && USER_PUT(left, rest))
        return -EFAULT;
    current->restart = sleep_again;
    current->restart_data[0] = deadline;
    current->restart_data[1] = left;
    return -ERESTARTBLOCK;
}

// nanosleep: implemented
SYSCALL(nanosleep)
{
    struct timespec64 ts;

    if (USER_GET(ts, sc->arg[0]))
        return -EFAULT;
    if (!timespec_valid(&ts))
        return -EINVAL;
    return sleep_rest(time_add(clock_monotonic(), timespec_ns(&ts)), sc->arg[1]);
}

// clock_nanosleep: partial: not on clocks of CPU time: EOPNOTSUPP
SYSCALL(clock_nanosleep)
{
    enum { TIMER_ABSTIME = 1 };
    struct timespec64 ts;
    struct clock c;
    int error = clock_find(ARG(int, 0), &c);

    if (error)
        return error;
    if (c.kind == CLOCK_CPU && c.thread == current)
        return -EINVAL;
    if (c.kind == CLOCK_CPU || c.coarse || ARG(int, 0) == CLOCK_MONOTONIC_RAW)
        return -EOPNOTSUPP;
    if (USER_GET(ts, sc->arg[2]))
        return -EFAULT;
    if (!timespec_valid(&ts))
        return -EINVAL;
    if (!(ARG(int, 1) & TIMER_ABSTIME))
        return sleep_rest(time_add(clock_monotonic(), timespec_ns(&ts)), sc->arg[3]);
    return sleep_until(clock_deadline(&c, timespec_ns(&ts))) == -ETIMEDOUT ? 0 : -ERESTARTNOHAND;
}

/* ---- adjusting: only to be looked at ---- */

struct timex64 { /* struct timex of 64-bit programs: adjtimex(2) */
    uint32_t modes, pad0;
    int64_t offset, freq, maxerror, esterror;
    int32_t status, pad1;
    int64_t constant, precision, tolerance;
    struct timeval64 time;
    int64_t tick, ppsfreq, jitter;
    int32_t shift, pad2;
    int64_t stabil, jitcnt, calcnt, errcnt, stbcnt;
    int32_t tai, reserved[11];
};
_Static_assert(sizeof(struct timex64) == 208, "struct timex");

static long read_timex(vaddr_t at)
{
    enum { STA_UNSYNC = 64, TIME_ERROR = 5, MAXERROR = 16000000, TICK_US = 10000 };
    struct timex64 tx, now = {.status = STA_UNSYNC,
                              .maxerror = MAXERROR,
                              .esterror = MAXERROR,
                              .precision = 1,
                              .tolerance = 32768000,
                              .tick = TICK_US,
                              .constant = 2};

    if (USER_GET(tx, at))
        return -EFAULT;
    if (tx.modes)
        return -EPERM;
    now.time = ns_timeval(clock_realtime());
    return USER_PUT(at, now) ? -EFAULT : TIME_ERROR;
}

// adjtimex: partial: reading only; the clock is the host's
SYSCALL(adjtimex)
{
    return read_timex(sc->arg[0]);
}

// clock_adjtime: partial: reading only; the clock is the host's
SYSCALL(clock_adjtime)
{
    return ARG(int, 0) == CLOCK_REALTIME ? read_timex(sc->arg[1]) : -EOPNOTSUPP;
}
