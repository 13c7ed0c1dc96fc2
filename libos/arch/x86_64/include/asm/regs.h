/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program's registers at an entry: Linux's struct pt_regs for x86-64 (ptrace(2), sys/user.h),
 * so that entry code, signal frames and later a tracer agree on one layout. The call's number comes
 * in rax and is kept in orig_rax, arguments in rdi rsi rdx r10 r8 r9, the result in rax
 * (psABI x86-64, appendix A.2.1).
 */
#ifndef U2K_ASM_REGS_H
#define U2K_ASM_REGS_H

#include <u2k/types.h>

#define ARCH_NAME "x86_64"
#define ARCH_ELF_MACHINE 62    /* EM_X86_64 */
#define ARCH_AUDIT 0xc000003eu /* AUDIT_ARCH_X86_64 */

struct regs {
    uint64_t r15, r14, r13, r12, rbp, rbx;
    uint64_t r11, r10, r9, r8;
    uint64_t rax, rcx, rdx, rsi, rdi;
    uint64_t orig_rax; /* -1: not a system call */
    uint64_t rip, cs, eflags, rsp, ss;
};

enum { /* selectors and flags as a 64-bit Linux program sees them */
       ARCH_USER_CS = 0x33,
       ARCH_USER_SS = 0x2b,
       ARCH_EFLAGS_START = 0x202, /* IF and the bit that is always set */
       ARCH_SYSCALL_LENGTH = 2,   /* bytes of `syscall` */
};

/* Linux looks at the low 32 bits only and takes them as signed. */
static inline long arch_syscall_nr(const struct regs *r)
{
    return (int32_t)r->orig_rax;
}

static inline void arch_syscall_args(const struct regs *r, unsigned long out[6])
{
    out[0] = r->rdi;
    out[1] = r->rsi;
    out[2] = r->rdx;
    out[3] = r->r10;
    out[4] = r->r8;
    out[5] = r->r9;
}

static inline void arch_set_result(struct regs *r, long value)
{
    r->rax = (uint64_t)value;
}
static inline long arch_result(const struct regs *r)
{
    return (long)r->rax;
}
static inline void arch_forget_syscall(struct regs *r)
{
    r->orig_rax = UINT64_MAX;
}

static inline void arch_restart_as(struct regs *r, long nr)
{
    r->rip -= ARCH_SYSCALL_LENGTH;
    r->rax = (uint64_t)nr;
}

static inline void arch_restart_syscall(struct regs *r)
{
    arch_restart_as(r, (long)r->orig_rax);
}

static inline uintptr_t arch_pc(const struct regs *r)
{
    return r->rip;
}
static inline uintptr_t arch_sp(const struct regs *r)
{
    return r->rsp;
}

static inline void arch_start_regs(struct regs *r, vaddr_t entry, vaddr_t sp)
{
    *r = (struct regs){.orig_rax = UINT64_MAX,
                       .rip = entry,
                       .cs = ARCH_USER_CS,
                       .eflags = ARCH_EFLAGS_START,
                       .rsp = sp,
                       .ss = ARCH_USER_SS};
}

/* clone(2): the child sees 0 as the result; `sp` 0 keeps the parent's stack pointer. */
static inline void arch_clone_regs(struct regs *child, const struct regs *parent, vaddr_t sp)
{
    *child = *parent;
    child->rax = 0;
    child->orig_rax = UINT64_MAX;
    if (sp)
        child->rsp = sp;
}

#endif
