/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clocks of clock_gettime(2), and everything that sends a signal when time has passed: setitimer(2),
 * timer_create(2). Sleeping itself is wait_sleep() of u2k/sched.h.
 */
#ifndef U2K_CLOCK_H
#define U2K_CLOCK_H

#include <u2k/sched.h>

enum {
    CLOCK_REALTIME,
    CLOCK_MONOTONIC,
    CLOCK_PROCESS_CPUTIME_ID,
    CLOCK_THREAD_CPUTIME_ID,
    CLOCK_MONOTONIC_RAW,
    CLOCK_REALTIME_COARSE,
    CLOCK_MONOTONIC_COARSE,
    CLOCK_BOOTTIME,
    CLOCK_REALTIME_ALARM,
    CLOCK_BOOTTIME_ALARM,
    CLOCK_TAI = 11
};

/* What a clock number stands for. A negative number names the CPU time of a process or thread
 * (clock_getcpuclockid(3)): ~id << 3, bit 2 for a thread, the low bits which of its times. */
enum clock_kind { CLOCK_WALL, CLOCK_STEADY, CLOCK_CPU };
struct clock {
    enum clock_kind kind;
    bool coarse;
    struct thread *thread; /* of CLOCK_CPU: NULL is the process */
};
int clock_find(int id, struct clock *out); /* -EINVAL */
uint64_t clock_read(const struct clock *c);

/* A time on a wall or steady clock as a deadline for timers and waits. */
uint64_t clock_deadline(const struct clock *c, uint64_t time);

/* A checked timespec (not negative, less than a second of ns) in ns; cut to TIME_NEVER - 1. */
bool timespec_valid(const struct timespec64 *ts);
uint64_t timespec_ns(const struct timespec64 *ts);
struct timespec64 ns_timespec(uint64_t ns);
static inline uint64_t time_add(uint64_t a, uint64_t b)
{
    return a + b < a ? TIME_NEVER - 1 : a + b;
}

/* ---- timers on CPU time: looked at while the program runs, they never end an idle wait ---- */

struct cpu_timer {
    struct list link;
    struct thread *thread; /* NULL: the process's CPU time */
    uint64_t expiry;       /* CPU ns; 0: not set */
    void (*fire)(struct cpu_timer *);
};
void cpu_timer_set(struct cpu_timer *t, uint64_t expiry, void (*fire)(struct cpu_timer *));
void cpu_timer_cancel(struct cpu_timer *t);
void cpu_timers_thread_gone(const struct thread *t);
void cpu_timers_run(void);
uint64_t cpu_timer_next(void); /* monotonic ns before which none can be due; TIME_NEVER */

/* ---- setitimer(2), alarm(2) ---- */

enum { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF, ITIMER_COUNT };
struct itimer {
    uint64_t value, interval; /* ns; a value of 0: not running */
};
void itimer_get(unsigned which, struct itimer *out);
void itimer_set(unsigned which, const struct itimer *to);

/* ---- timer_create(2) ---- */

enum { SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD, SIGEV_THREAD_ID = 4 };
struct sigevent_k {
    uint64_t value;
    int32_t signo, notify, tid;
    int32_t pad[11];
};

/* `own_value`: its signal carries the timer's number (no sigevent was given). */
int posix_timer_create(const struct clock *c, const struct sigevent_k *event, bool own_value,
                       int *id);
struct posix_timer *posix_timer_find(int id);
void posix_timer_arm(struct posix_timer *t, const struct itimer *to, bool absolute);
void posix_timer_left(struct posix_timer *t, struct itimer *out);
int posix_timer_overrun(const struct posix_timer *t);
void posix_timer_delete(struct posix_timer *t);
void posix_timers_delete_all(void);
/* Its signal has been taken off the queue: fill in the overrun, start the next period. */
void posix_timer_taken(struct posix_timer *t, struct siginfo *info);

#endif
