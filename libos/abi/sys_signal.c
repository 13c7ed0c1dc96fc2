/* SPDX-License-Identifier: Apache-2.0 */
/* Signals: dispositions, masks, sending, waiting, the alternate stack. */
#include <u2k/clock.h>
#include <u2k/process.h>
#include <u2k/syscall.h>
#include <u2k/uaccess.h>

#define SIGSET_SIZE 8
#define UNBLOCKABLE (SIGBIT(SIGKILL) | SIGBIT(SIGSTOP))

static bool valid(int signo)
{
    return signo >= 1 && signo <= NSIG;
}

// rt_sigaction: implemented
SYSCALL(rt_sigaction)
{
    int signo = ARG(int, 0);
    struct sigaction_k act, old;

    if (sc->arg[3] != SIGSET_SIZE || !valid(signo))
        return -EINVAL;
    if (sc->arg[1] && USER_GET(act, sc->arg[1]))
        return -EFAULT;
    if (sc->arg[1] && SIGBIT(signo) & UNBLOCKABLE)
        return -EINVAL;
    old = signal_actions[signo];
    if (sc->arg[1])
        signal_set_action(signo, &act);
    return sc->arg[2] && USER_PUT(sc->arg[2], old) ? -EFAULT : 0;
}

// rt_sigprocmask: implemented
SYSCALL(rt_sigprocmask)
{
    enum { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK };
    uint64_t old = current->blocked, set;

    if (sc->arg[3] != SIGSET_SIZE)
        return -EINVAL;
    if (sc->arg[1]) {
        if (USER_GET(set, sc->arg[1]))
            return -EFAULT;
        switch (ARG(int, 0)) {
        case SIG_BLOCK: signal_mask_set(old | set); break;
        case SIG_UNBLOCK: signal_mask_set(old & ~set); break;
        case SIG_SETMASK: signal_mask_set(set); break;
        default: return -EINVAL;
        }
    }
    return sc->arg[2] && USER_PUT(sc->arg[2], old) ? -EFAULT : 0;
}

// rt_sigpending: implemented
SYSCALL(rt_sigpending)
{
    uint64_t set = (current->pending.set | process_pending.set) & current->blocked;

    if (sc->arg[1] > SIGSET_SIZE)
        return -EINVAL;
    return user_write(sc->arg[0], &set, sc->arg[1]);
}

static long wait_for_handler(void)
{
    while (wait_sleep(TIME_NEVER, true) != -EINTR)
        ;
    return -ERESTARTNOHAND;
}

// rt_sigsuspend: implemented
SYSCALL(rt_sigsuspend)
{
    uint64_t set;

    if (sc->arg[1] != SIGSET_SIZE)
        return -EINVAL;
    if (USER_GET(set, sc->arg[0]))
        return -EFAULT;
    current->saved_mask = current->blocked;
    current->restore_mask = true;
    signal_mask_set(set);
    return wait_for_handler();
}

// pause: implemented
SYSCALL(pause)
{
    return wait_for_handler();
}

// rt_sigtimedwait: implemented
SYSCALL(rt_sigtimedwait)
{
    uint64_t set, deadline = TIME_NEVER;
    struct timespec64 timeout;
    struct siginfo info;
    int error = 0;

    if (sc->arg[3] != SIGSET_SIZE)
        return -EINVAL;
    if (USER_GET(set, sc->arg[0]) || (sc->arg[2] && USER_GET(timeout, sc->arg[2])))
        return -EFAULT;
    if (sc->arg[2]) {
        if (!timespec_valid(&timeout))
            return -EINVAL;
        deadline = time_add(clock_monotonic(), timespec_ns(&timeout));
    }
    set &= ~UNBLOCKABLE;
    int signo = signal_take(set, &info);
    current->sigwait = set;
    while (!signo && !error) {
        error = wait_sleep(deadline, true);
        signo = signal_take(set, &info);
    }
    current->sigwait = 0;
    if (!signo)
        return error == -ETIMEDOUT ? -EAGAIN : -EINTR;
    return sc->arg[1] && USER_PUT(sc->arg[1], info) ? -EFAULT : signo;
}

// rt_sigreturn: implemented
SYSCALL(rt_sigreturn)
{
    struct thread *t = current;
    struct altstack ss;
    uint64_t mask;

    if (arch_signal_pop(sc->regs, &mask, &ss)) {
        const struct siginfo info = {.signo = SIGSEGV, .code = SI_KERNEL};
        signal_force(&info, NULL);
        return arch_result(sc->regs);
    }
    signal_mask_set(mask);
    if (!(ss.flags & SS_ONSTACK) && !signal_on_altstack(&t->altstack, arch_sp(sc->regs)))
        altstack_set(&ss);
    return arch_result(sc->regs);
}

// restart_syscall: implemented
SYSCALL(restart_syscall)
{
    long (*restart)(struct thread *) = current->restart;

    current->restart = NULL;
    return restart ? restart(current) : -EINTR;
}

// sigaltstack: implemented
SYSCALL(sigaltstack)
{
    struct altstack old = current->altstack, new;
    bool on = signal_on_altstack(&old, arch_sp(sc->regs)) && !(old.flags & (int)SS_AUTODISARM);
    long error = 0;

    if (sc->arg[0] && USER_GET(new, sc->arg[0]))
        return -EFAULT;
    if (sc->arg[0])
        error = on ? -EPERM : altstack_set(&new);
    if (error || !sc->arg[1])
        return error;
    old.flags = (old.flags & (int)SS_AUTODISARM) | (!old.size ? SS_DISABLE : on ? SS_ONSTACK : 0);
    return USER_PUT(sc->arg[1], old);
}

/* ---- sending ---- */

static long send(struct thread *t, int signo, struct siginfo *info)
{
    if (!signo)
        return 0;
    info->signo = signo;
    return signal_send(t, info);
}

static struct siginfo from_us(int code)
{
    struct siginfo info = {.code = code};

    info.user.pid = PID;
    info.user.uid = process.cred.uid;
    return info;
}

/* Process 1, its group, or all that may be signalled: that is us, but -1 leaves the sender out. */
// kill: implemented
SYSCALL(kill)
{
    int pid = ARG(int, 0), signo = ARG(int, 1);
    struct siginfo info = from_us(SI_USER);

    if (signo && !valid(signo))
        return -EINVAL;
    if (pid != PID && pid != 0 && pid != -process.pgid)
        return -ESRCH;
    return send(NULL, signo, &info);
}

static long send_thread(int tgid, int tid, int signo, struct siginfo *info)
{
    struct thread *t = tid > 0 ? thread_find(tid) : NULL;

    if (tid <= 0 || tgid <= 0 || (signo && !valid(signo)))
        return -EINVAL;
    return t && tgid == PID ? send(t, signo, info) : -ESRCH;
}

// tkill: implemented
SYSCALL(tkill)
{
    struct siginfo info = from_us(SI_TKILL);

    return send_thread(PID, ARG(int, 0), ARG(int, 1), &info);
}

// tgkill: implemented
SYSCALL(tgkill)
{
    struct siginfo info = from_us(SI_TKILL);

    return send_thread(ARG(int, 0), ARG(int, 1), ARG(int, 2), &info);
}

// rt_sigqueueinfo: implemented
SYSCALL(rt_sigqueueinfo)
{
    int pid = ARG(int, 0), signo = ARG(int, 1);
    struct siginfo info;

    if (USER_GET(info, sc->arg[2]))
        return -EFAULT;
    if (signo && !valid(signo))
        return -EINVAL;
    return pid == PID ? send(NULL, signo, &info) : -ESRCH;
}

// rt_tgsigqueueinfo: implemented
SYSCALL(rt_tgsigqueueinfo)
{
    struct siginfo info;

    if (USER_GET(info, sc->arg[3]))
        return -EFAULT;
    return send_thread(ARG(int, 0), ARG(int, 1), ARG(int, 2), &info);
}
