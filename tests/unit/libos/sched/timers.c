/* SPDX-License-Identifier: Apache-2.0 */
/* The timer queue against a plain array: random setting, moving, cancelling and firing. */
#include <u2k/sched.h>

#include <stdio.h>
#include <stdlib.h>

#define TIMERS 200
#define STEPS 200000

static uint64_t now, order, sets;
static struct {
    struct timer timer;
    uint64_t deadline, set_at; /* set_at 0: not set */
    bool again;                /* sets itself again when it fires */
} all[TIMERS];

uint64_t clock_monotonic(void)
{
    return now;
}

static void fail(const char *what, unsigned i)
{
    fprintf(stderr, "%s: timer %u, now %lu\n", what, i, (unsigned long)now);
    exit(1);
}

static void set(unsigned i, uint64_t deadline);

static void fire(struct timer *t)
{
    unsigned i = (unsigned)(((char *)t - (char *)all) / sizeof(all[0]));

    if (!all[i].set_at || all[i].deadline > now)
        fail("fired without reason", i);
    for (unsigned j = 0; j < TIMERS; j++) /* no earlier one was passed over */
        if (all[j].set_at && all[j].set_at <= order &&
            (all[j].deadline < all[i].deadline ||
             (all[j].deadline == all[i].deadline && all[j].set_at < all[i].set_at)))
            fail("fired before an earlier one", i);
    all[i].set_at = 0;
    if (all[i].again)
        set(i, now); /* due at once: must wait for the next run */
}

static void set(unsigned i, uint64_t deadline)
{
    all[i].deadline = deadline;
    all[i].set_at = ++sets;
    timer_set(&all[i].timer, deadline, fire);
}

static void check_next(void)
{
    uint64_t least = TIME_NEVER;

    for (unsigned i = 0; i < TIMERS; i++)
        if (all[i].set_at && all[i].deadline < least)
            least = all[i].deadline;
    if (timer_next() != least)
        fail("wrong next deadline", 0);
}

int main(void)
{
    srandom(1);
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned i = (unsigned)random() % TIMERS;
        switch (random() % 8) {
        case 0:
            timer_cancel(&all[i].timer);
            all[i].set_at = 0;
            break;
        case 1:
            timer_set(&all[i].timer, TIME_NEVER, fire);
            all[i].set_at = 0;
            break;
        case 2:
            now += (uint64_t)random() % 50;
            order = sets;
            timers_run();
            for (unsigned j = 0; j < TIMERS; j++)
                if (all[j].set_at && all[j].set_at <= order && all[j].deadline <= now)
                    fail("due and not fired", j);
            break;
        default: all[i].again = random() % 16 == 0; set(i, now + (uint64_t)random() % 500);
        }
        check_next();
    }
    return 0;
}
