/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers of timer_create(2). A timer has one signal at the most in the queues; when that is taken off,
 * the periods that went by since are its overrun, and the next one begins (timer_getoverrun(2)).
 */
#include <u2k/clock.h>
#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/process.h>

#define OVERRUN_MAX INT32_MAX /* DELAYTIMER_MAX */

struct posix_timer {
    struct list link;
    int id, overrun;
    struct clock clock;
    struct sigevent_k event;
    struct queued_signal node;
    struct timer timer;    /* of wall and steady clocks */
    struct cpu_timer cpu;
    uint64_t expiry;       /* on its clock; 0: not running */
    uint64_t interval;
};

static struct list timers = LIST_INIT(timers);
static int last_id = -1;
static uint64_t count;

static void schedule_expiry(struct posix_timer *t);

static bool running(const struct posix_timer *t)
{
    return t->expiry != 0;
}

/* Past periods are counted, the next one is set: how many have passed beyond the first. */
static uint64_t forward(struct posix_timer *t)
{
    uint64_t now = clock_read(&t->clock), missed = 0;

    if (now > t->expiry)
        missed = (now - t->expiry) / t->interval;
    t->expiry = time_add(t->expiry, (missed + 1) * t->interval);
    schedule_expiry(t);
    return missed;
}

static void expired(struct posix_timer *t)
{
    bool to_thread = t->event.notify == SIGEV_THREAD_ID;
    struct thread *target = to_thread ? thread_find(t->event.tid) : NULL;
    bool queued =
        t->event.notify != SIGEV_NONE && (target || !to_thread) && list_empty(&t->node.link);

    if (queued) {
        t->node.info = (struct siginfo){.signo = t->event.signo, .code = SI_TIMER};
        t->node.info.timer.timerid = t->id;
        t->node.info.timer.value = t->event.value;
        queued = signal_send_node(target, &t->node);
    }
    if (!t->interval)
        t->expiry = 0;
    else if (!queued)
        forward(t); /* nobody will take a signal, so time goes on here */
}

static void timer_fired(struct timer *timer)
{
    expired(CONTAINER_OF(timer, struct posix_timer, timer));
}
static void cpu_fired(struct cpu_timer *timer)
{
    expired(CONTAINER_OF(timer, struct posix_timer, cpu));
}

static void schedule_expiry(struct posix_timer *t)
{
    if (t->clock.kind == CLOCK_CPU)
        cpu_timer_set(&t->cpu, t->expiry, cpu_fired);
    else
        timer_set(&t->timer, clock_deadline(&t->clock, t->expiry), timer_fired);
}

static struct thread *node_thread(const struct posix_timer *t)
{
    return t->event.notify == SIGEV_THREAD_ID ? thread_find(t->event.tid) : NULL;
}

static void stop(struct posix_timer *t)
{
    timer_cancel(&t->timer);
    cpu_timer_cancel(&t->cpu);
    t->expiry = t->interval = 0;
    signal_unqueue(node_thread(t), &t->node);
}

int posix_timer_create(const struct clock *c, const struct sigevent_k *event, bool own_value,
                       int *id)
{
    if (count >= process.limits[RLIMIT_SIGPENDING].soft)
        return -EAGAIN;
    struct posix_timer *t = NEW(struct posix_timer);
    if (!t)
        return -EAGAIN;
    do
        last_id = last_id == INT32_MAX ? 0 : last_id + 1;
    while (posix_timer_find(last_id));
    t->id = *id = last_id;
    t->clock = *c;
    t->cpu.thread = c->thread;
    t->event = *event;
    if (own_value)
        t->event.value = (uint64_t)t->id;
    t->node.timer = t;
    list_init(&t->node.link);
    list_push_back(&timers, &t->link);
    count++;
    return 0;
}

struct posix_timer *posix_timer_find(int id)
{
    LIST_FOR_EACH(it, &timers)
    {
        struct posix_timer *t = LIST_ENTRY(it, struct posix_timer, link);
        if (t->id == id)
            return t;
    }
    return NULL;
}

void posix_timer_arm(struct posix_timer *t, const struct itimer *to, bool absolute)
{
    stop(t);
    t->overrun = 0;
    if (!to->value)
        return;
    t->interval = to->interval;
    t->expiry = absolute ? to->value : time_add(clock_read(&t->clock), to->value);
    schedule_expiry(t);
}

void posix_timer_left(struct posix_timer *t, struct itimer *out)
{
    uint64_t now = clock_read(&t->clock), next = t->expiry;

    *out = (struct itimer){.interval = t->interval};
    if (!running(t))
        return;
    if (t->interval && next <= now) /* its signal waits to be taken: the period that runs now */
        next += ((now - next) / t->interval + 1) * t->interval;
    out->value = next > now ? next - now : t->event.notify == SIGEV_NONE ? 0 : 1;
}

int posix_timer_overrun(const struct posix_timer *t)
{
    return t->overrun;
}

void posix_timer_delete(struct posix_timer *t)
{
    stop(t);
    list_remove(&t->link);
    count--;
    DELETE(t);
}

void posix_timers_delete_all(void)
{
    LIST_FOR_EACH_SAFE(it, &timers)
    posix_timer_delete(LIST_ENTRY(it, struct posix_timer, link));
}

void posix_timer_taken(struct posix_timer *t, struct siginfo *info)
{
    uint64_t missed = t->interval && running(t) ? forward(t) : 0;

    t->overrun = missed < OVERRUN_MAX ? (int)missed : OVERRUN_MAX;
    info->timer.overrun = t->overrun;
}

IF_LINKED(posix_timer_create, posix_timers_delete_all, unlinked_nothing);
IF_LINKED(posix_timer_create, posix_timer_taken, unlinked_never);
