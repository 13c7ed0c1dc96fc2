/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads, waiting and time. One CPU, library OS code is never preempted: a thread gives up the CPU
 * only in wait_on() and friends and in sched_yield_now(); so plain variables need no locks, but every
 * condition has to be looked at again after a wait.
 */
#ifndef U2K_SCHED_H
#define U2K_SCHED_H

#include <u2k/arch.h>
#include <u2k/list.h>
#include <u2k/platform.h>
#include <u2k/signal.h>
#include <u2k/types.h>

enum thread_state { THREAD_READY, THREAD_RUNNING, THREAD_WAITING, THREAD_DEAD };

struct thread {
    struct list run_link; /* in the run queue when READY */
    struct list all_link; /* in `threads` */
    enum thread_state state;
    int tid;
    void *kstack;         /* plat_info->kstack_size bytes; NULL: the stack core_main() got */
    void *kstack_pointer; /* saved by arch_switch() */
    struct regs *regs;    /* at the present entry from the program; NULL outside of one */
    void *plat;           /* the platform's own, e.g. FP area; freed by plat_thread_free() */
    uintptr_t tls;        /* kept by the platform while not running */

    uint64_t blocked;     /* signal mask; bit n-1 is signal n */
    uint64_t saved_mask;  /* for sigsuspend, ppoll, pselect: put back by signal delivery */
    bool restore_mask;
    uint64_t sigwait;     /* signals that sigtimedwait(2) waits for, blocked or not */
    struct sigqueue pending;
    bool forced;          /* a synchronous signal to be delivered first, with its fault below */
    struct siginfo forced_info;
    struct fault forced_fault;
    struct altstack altstack;

    struct list waits;    /* the struct waiter this thread is on */
    uint64_t deadline;    /* of the present wait */
    bool woken, timed_out, interruptible;
    long (*restart)(struct thread *); /* of restart_syscall(2), with its data below */
    uint64_t restart_data[6];

    vaddr_t clear_child_tid, robust_list;
    char name[16];        /* comm */
    uint64_t cpu_time;    /* ns, without the time since it last got the CPU */
    bool fresh;           /* has never run: the first switch to it leaves for the program */
    bool exiting;         /* ends as soon as it would return to the program */
};

extern struct thread *current;
extern struct list threads;
extern unsigned thread_count;

/* ---- waiting ---- */

struct waitq {
    struct list waiters;
};

/* Lives on the waiter's stack. A wake-up function other than NULL is called instead of waking, and
 * says whether it used the wake-up; it neither waits nor takes waiters off queues. */
struct waiter {
    struct list link;
    struct list thread_link;
    struct thread *thread;
    bool (*wake)(struct waiter *, unsigned events);
    unsigned events;
    bool exclusive;
};

static inline void waitq_init(struct waitq *q)
{
    list_init(&q->waiters);
}

/* A waiter with a wake-up function that is no thread's joins: it stays until list_remove(&w->link).
 * Exclusive waiters stand behind all others, so that a wake-up reaches both kinds. */
static inline void waitq_join(struct waitq *q, struct waiter *w)
{
    if (w->exclusive)
        list_push_back(&q->waiters, &w->link);
    else
        list_push_front(&q->waiters, &w->link);
}

/* Wait once on `q` until woken, `deadline` (monotonic ns, TIME_NEVER), or, if interruptible, until a
 * signal is pending. 0: woken (maybe spuriously), -ETIMEDOUT, -EINTR. */
int wait_on(struct waitq *q, uint64_t deadline, bool interruptible);

/* The same in three steps, to wait on several queues or to avoid missing a wake-up. */
void wait_add(struct waitq *q, struct waiter *w);
int wait_sleep(uint64_t deadline, bool interruptible); /* also when on no queue at all */
void wait_remove(struct waiter *w);

/* Wake up to `n` exclusive waiters and all others; `events` as POLL* bits for the wake functions. */
unsigned waitq_wake(struct waitq *q, unsigned n, unsigned events);
#define waitq_wake_all(q) waitq_wake((q), UINT32_MAX, UINT32_MAX)

void thread_wake(struct thread *t);
void sched_yield_now(void);

/* ---- life ---- */

void sched_start(void); /* core_main() becomes the first thread, number PID */
struct thread *thread_create(const struct regs *regs); /* not READY yet; NULL: no memory */
void thread_start(struct thread *t); /* makes it READY for the first time */
NORETURN void thread_exit(void);
NORETURN void process_exit(int status); /* all threads end, plat_exit(status) */
void threads_end_others(void); /* for execve(2): returns as the only thread, number PID */
struct thread *thread_find(int tid);
uint64_t thread_cpu_time(const struct thread *t); /* ns */

/* ---- timers ---- */

struct timer {
    struct timer *heap_link[3]; /* the timer queue's own */
    uint64_t deadline; /* monotonic ns */
    uint64_t sequence; /* 0: not set, so a zeroed timer is a valid one */
    void (*fire)(struct timer *); /* at an entry or from idle, never within other code */
};

/* Sets or moves a timer; a deadline of TIME_NEVER cancels it. Equal deadlines fire in order. */
void timer_set(struct timer *t, uint64_t deadline, void (*fire)(struct timer *));
void timer_cancel(struct timer *t);
uint64_t timer_next(void); /* the earliest deadline */
void timers_run(void);

uint64_t clock_monotonic(void); /* ns */
uint64_t clock_realtime(void);

#endif
