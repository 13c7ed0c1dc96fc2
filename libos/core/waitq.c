/* SPDX-License-Identifier: Apache-2.0 */
/* Wait queues: who waits for what, and whom a wake-up reaches. */
#include <u2k/errno.h>
#include <u2k/sched.h>

void wait_add(struct waitq *q, struct waiter *w)
{
    struct thread *t = w->thread ? w->thread : current;

    /* What was told before the first queue was joined is not about this wait. */
    if (list_empty(&t->waits))
        t->woken = false;
    w->thread = t;
    waitq_join(q, w);
    list_push_back(&t->waits, &w->thread_link);
}

void wait_remove(struct waiter *w)
{
    list_remove(&w->link);
    list_remove(&w->thread_link);
}

int wait_on(struct waitq *q, uint64_t deadline, bool interruptible)
{
    struct waiter w = {.thread = current};

    wait_add(q, &w);
    int result = wait_sleep(deadline, interruptible);
    wait_remove(&w);
    return result;
}

unsigned waitq_wake(struct waitq *q, unsigned n, unsigned events)
{
    unsigned woken = 0;

    LIST_FOR_EACH_SAFE(it, &q->waiters)
    {
        struct waiter *w = LIST_ENTRY(it, struct waiter, link);
        if (w->exclusive && !n)
            break;
        if (w->events && !(w->events & events))
            continue;
        /* A thread that has one wake-up already and has not run since must not swallow a second. */
        if (w->wake ? !w->wake(w, events) : w->exclusive && w->thread->woken)
            continue;
        if (!w->wake)
            thread_wake(w->thread);
        woken++;
        if (w->exclusive)
            n--;
    }
    return woken;
}
