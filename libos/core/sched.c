/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scheduler: one CPU, round robin. It is tickless: while one thread is ready the platform's timer
 * is set for timers only; a second one brings time slices. There is no idle thread: the last thread
 * that has nothing to do waits in plat_idle() on its own stack.
 */
#include <u2k/clock.h>
#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/platform.h>

#include "sched.h"

#define SLICE 5000000ull /* ns */

struct thread *current;

static struct list run_queue = LIST_INIT(run_queue);
static uint64_t slice_end;               /* 0: nobody else has been waiting for the CPU */
static uint64_t armed = TIME_NEVER;      /* what plat_timer() has been told */
/* Monotonic time, less what was spent in plat_idle() since, when `current` got the CPU; 0: it has always had it.
 * plat_clock_cpu() can be a call of the host, which is too much for each switch. */
static uint64_t cpu_since;

void sched_ready(struct thread *t)
{
    if (t->state != THREAD_WAITING)
        return;
    t->state = THREAD_READY;
    list_push_back(&run_queue, &t->run_link);
}

void thread_start(struct thread *t)
{
    sched_ready(t);
}

void thread_wake(struct thread *t)
{
    t->woken = true;
    sched_ready(t);
}

uint64_t thread_cpu_time(const struct thread *t)
{
    if (!cpu_since)
        return t == current ? plat_clock_cpu() : 0;
    return t == current ? t->cpu_time + (clock_monotonic() - cpu_since) : t->cpu_time;
}

OPTIONAL void sched_switch(struct thread *next)
{
    struct thread *prev = current;
    uint64_t now = clock_monotonic();

    prev->cpu_time += cpu_since ? now - cpu_since : plat_clock_cpu();
    cpu_since = now;
    slice_end = 0;
    current = next;
    if (next->fresh) { /* goes straight to the program from here */
        next->fresh = false;
        sched_arm();
    }
    plat_thread_switch(prev, next);
    arch_switch(&prev->kstack_pointer, next->kstack_pointer);
}

IF_LINKED(thread_create, sched_switch, unlinked_never);

void schedule(void)
{
    if (current->state == THREAD_READY)
        list_push_back(&run_queue, &current->run_link);
    while (list_empty(&run_queue)) {
        uint64_t idle_from = cpu_since ? clock_monotonic() : 0;
        plat_idle(timer_next());
        if (cpu_since)
            cpu_since += clock_monotonic() - idle_from;
        armed = TIME_NEVER; /* the platform may have used its timer for this */
        timers_run();
    }
    struct thread *next = LIST_ENTRY(run_queue.next, struct thread, run_link);
    list_remove(&next->run_link);
    next->state = THREAD_RUNNING;
    if (next != current)
        sched_switch(next);
}

void sched_yield_now(void)
{
    if (list_empty(&run_queue))
        return;
    current->state = THREAD_READY;
    schedule();
}

void sched_arm(void)
{
    uint64_t next = MIN(timer_next(), cpu_timer_next());

    if (!list_empty(&run_queue)) {
        if (!slice_end)
            slice_end = clock_monotonic() + SLICE;
        next = MIN(next, slice_end);
    }
    if (next == armed)
        return;
    armed = next;
    plat_timer(next);
}

/* Whoever an event woke goes first: it waited for the outside world, the running thread did not. */
void sched_interrupted(void)
{
    armed = TIME_NEVER;
    timers_run();
    cpu_timers_run();
    sched_yield_now();
}

/* ---- sleeping ---- */

struct sleep {
    struct timer timer;
    struct thread *thread;
};

static void sleep_over(struct timer *timer)
{
    struct thread *t = CONTAINER_OF(timer, struct sleep, timer)->thread;

    t->timed_out = true;
    sched_ready(t);
}

static bool interrupted(const struct thread *t)
{
    return signal_pending(t) || t->exiting;
}

int wait_sleep(uint64_t deadline, bool interruptible)
{
    struct thread *t = current;
    struct sleep sleep = {.thread = t};

    t->deadline = deadline;
    t->timed_out = false;
    t->interruptible = interruptible;
    timer_set(&sleep.timer, deadline, sleep_over);
    while (!t->woken && !t->timed_out && !(interruptible && interrupted(t))) {
        t->state = THREAD_WAITING;
        schedule();
    }
    timer_cancel(&sleep.timer);
    t->interruptible = false;
    if (t->woken) {
        t->woken = false;
        return 0;
    }
    return t->timed_out ? -ETIMEDOUT : -EINTR;
}

void sched_interrupt_wait(struct thread *t)
{
    if (t->interruptible)
        sched_ready(t);
}
