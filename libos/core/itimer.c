/* SPDX-License-Identifier: Apache-2.0 */
/* The three timers of setitimer(2): on the clock, on the program's CPU time, on all CPU time. */
#include <u2k/clock.h>
#include <u2k/platform.h>

static uint64_t interval[ITIMER_COUNT];
static struct timer real;
static struct cpu_timer cpu[ITIMER_COUNT]; /* [ITIMER_REAL] stays unused */

static void send(int signo)
{
    const struct siginfo info = {.signo = signo, .code = SI_KERNEL};

    signal_send(NULL, &info);
}

/* The next expiry of a period that began at `last`: periods that were missed are not made up for. */
static uint64_t following(uint64_t last, uint64_t period, uint64_t now)
{
    return last > now ? last : time_add(last, ((now - last) / period + 1) * period);
}

static void real_fire(struct timer *t)
{
    send(SIGALRM);
    if (interval[ITIMER_REAL])
        timer_set(t, following(t->deadline, interval[ITIMER_REAL], clock_monotonic()), real_fire);
}

static void cpu_fire(struct cpu_timer *t)
{
    unsigned which = (unsigned)(t - cpu);

    send(which == ITIMER_PROF ? SIGPROF : SIGVTALRM);
    if (interval[which])
        cpu_timer_set(t, time_add(plat_clock_cpu(), interval[which]), cpu_fire);
}

void itimer_get(unsigned which, struct itimer *out)
{
    uint64_t now = which == ITIMER_REAL ? clock_monotonic() : plat_clock_cpu();
    uint64_t expiry = which != ITIMER_REAL ? cpu[which].expiry : real.sequence ? real.deadline : 0;

    /* One that is due but has not been seen yet still runs: 0 would say that it does not. */
    *out = (struct itimer){.value = !expiry        ? 0
                                    : expiry > now ? expiry - now
                                                   : 1,
                           .interval = interval[which]};
}

void itimer_set(unsigned which, const struct itimer *to)
{
    interval[which] = to->interval;
    if (which == ITIMER_REAL)
        timer_set(&real, to->value ? time_add(clock_monotonic(), to->value) : TIME_NEVER,
                  real_fire);
    else if (to->value)
        cpu_timer_set(&cpu[which], time_add(plat_clock_cpu(), to->value), cpu_fire);
    else
        cpu_timer_cancel(&cpu[which]);
}
