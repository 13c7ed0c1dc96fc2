/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program's registers at an entry: Linux's struct user_pt_regs for arm64 (x0..x30, sp, pc,
 * pstate), and behind it what the kernel's own pt_regs adds. The call's number comes in x8, arguments
 * in x0..x5, the result in x0, which is why the first argument is kept apart (syscall(2)).
 */
#ifndef U2K_ASM_REGS_H
#define U2K_ASM_REGS_H

#include <u2k/types.h>

#define ARCH_NAME "aarch64"
#define ARCH_ELF_MACHINE 183   /* EM_AARCH64 */
#define ARCH_AUDIT 0xc00000b7u /* AUDIT_ARCH_AARCH64 */

struct regs {
    uint64_t x[31];
    uint64_t sp, pc, pstate;
    uint64_t orig_x0;
    int64_t syscallno; /* -1: not a system call */
};

enum { ARCH_SYSCALL_LENGTH = 4 }; /* bytes of `svc #0` */

static inline long arch_syscall_nr(const struct regs *r)
{
    return (int32_t)r->syscallno;
}

static inline void arch_syscall_args(const struct regs *r, unsigned long out[6])
{
    out[0] = r->orig_x0;
    for (unsigned i = 1; i < 6; i++)
        out[i] = r->x[i];
}

static inline void arch_set_result(struct regs *r, long value)
{
    r->x[0] = (uint64_t)value;
}
static inline long arch_result(const struct regs *r)
{
    return (long)r->x[0];
}
static inline void arch_forget_syscall(struct regs *r)
{
    r->syscallno = -1;
}

static inline void arch_restart_syscall(struct regs *r)
{
    r->pc -= ARCH_SYSCALL_LENGTH;
    r->x[0] = r->orig_x0;
}

static inline void arch_restart_as(struct regs *r, long nr)
{
    arch_restart_syscall(r);
    r->x[8] = (uint64_t)nr;
}

static inline uintptr_t arch_pc(const struct regs *r)
{
    return r->pc;
}
static inline uintptr_t arch_sp(const struct regs *r)
{
    return r->sp;
}

/* pstate 0 is EL0t with all exceptions unmasked. */
static inline void arch_start_regs(struct regs *r, vaddr_t entry, vaddr_t sp)
{
    *r = (struct regs){.sp = sp, .pc = entry, .syscallno = -1};
}

/* clone(2): the child sees 0 as the result; `sp` 0 keeps the parent's stack pointer. */
static inline void arch_clone_regs(struct regs *child, const struct regs *parent, vaddr_t sp)
{
    *child = *parent;
    child->x[0] = 0;
    child->syscallno = -1;
    if (sp)
        child->sp = sp;
}

#endif
