/* SPDX-License-Identifier: Apache-2.0 */
/* Threads: their making and their end. */
#include <u2k/clock.h>
#include <u2k/futex.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/platform.h>
#include <u2k/process.h>
#include <u2k/string.h>
#include <u2k/uaccess.h>

#include "sched.h"

#define TID_MAX 4194304 /* Linux's PID_MAX_LIMIT on 64-bit machines */

struct list threads = LIST_INIT(threads);
unsigned thread_count;

static struct thread first;
static struct thread *corpse; /* ended, but it could not free the stack it stood on */
static struct waitq ended = {LIST_INIT(ended.waiters)};
static int last_tid = PID;

static void thread_free(struct thread *t)
{
    plat_thread_free(t);
    if (t->kstack)
        pages_free(t->kstack, plat_info->kstack_size / PAGE_SIZE);
    if (t != &first)
        DELETE(t);
}

static void bury(void)
{
    if (corpse)
        thread_free(corpse);
    corpse = NULL;
}

static void thread_leave(struct thread *t)
{
    sigqueue_flush(&t->pending);
    cpu_timers_thread_gone(t);
    list_remove(&t->all_link);
    thread_count--;
    t->state = THREAD_DEAD;
}

static void thread_init(struct thread *t, int tid)
{
    t->tid = tid;
    t->state = THREAD_WAITING;
    list_init(&t->run_link);
    list_init(&t->waits);
    sigqueue_init(&t->pending);
    list_push_back(&threads, &t->all_link);
    thread_count++;
}

void sched_start(void)
{
    thread_init(&first, PID);
    first.state = THREAD_RUNNING;
    current = &first;
}

struct thread *thread_find(int tid)
{
    LIST_FOR_EACH(it, &threads)
    {
        struct thread *t = LIST_ENTRY(it, struct thread, all_link);
        if (t->tid == tid)
            return t;
    }
    return NULL;
}

static int new_tid(void)
{
    do
        last_tid = last_tid >= TID_MAX ? PID + 1 : last_tid + 1;
    while (thread_find(last_tid));
    return last_tid;
}

struct thread *thread_create(const struct regs *regs)
{
    bury();
    struct thread *t = NEW(struct thread);
    if (!t)
        return NULL;
    t->kstack = pages_alloc(plat_info->kstack_size / PAGE_SIZE, PAGES_ANY);
    if (!t->kstack) {
        DELETE(t);
        return NULL;
    }
    thread_init(t, new_tid());
    t->fresh = true;
    t->blocked = current->blocked;
    memcpy(t->name, current->name, sizeof(t->name));
    plat_thread_init(t, t->kstack, regs);
    return t;
}

NORETURN void process_exit(int status)
{
    process.exiting = true;
    plat_exit(status & 0xff);
}

/* The end of a thread that is the only one there can be. */
NORETURN void thread_exit_alone(void)
{
    process_exit(process.exit_status);
}

/* set_tid_address(2): pthread_join() sleeps on the number as on a futex that is shared. */
static void wake_joiner(vaddr_t at)
{
    struct futex f;

    if (!futex_at(at, true, &f))
        (void)futex_wake(&f, 1, FUTEX_BITSET_MATCH_ANY);
}

NORETURN void thread_exit(void)
{
    struct thread *t = current;
    uint32_t zero = 0;

    bury();
    futex_thread_exit(t);
    if (t->clear_child_tid && USER_PUT(t->clear_child_tid, zero) == 0)
        wake_joiner(t->clear_child_tid);
    if (thread_count == 1)
        process_exit(process.exit_status);
    thread_leave(t);
    waitq_wake_all(&ended);
    corpse = t;
    schedule();
    __builtin_unreachable();
}

/*
 * They end themselves, each on its own way out of the library OS, so that nothing they hold is lost.
 * A fresh one holds nothing and has no such way.
 */
void threads_end_others(void)
{
    LIST_FOR_EACH_SAFE(it, &threads)
    {
        struct thread *t = LIST_ENTRY(it, struct thread, all_link);
        if (t == current)
            continue;
        if (t->fresh) {
            list_remove(&t->run_link);
            thread_leave(t);
            thread_free(t);
            continue;
        }
        t->exiting = true;
        sched_interrupt_wait(t);
    }
    while (thread_count > 1)
        wait_on(&ended, TIME_NEVER, false);
    bury();
    current->tid = PID;
}

IF_LINKED(thread_create, thread_exit, thread_exit_alone);
IF_LINKED(thread_create, threads_end_others, unlinked_nothing);
