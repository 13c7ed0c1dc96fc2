/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery, at the return to the program: one frame a signal, default actions, and what becomes of the
 * system call that was interrupted (signal(7), "Interruption of system calls").
 *
 * The program is process 1 as in a container, but unlike Linux's init its default actions take effect,
 * sent from inside or from the host: abort(3), kill(2) on oneself and Ctrl-C end it with 128+n, which
 * is what people expect of a program. Default stop signals do nothing, as for a container's process 1:
 * nobody could ever continue us.
 */
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/optional.h>
#include <u2k/platform.h>
#include <u2k/process.h>
#include <u2k/string.h>
#include <u2k/syscall.h>

#include "sched.h"
#include "signal.h"

static void log_end(const struct regs *regs, const struct siginfo *info, const struct fault *fault)
{
    if (fault)
        log_warning(
            "the program is ended by signal %d: fault at %#lx, instruction %#lx, stack %#lx",
            info->signo, (unsigned long)fault->addr, (unsigned long)arch_pc(regs),
            (unsigned long)arch_sp(regs));
    else
        log_info("the program is ended by signal %d (si_code %d)", info->signo, info->code);
}

static void default_action(const struct regs *regs, const struct siginfo *info,
                           const struct fault *fault)
{
    switch (signal_default(info->signo)) {
    case DEFAULT_IGNORE: return;
    case DEFAULT_STOP: log_info("signal %d would stop the program: ignored", info->signo); return;
    case DEFAULT_END: log_end(regs, info, fault); process_exit(128 + info->signo);
    }
}

/* `act`: the handler that is about to run, NULL if there is none. */
static void finish_call(struct regs *regs, const struct sigaction_k *act)
{
    if (arch_syscall_nr(regs) < 0)
        return;
    long result = -arch_result(regs);
    bool always = result == ERESTARTNOINTR;
    if (!always && result != ERESTARTSYS && result != ERESTARTNOHAND && result != ERESTARTBLOCK)
        return;
    if (act && !always && !(result == ERESTARTSYS && act->flags & SA_RESTART))
        arch_set_result(regs, -EINTR);
    else if (result == ERESTARTBLOCK)
        arch_restart_as(regs, syscall_restart_nr);
    else
        arch_restart_syscall(regs);
    arch_forget_syscall(regs);
}

static void force_segv(int signo)
{
    const struct siginfo info = {.signo = SIGSEGV, .code = SI_KERNEL};

    if (signo == SIGSEGV)
        signal_actions[SIGSEGV].handler = 0;
    signal_force(&info, NULL);
}

OPTIONAL void signal_run_handler(struct regs *regs, const struct siginfo *info,
                                 const struct fault *fault)
{
    struct thread *t = current;
    struct sigaction_k act = signal_actions[info->signo];
    struct altstack saved = t->altstack;
    bool on = signal_on_altstack(&t->altstack, arch_sp(regs)) &&
              !(t->altstack.flags & (int)SS_AUTODISARM);
    vaddr_t top = 0;

    if (act.flags & SA_RESETHAND)
        signal_actions[info->signo].handler = 0;
    finish_call(regs, &act);
    if (act.flags & SA_ONSTACK && t->altstack.size && !on)
        top = t->altstack.sp + t->altstack.size;
    saved.flags = (t->altstack.flags & (int)SS_AUTODISARM) | (!t->altstack.size ? SS_DISABLE
                                                              : on              ? SS_ONSTACK
                                                                                : 0);
    int error =
        arch_signal_push(regs, info->signo, info, t->restore_mask ? t->saved_mask : t->blocked,
                         &act, top, &saved, fault);
    /* A frame that left the alternate stack overran it. */
    if (!error && (top || on) && !signal_on_altstack(&t->altstack, arch_sp(regs)))
        error = -EFAULT;
    t->restore_mask = false;
    if (error) {
        force_segv(info->signo);
        return;
    }
    if (t->altstack.flags & (int)SS_AUTODISARM)
        t->altstack = (struct altstack){.size = 0};
    signal_mask_set(t->blocked | act.mask | (act.flags & SA_NODEFER ? 0 : SIGBIT(info->signo)));
}

IF_LINKED(sys_rt_sigaction, signal_run_handler, unlinked_never);

void signal_deliver(struct regs *regs)
{
    struct thread *t = current;
    struct siginfo info;

    while (!t->exiting) {
        const struct fault *fault = NULL;
        if (t->forced) {
            t->forced = false;
            info = t->forced_info;
            fault = t->forced_fault.trapno || t->forced_fault.addr ? &t->forced_fault : NULL;
        } else if (!signal_take(~t->blocked, &info)) {
            break;
        }
        vaddr_t handler = signal_actions[info.signo].handler;
        if (handler > 1)
            signal_run_handler(regs, &info, fault);
        else if (handler == 0)
            default_action(regs, &info, fault);
    }
    if (t->exiting)
        thread_exit();
    finish_call(regs, NULL);
    if (t->restore_mask) {
        t->restore_mask = false;
        signal_mask_set(t->saved_mask);
        if (signal_pending(t))
            signal_deliver(regs);
    }
}
