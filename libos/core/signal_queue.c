/* SPDX-License-Identifier: Apache-2.0 */
/* Queues of pending signals: a standard signal once, a real-time one as often as it was sent. */
#include <u2k/clock.h>
#include <u2k/pages.h>
#include <u2k/process.h>

#include "signal.h"

struct sigqueue process_pending = {.queue = LIST_INIT(process_pending.queue)};

static uint64_t queued_count;

void sigqueue_init(struct sigqueue *q)
{
    q->set = 0;
    list_init(&q->queue);
}

static void node_free(struct queued_signal *node)
{
    list_remove(&node->link);
    if (node->timer)
        return;
    queued_count--;
    DELETE(node);
}

bool sigqueue_add(struct sigqueue *q, const struct siginfo *info)
{
    /* As Linux: the limit is for what programs queue, not for what happens once at the most. */
    bool unlimited = info->signo < SIGRTMIN && info->code >= 0;
    struct queued_signal *node = NULL;

    if (unlimited || queued_count < process.limits[RLIMIT_SIGPENDING].soft)
        node = NEW(struct queued_signal);
    if (node) {
        node->info = *info;
        list_push_back(&q->queue, &node->link);
        queued_count++;
    } else if (info->signo >= SIGRTMIN && info->code != SI_USER) {
        return false;
    } /* else it is sent without its details */
    q->set |= SIGBIT(info->signo);
    return true;
}

static bool queued(const struct sigqueue *q, int signo)
{
    LIST_FOR_EACH(it, &q->queue)
    if (LIST_ENTRY(it, struct queued_signal, link)->info.signo == signo)
        return true;
    return false;
}

void signal_unqueue(struct thread *t, struct queued_signal *node)
{
    struct sigqueue *q = t ? &t->pending : &process_pending;

    if (list_empty(&node->link))
        return;
    node_free(node);
    if (!queued(q, node->info.signo))
        q->set &= ~SIGBIT(node->info.signo);
}

void sigqueue_drop(struct sigqueue *q, uint64_t set)
{
    LIST_FOR_EACH_SAFE(it, &q->queue)
    {
        struct queued_signal *node = LIST_ENTRY(it, struct queued_signal, link);
        if (!(set & SIGBIT(node->info.signo)))
            continue;
        struct posix_timer *timer = node->timer;
        struct siginfo nobody;
        node_free(node);
        if (timer)
            posix_timer_taken(timer, &nobody);
    }
    q->set &= ~set;
}

void sigqueue_flush(struct sigqueue *q)
{
    sigqueue_drop(q, UINT64_MAX);
}

/* Faults first, as Linux has it, then by number: POSIX wants it for the real-time signals. */
static int first_of(uint64_t set)
{
    const uint64_t faults = SIGBIT(SIGSEGV) | SIGBIT(SIGBUS) | SIGBIT(SIGILL) | SIGBIT(SIGTRAP) |
                            SIGBIT(SIGFPE) | SIGBIT(SIGSYS);

    return __builtin_ctzll(set & faults ? set & faults : set) + 1;
}

static int take_from(struct sigqueue *q, uint64_t set, struct siginfo *info)
{
    if (!(q->set & set))
        return 0;
    int signo = first_of(q->set & set);

    *info = (struct siginfo){.signo = signo, .code = SI_USER};
    LIST_FOR_EACH(it, &q->queue)
    {
        struct queued_signal *node = LIST_ENTRY(it, struct queued_signal, link);
        if (node->info.signo != signo)
            continue;
        struct posix_timer *timer = node->timer;
        *info = node->info;
        node_free(node);
        if (timer)
            posix_timer_taken(timer, info);
        break;
    }
    if (!queued(q, signo))
        q->set &= ~SIGBIT(signo);
    return signo;
}

int signal_take(uint64_t set, struct siginfo *info)
{
    int signo = take_from(&current->pending, set, info);

    return signo ? signo : take_from(&process_pending, set, info);
}
