/* SPDX-License-Identifier: Apache-2.0 */
/* The clocks of clock_gettime(2), all made of the platform's three. */
#include <u2k/clock.h>
#include <u2k/errno.h>
#include <u2k/platform.h>
#include <u2k/process.h>

#define SECONDS_MAX ((int64_t)(TIME_NEVER / NSEC_PER_SEC) - 1)

uint64_t clock_monotonic(void)
{
    return plat_clock_monotonic();
}
uint64_t clock_realtime(void)
{
    return plat_clock_realtime();
}

/* Numbers below 0: the lowest bits are 0..2 for times of a process or thread, 3 for a device. */
static int find_cpu_clock(int id, struct clock *out)
{
    int owner = ~(id >> 3);

    if ((id & 3) == 3)
        return -EINVAL;
    out->kind = CLOCK_CPU;
    if (!(id & 4))
        return owner == 0 || owner == PID ? 0 : -EINVAL;
    out->thread = owner ? thread_find(owner) : current;
    return out->thread ? 0 : -EINVAL;
}

int clock_find(int id, struct clock *out)
{
    *out = (struct clock){.kind = CLOCK_STEADY};
    switch (id) {
    case CLOCK_REALTIME_COARSE:
        out->coarse = true;
        out->kind = CLOCK_WALL;
        return 0;
    case CLOCK_REALTIME:
    case CLOCK_TAI: /* no leap second table: the same as UTC, as on a Linux that nobody told */
        out->kind = CLOCK_WALL;
        return 0;
    case CLOCK_MONOTONIC_COARSE: out->coarse = true; return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_BOOTTIME: /* it is never suspended */ return 0;
    case CLOCK_THREAD_CPUTIME_ID:
        out->thread = current;
        out->kind = CLOCK_CPU;
        return 0;
    case CLOCK_PROCESS_CPUTIME_ID: out->kind = CLOCK_CPU; return 0;
    default:
        /* The alarm clocks wake a machine up by its RTC: as on Linux without one. */
        return id < 0 ? find_cpu_clock(id, out) : -EINVAL;
    }
}

uint64_t clock_read(const struct clock *c)
{
    switch (c->kind) {
    case CLOCK_WALL: return clock_realtime();
    case CLOCK_STEADY: return clock_monotonic();
    case CLOCK_CPU: break;
    }
    return c->thread ? thread_cpu_time(c->thread) : plat_clock_cpu();
}

uint64_t clock_deadline(const struct clock *c, uint64_t time)
{
    if (c->kind == CLOCK_STEADY)
        return time;
    uint64_t now = clock_realtime();
    return time <= now ? 0 : time_add(clock_monotonic(), time - now);
}

bool timespec_valid(const struct timespec64 *ts)
{
    return ts->sec >= 0 && ts->nsec >= 0 && ts->nsec < (int64_t)NSEC_PER_SEC;
}

uint64_t timespec_ns(const struct timespec64 *ts)
{
    if (ts->sec > SECONDS_MAX)
        return TIME_NEVER - 1;
    return (uint64_t)ts->sec * NSEC_PER_SEC + (uint64_t)ts->nsec;
}

struct timespec64 ns_timespec(uint64_t ns)
{
    return (struct timespec64){.sec = (int64_t)(ns / NSEC_PER_SEC),
                               .nsec = (int64_t)(ns % NSEC_PER_SEC)};
}
