/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers on CPU time. With one CPU no CPU clock runs faster than the monotonic one: so `check_at`, the
 * monotonic time before which none can be due, is computed once and only looked at again then.
 */
#include <u2k/clock.h>
#include <u2k/optional.h>
#include <u2k/platform.h>

static struct list running = LIST_INIT(running);
static uint64_t check_at = TIME_NEVER;

static uint64_t left(const struct cpu_timer *t)
{
    uint64_t now = t->thread ? thread_cpu_time(t->thread) : plat_clock_cpu();

    return now >= t->expiry ? 0 : t->expiry - now;
}

static void plan(void)
{
    uint64_t least = TIME_NEVER;

    LIST_FOR_EACH(it, &running)
    least = MIN(least, left(LIST_ENTRY(it, struct cpu_timer, link)));
    check_at = least == TIME_NEVER ? TIME_NEVER : time_add(clock_monotonic(), least);
}

void cpu_timer_cancel(struct cpu_timer *t)
{
    if (!t->expiry)
        return;
    t->expiry = 0;
    list_remove(&t->link);
    if (list_empty(&running))
        check_at = TIME_NEVER;
}

void cpu_timer_set(struct cpu_timer *t, uint64_t expiry, void (*fire)(struct cpu_timer *))
{
    cpu_timer_cancel(t);
    t->expiry = MAX(expiry, 1u);
    t->fire = fire;
    list_push_back(&running, &t->link);
    plan();
}

void cpu_timers_thread_gone(const struct thread *t)
{
    LIST_FOR_EACH_SAFE(it, &running)
    {
        struct cpu_timer *timer = LIST_ENTRY(it, struct cpu_timer, link);
        if (timer->thread == t)
            cpu_timer_cancel(timer);
    }
}

uint64_t cpu_timer_next(void)
{
    return check_at;
}

/* One pass over those that were due at its beginning: a timer that sets itself again waits its turn. */
void cpu_timers_run(void)
{
    struct list due = LIST_INIT(due);

    if (check_at == TIME_NEVER || clock_monotonic() < check_at)
        return;
    LIST_FOR_EACH_SAFE(it, &running)
    {
        if (left(LIST_ENTRY(it, struct cpu_timer, link)))
            continue;
        list_remove(it);
        list_push_back(&due, it);
    }
    while (!list_empty(&due)) {
        struct cpu_timer *t = LIST_ENTRY(due.next, struct cpu_timer, link);
        cpu_timer_cancel(t);
        t->fire(t);
    }
    plan();
}

IF_LINKED(cpu_timer_set, cpu_timers_run, unlinked_nothing);
IF_LINKED(cpu_timer_set, cpu_timers_thread_gone, unlinked_nothing);
