/* SPDX-License-Identifier: Apache-2.0 */
/* Sending signals: dispositions, whom a signal reaches, and faults that cannot be refused. */
#include <u2k/errno.h>
#include <u2k/process.h>

#include "sched.h"
#include "signal.h"

#define SIG_DFL 0
#define SIG_IGN 1
#define UNBLOCKABLE (SIGBIT(SIGKILL) | SIGBIT(SIGSTOP))
#define STOP_SIGNALS (SIGBIT(SIGSTOP) | SIGBIT(SIGTSTP) | SIGBIT(SIGTTIN) | SIGBIT(SIGTTOU))

struct sigaction_k signal_actions[NSIG + 1];

enum signal_default signal_default(int signo)
{
    const uint64_t ignore = SIGBIT(SIGCHLD) | SIGBIT(SIGCONT) | SIGBIT(SIGURG) | SIGBIT(SIGWINCH);

    if (SIGBIT(signo) & ignore)
        return DEFAULT_IGNORE;
    return SIGBIT(signo) & STOP_SIGNALS ? DEFAULT_STOP : DEFAULT_END;
}

bool signal_ignored(int signo)
{
    vaddr_t handler = signal_actions[signo].handler;

    return handler == SIG_IGN || (handler == SIG_DFL && signal_default(signo) == DEFAULT_IGNORE);
}

static uint64_t wanted(const struct thread *t)
{
    return ~t->blocked | t->sigwait;
}

bool signal_pending(const struct thread *t)
{
    return t->forced || (t->pending.set | process_pending.set) & wanted(t);
}

/* The thread that is to take a signal of the process: the first, else any that does not block it. */
static struct thread *taker(int signo)
{
    LIST_FOR_EACH(it, &threads)
    {
        struct thread *t = LIST_ENTRY(it, struct thread, all_link);
        if (wanted(t) & SIGBIT(signo) && !t->exiting)
            return t;
    }
    return NULL;
}

static void drop_everywhere(uint64_t set)
{
    sigqueue_drop(&process_pending, set);
    LIST_FOR_EACH(it, &threads)
    sigqueue_drop(&LIST_ENTRY(it, struct thread, all_link)->pending, set);
}

/*
 * Whether a signal is to be queued. Ignored ones are dropped at once unless blocked: the disposition
 * may change until they are unblocked (POSIX 2.4.1 leaves it open, Linux does it this way).
 */
static bool admitted(const struct thread *t, int signo)
{
    if (SIGBIT(signo) & STOP_SIGNALS)
        drop_everywhere(SIGBIT(SIGCONT));
    else if (signo == SIGCONT)
        drop_everywhere(STOP_SIGNALS);
    if (!signal_ignored(signo))
        return true;
    if (!t)
        t = LIST_ENTRY(threads.next, struct thread, all_link);
    return (t->blocked | t->sigwait) & SIGBIT(signo);
}

static void tell(struct thread *t, int signo)
{
    signalfd_wake(signo);
    if (!t)
        t = taker(signo);
    else if (!(wanted(t) & SIGBIT(signo)))
        t = NULL;
    if (t)
        sched_interrupt_wait(t);
}

int signal_send(struct thread *t, const struct siginfo *info)
{
    struct sigqueue *q = t ? &t->pending : &process_pending;
    int signo = info->signo;

    if (!admitted(t, signo))
        return 0;
    if (signo < SIGRTMIN && q->set & SIGBIT(signo))
        return 0;
    if (!sigqueue_add(q, info))
        return -EAGAIN;
    tell(t, signo);
    return 0;
}

bool signal_send_node(struct thread *t, struct queued_signal *node)
{
    struct sigqueue *q = t ? &t->pending : &process_pending;
    int signo = node->info.signo;

    if (!admitted(t, signo))
        return false;
    list_push_back(&q->queue, &node->link);
    q->set |= SIGBIT(signo);
    tell(t, signo);
    return true;
}

void signal_force(const struct siginfo *info, const struct fault *fault)
{
    struct sigaction_k *act = &signal_actions[info->signo];
    uint64_t bit = SIGBIT(info->signo);

    if (act->handler == SIG_IGN || current->blocked & bit)
        act->handler = SIG_DFL;
    current->blocked &= ~bit;
    current->forced = true;
    current->forced_info = *info;
    current->forced_fault = fault ? *fault : (struct fault){.trapno = 0};
}

void signal_mask_set(uint64_t blocked)
{
    uint64_t blocked_now = blocked & ~UNBLOCKABLE & ~current->blocked;

    current->blocked = blocked & ~UNBLOCKABLE;
    /* What was for this thread to take may now be another's. */
    for (uint64_t left = process_pending.set & blocked_now; left; left &= left - 1)
        tell(NULL, __builtin_ctzll(left) + 1);
}

void signal_set_action(int signo, const struct sigaction_k *act)
{
    signal_actions[signo] = *act;
    signal_actions[signo].mask &= ~UNBLOCKABLE;
    if (signal_ignored(signo)) /* POSIX 2.4.3: pending ones go, blocked or not */
        drop_everywhere(SIGBIT(signo));
}

void signal_reset_for_exec(void)
{
    for (int i = 1; i <= NSIG; i++)
        signal_actions[i] = (struct sigaction_k){
            .handler = signal_actions[i].handler == SIG_IGN ? SIG_IGN : SIG_DFL};
    current->altstack = (struct altstack){.size = 0};
    current->restore_mask = false;
    current->forced = false;
}
