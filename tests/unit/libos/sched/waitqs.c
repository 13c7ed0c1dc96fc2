/* SPDX-License-Identifier: Apache-2.0 */
/* Who is woken: exclusive waiters one by one, all others always, wake functions by their answer. */
#include <u2k/sched.h>

#include <stdio.h>
#include <stdlib.h>

#define CHECK(cond) \
    ((cond) ? (void)0 : (fprintf(stderr, "line %d: %s\n", __LINE__, #cond), exit(1)))

static struct thread t[4];
struct thread *current = &t[0];
static unsigned calls;
static bool answer;

void thread_wake(struct thread *thread)
{
    thread->woken = true;
}
int wait_sleep(uint64_t deadline, bool interruptible)
{
    return (void)deadline, (void)interruptible, 0;
}

static bool asked(struct waiter *w, unsigned events)
{
    calls++;
    return answer && w->events & events;
}

static unsigned woken(void)
{
    unsigned mask = 0;

    for (unsigned i = 0; i < 4; i++) {
        mask |= (unsigned)t[i].woken << i;
        t[i].woken = false;
    }
    return mask;
}

int main(void)
{
    struct waitq q, other;
    struct waiter w[4] = {{.thread = &t[0], .exclusive = true},
                          {.thread = &t[1], .exclusive = true},
                          {.thread = &t[2]},
                          {.thread = &t[3], .events = 4}};

    waitq_init(&q);
    waitq_init(&other);
    for (unsigned i = 0; i < 4; i++) {
        list_init(&t[i].waits);
        wait_add(&q, &w[i]);
    }
    CHECK(waitq_wake(&q, 1, 1) == 2 && woken() == 5); /* 3 waits for another event */
    CHECK(waitq_wake(&q, 0, UINT32_MAX) == 2 && woken() == 12); /* no exclusive one */
    CHECK(waitq_wake(&q, 1, 1) == 2);
    CHECK(waitq_wake(&q, 1, 1) == 2 && woken() == 7); /* 0 has its wake-up: the second is for 1 */
    CHECK(waitq_wake_all(&q) == 4 && woken() == 15);
    wait_remove(&w[0]);
    w[1].wake = asked;
    w[1].events = 8;
    CHECK(waitq_wake(&q, 1, 8) == 1 && calls == 1 && woken() == 4);
    answer = true;
    CHECK(waitq_wake(&q, 1, 8) == 2 && calls == 2 && woken() == 4);
    struct waiter again = {.thread = &t[2]};
    t[2].woken = true; /* told of the first queue: joining a second keeps it */
    wait_add(&other, &again);
    CHECK(woken() == 4);
    wait_remove(&w[2]);
    wait_remove(&again);
    t[2].woken = true; /* stale: joining the first of a new wait drops it */
    wait_add(&q, &w[2]);
    CHECK(woken() == 0);
    return 0;
}
