/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signal frames as Linux lays them on an arm64 program's stack, and their way back. The platform's
 * FP area (plat_fpu_save) is a struct fpsimd_context: the first record.
 */
#include <asm/sigframe.h>
#include <u2k/arch.h>
#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/platform.h>
#include <u2k/uaccess.h>

#define PSTATE_FLAGS 0xf0000000u /* N Z C V: all that a program may set */
#define PSTATE_BTYPE 0x00000c00u
#define PSTATE_TCO 0x02000000u

enum { STACK_ALIGN = 16 };

/* The records behind the FP area: the fault's syndrome, as Linux for faults only, and the end. */
static int put_records(vaddr_t at, const struct fault *fault)
{
    struct {
        struct esr_context esr;
        struct context_record end;
    } records = {.esr = {{ESR_MAGIC, sizeof(struct esr_context)}, fault ? fault->code : 0}};
    if (fault)
        return user_write(at, &records, sizeof(records));
    return user_write(at, &records.end, sizeof(records.end));
}

int arch_signal_push(struct regs *regs, int signo, const struct siginfo *info, uint64_t mask,
                     const struct sigaction_k *act, vaddr_t sp_top, const struct altstack *ss,
                     const struct fault *fault)
{
    vaddr_t sp = ALIGN_DOWN(sp_top ? sp_top : regs->sp, STACK_ALIGN); /* there is no red zone */
    vaddr_t record = sp - sizeof(struct frame_record);
    vaddr_t at = ALIGN_DOWN(record - sizeof(struct rt_sigframe), STACK_ALIGN);
    /* Linux returns through its vDSO where SA_RESTORER is not given; core puts that address in. */
    if (at > sp || !act->restorer)
        return -EFAULT;

    vaddr_t uc = at + offsetof(struct rt_sigframe, uc);
    vaddr_t context = uc + offsetof(struct ucontext, context);
    vaddr_t reserved = context + offsetof(struct sigcontext, reserved);
    const struct frame_record chain = {.fp = regs->x[29], .lr = regs->pc};
    struct {
        uint64_t fault_address, registers[31], sp, pc, pstate;
    } general = {.fault_address = fault && fault->kind == FAULT_PAGE ? fault->addr : 0,
                 .sp = regs->sp,
                 .pc = regs->pc,
                 .pstate = regs->pstate};
    for (unsigned i = 0; i < 31; i++)
        general.registers[i] = regs->x[i];
    struct {
        uint64_t flags, link;
        struct altstack stack;
        uint64_t sigmask;
    } head = {.stack = *ss, .sigmask = mask};

    if (user_write(at, info, sizeof(*info)) < 0 || user_write(uc, &head, sizeof(head)) < 0 ||
        user_zero(uc + sizeof(head), context - uc - sizeof(head)) < 0 ||
        user_write(context, &general, sizeof(general)) < 0 || plat_fpu_save((void *)reserved) < 0 ||
        put_records(reserved + plat_fpu_size(), fault) < 0 ||
        user_write(record, &chain, sizeof(chain)) < 0)
        return -EFAULT;

    regs->x[0] = (uint64_t)signo;
    regs->x[1] = at + offsetof(struct rt_sigframe, info);
    regs->x[2] = uc;
    regs->x[29] = record;
    regs->x[30] = act->restorer;
    regs->sp = at;
    regs->pc = act->handler;
    regs->pstate &= ~(uint64_t)(PSTATE_BTYPE | PSTATE_TCO);
    arch_forget_syscall(regs);
    return 0;
}

/* The FP record, wherever among the records it is: its address, 0 if they are malformed. */
static vaddr_t find_fpsimd(vaddr_t reserved)
{
    for (size_t at = 0; at + sizeof(struct context_record) <= RESERVED_SIZE;) {
        struct context_record r;
        if (user_read(&r, reserved + at, sizeof(r)) < 0)
            return 0;
        if (r.magic == FPSIMD_MAGIC)
            return r.size == sizeof(struct fpsimd_context) && at + r.size <= RESERVED_SIZE
                       ? reserved + at
                       : 0;
        if (r.magic == 0 || r.size < sizeof(r) || r.size % STACK_ALIGN ||
            r.size > RESERVED_SIZE - at)
            return 0;
        at += r.size;
    }
    return 0;
}

int arch_signal_pop(struct regs *regs, uint64_t *mask, struct altstack *ss)
{
    struct {
        uint64_t flags, link;
        struct altstack stack;
        uint64_t sigmask;
    } head;
    struct {
        uint64_t fault_address, registers[31], sp, pc, pstate;
    } general;
    vaddr_t uc = regs->sp + offsetof(struct rt_sigframe, uc);
    vaddr_t context = uc + offsetof(struct ucontext, context);
    if (regs->sp % STACK_ALIGN || user_read(&head, uc, sizeof(head)) < 0 ||
        user_read(&general, context, sizeof(general)) < 0)
        return -EFAULT;
    vaddr_t fpsimd = find_fpsimd(context + offsetof(struct sigcontext, reserved));
    if (!fpsimd || plat_fpu_restore((const void *)fpsimd) < 0)
        return -EFAULT;

    for (unsigned i = 0; i < 31; i++)
        regs->x[i] = general.registers[i];
    regs->sp = general.sp;
    regs->pc = general.pc;
    regs->pstate = (regs->pstate & ~(uint64_t)PSTATE_FLAGS) | (general.pstate & PSTATE_FLAGS);
    arch_forget_syscall(regs);
    *mask = head.sigmask;
    *ss = head.stack;
    return 0;
}

IF_LINKED(sys_rt_sigaction, arch_signal_push, unlinked_never);
