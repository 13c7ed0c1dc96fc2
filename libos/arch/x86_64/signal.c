/* SPDX-License-Identifier: Apache-2.0 */
/* Signal frames as Linux lays them on an x86-64 program's stack, and their way back. */
#include <asm/sigframe.h>
#include <u2k/arch.h>
#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/platform.h>
#include <u2k/uaccess.h>

enum {
    RED_ZONE = 128, /* below the stack pointer, the program's own (psABI 3.2.2) */
    FLAG_TF = 0x100,
    FLAG_DF = 0x400,
    FLAG_RF = 0x10000,
    /* What a program may set by sigreturn: CF PF AF ZF SF TF DF OF RF AC. */
    FLAGS_SETTABLE = 0x50dd5,
};
/* Leaving for a non-canonical address would fault inside the library OS: on the way to it. */
#define CANONICAL_END (1ull << 47)

int arch_signal_push(struct regs *regs, int signo, const struct siginfo *info, uint64_t mask,
                     const struct sigaction_k *act, vaddr_t sp_top, const struct altstack *ss,
                     const struct fault *fault)
{
    if (!(act->flags & SA_RESTORER))
        return -EFAULT; /* as Linux: x86-64 has no other way back from a handler */

    vaddr_t fp = ALIGN_DOWN((sp_top ? sp_top : regs->rsp - RED_ZONE) - plat_fpu_size(), 64);
    vaddr_t at = ALIGN_DOWN(fp - sizeof(struct rt_sigframe), 16) - 8;
    if (at > fp || at < sizeof(struct rt_sigframe))
        return -EFAULT;

    struct rt_sigframe frame = {
        .pretcode = act->restorer,
        .uc = {.flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS, .stack = *ss, .sigmask = mask},
        .info = *info,
    };
    if (plat_fpu_size() > FPU_LEGACY_SIZE)
        frame.uc.flags |= UC_FP_XSTATE;
    struct sigcontext *c = &frame.uc.context;
    sigcontext_from_regs(c, regs);
    c->oldmask = mask;
    c->fpstate = fp;
    if (fault) {
        c->err = fault->code;
        c->trapno = fault->trapno;
        c->cr2 = fault->kind == FAULT_PAGE ? fault->addr : 0;
    }
    if (plat_fpu_save((void *)fp) < 0 || user_write(at, &frame, sizeof(frame)) < 0)
        return -EFAULT;

    regs->rdi = (uint64_t)signo;
    regs->rsi = at + offsetof(struct rt_sigframe, info);
    regs->rdx = at + offsetof(struct rt_sigframe, uc);
    regs->rax = 0;
    regs->rip = act->handler;
    regs->rsp = at;
    regs->cs = ARCH_USER_CS;
    regs->ss = ARCH_USER_SS;
    regs->eflags &= ~(uint64_t)(FLAG_TF | FLAG_DF | FLAG_RF);
    arch_forget_syscall(regs);
    return 0;
}

int arch_signal_pop(struct regs *regs, uint64_t *mask, struct altstack *ss)
{
    struct ucontext uc; /* the handler's return has taken pretcode off */
    vaddr_t at = regs->rsp - sizeof(uint64_t) + offsetof(struct rt_sigframe, uc);
    if (user_read(&uc, at, sizeof(uc)) < 0 || uc.context.rip >= CANONICAL_END)
        return -EFAULT;
    if (plat_fpu_restore((const void *)uc.context.fpstate) < 0)
        return -EFAULT;

    regs_from_sigcontext(regs, &uc.context);
    regs->eflags =
        (regs->eflags & ~(uint64_t)FLAGS_SETTABLE) | (uc.context.eflags & FLAGS_SETTABLE);
    regs->cs = ARCH_USER_CS;
    regs->ss = ARCH_USER_SS;
    arch_forget_syscall(regs);
    *mask = uc.sigmask;
    *ss = uc.stack;
    return 0;
}

IF_LINKED(sys_rt_sigaction, arch_signal_push, unlinked_never);
