/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the host's signals are taken, and how. */
#include "process.h"
#include "x86_64/hostcall.h"
#include <u2k/signal.h>

enum { SIG_SETMASK = 2 };
#define SIG_IGNORE 1

_Static_assert(PROGRAM_MASK == SIGBIT(SIGPIPE), "as its comment says");

static int take(int signo)
{
    struct sigaction_k act = {
        .handler = (vaddr_t)host_signal,
        /* NODEFER: a fault while a fault or a call is served is an ordinary thing here. */
        .flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTORER,
        .restorer = (vaddr_t)signal_restorer,
        .mask = ASYNC_SIGNALS | PROGRAM_MASK,
    };
    struct sigaction_k old;
    long error = host_call(rt_sigaction, signo, &act, &old, sizeof(act.mask));
    /* nohup(1), and shells for background commands: what they ignore stays ignored. */
    if (error == 0 && old.handler == SIG_IGNORE && SIGBIT(signo) & ASYNC_SIGNALS)
        error = SIGBIT(signo) & OWN_SIGNALS
                    ? 0
                    : host_call(rt_sigaction, signo, &old, 0, sizeof(old.mask));
    return (int)error;
}

int signals_start(void)
{
    static const uint64_t mask = ASYNC_SIGNALS | PROGRAM_MASK;
    long error = host_call(rt_sigprocmask, SIG_SETMASK, &mask, 0, sizeof(mask));
    for (int signo = 1; error == 0 && signo <= NSIG; signo++)
        if (SIGBIT(signo) & (ASYNC_SIGNALS | FAULT_SIGNALS | SIGBIT(SIGSYS)))
            error = take(signo);
    return (int)error;
}
