/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Into the library OS and back by jumps. The host's signals stay open meanwhile: what comes is put off, and
 * told on the way out. That the last look and the leaving are one is seen to by fast_interrupted(), as with
 * rseq(2): a signal in between makes the way out begin anew.
 */
#include "fast.h"
#include "../process.h"
#include "host_frame.h"
#include "hostcall.h"
#include <u2k/arch.h>
#include <u2k/errno.h>

uintptr_t fast_call(struct regs *regs, uintptr_t continuation);
uintptr_t fast_leave(struct regs *regs);

void *fast_stack; /* behind the struct regs of the running thread */
uintptr_t fast_user_sp, fast_target; /* while there are no registers for it */

extern const char fast_entered[], fast_exit_begin[], fast_exit_end[], fast_exit_again[];
extern const char wait_begin[], wait_end[], wait_skipped[];

#define TEXT(x) #x
#define NUMBER(x) TEXT(x)
/* Flags that library OS code must not run with: TF, DF, AC. The handler of a signal never does, either. */
#define FLAGS_CLEARED 0x40500
#define REGS_EFLAGS 144
_Static_assert(offsetof(struct regs, eflags) == REGS_EFLAGS, "as the code below has it");
_Static_assert(sizeof(struct regs) == 168 && ENOSYS == 38, "the same");

__asm__(
    ".pushsection .text.fast_enter, \"ax\"\n\t"
    ".globl fast_enter\n\t"
    ".hidden fast_enter\n"
    "fast_enter:\n\t"
    "movq %rsp, fast_user_sp(%rip)\n\t"
    "movq fast_stack(%rip), %rsp\n"
    "fast_entered:\n\t"
    "pushq $0x2b\n\t"
    "pushq fast_user_sp(%rip)\n\t"
    "pushfq\n\t"
    "pushq $0x33\n\t"
    "pushq %rcx\n\t" /* rip */
    "pushq %rax\n\t" /* orig_rax */
    "pushq %rdi\n\t"
    "pushq %rsi\n\t"
    "pushq %rdx\n\t"
    "pushq %rcx\n\t"
    "pushq $-38\n\t" /* rax */
    "pushq %r8\n\t"
    "pushq %r9\n\t"
    "pushq %r10\n\t"
    "pushq 88(%rsp)\n\t" /* r11 is the flags, as behind `syscall` */
    "pushq %rbx\n\t"
    "pushq %rbp\n\t"
    "pushq %r12\n\t"
    "pushq %r13\n\t"
    "pushq %r14\n\t"
    "pushq %r15\n\t"
    "movq %rsp, %rdi\n\t"
    "movq %r11, %rsi\n\t"
    "testl $" NUMBER(FLAGS_CLEARED) ", " NUMBER(REGS_EFLAGS) "(%rsp)\n\t"
    "jnz 2f\n"
    "1: call fast_call\n"
    "3: movq %rax, fast_target(%rip)\n"
    "fast_exit_begin:\n\t"
    "cmpq $0, signals_put_off(%rip)\n\t"
    "jne fast_exit_again\n\t"
    "popq %r15\n\t"
    "popq %r14\n\t"
    "popq %r13\n\t"
    "popq %r12\n\t"
    "popq %rbp\n\t"
    "popq %rbx\n\t"
    "popq %r11\n\t"
    "popq %r10\n\t"
    "popq %r9\n\t"
    "popq %r8\n\t"
    "popq %rax\n\t"
    "popq %rcx\n\t"
    "popq %rdx\n\t"
    "popq %rsi\n\t"
    "popq %rdi\n\t"
    "leaq 24(%rsp), %rsp\n\t" /* orig_rax, rip, cs */
    "popfq\n\t"
    "popq %rsp\n"
    "fast_exit_end:\n\t" /* on the program's stack */
    "jmp *fast_target(%rip)\n"
    "fast_exit_again:\n\t"
    "movq fast_stack(%rip), %rsp\n\t"
    "leaq -168(%rsp), %rsp\n\t"
    "movq %rsp, %rdi\n\t"
    "call fast_leave\n\t"
    "jmp 3b\n"
    "2: pushq $2\n\t"
    "popfq\n\t"
    "jmp 1b\n\t"
    ".popsection\n\t"

    /* Arguments as of a function; the seventh, on the stack, is the number. */
    ".pushsection .text.host_wait6, \"ax\"\n\t"
    ".globl host_wait6\n\t"
    ".hidden host_wait6\n"
    "host_wait6:\n\t"
    "movq %rcx, %r10\n\t"
    "movq 8(%rsp), %rax\n"
    "wait_begin:\n\t"
    "cmpq $0, signals_put_off(%rip)\n\t"
    "jne wait_skipped\n\t"
    "syscall\n"
    "wait_end:\n\t"
    "ret\n"
    "wait_skipped:\n\t"
    "movq $-4, %rax\n\t" /* -EINTR */
    "ret\n\t"
    ".popsection");

_Static_assert(EINTR == 4, "as the code above has it");

void fast_interrupted(struct ucontext *uc)
{
    uintptr_t at = uc->context.rip;

    if (at >= (uintptr_t)fast_exit_begin && at < (uintptr_t)fast_exit_end)
        uc->context.rip = (uintptr_t)fast_exit_again;
    else if (at >= (uintptr_t)wait_begin && at < (uintptr_t)wait_end)
        uc->context.rip = (uintptr_t)wait_skipped;
}

void fast_rewind(struct ucontext *uc)
{
    struct sigcontext *c = &uc->context;

    if (c->rip >= (uintptr_t)fast_enter && c->rip < (uintptr_t)fast_entered)
        c->rip = c->rcx - ARCH_SYSCALL_LENGTH;
    else if (c->rip == (uintptr_t)fast_exit_end)
        c->rip = fast_target;
    c->rip = site_address(c->rip);
}

bool site_entered(struct ucontext *uc)
{
    vaddr_t at = uc->context.rip - 1, to = site_continuation(at);

    if (to != at)
        uc->context.rip = to;
    return to != at;
}

/* As it is on nearly all ways: the program goes on behind its call, nothing has happened meanwhile. */
uintptr_t fast_call(struct regs *regs, uintptr_t continuation)
{
    uint64_t rip = regs->rip, changes = site_changes;

    entry_context = NULL;
    core_syscall(regs);
    if (!entry_context && regs->rip == rip && site_changes == changes)
        return continuation;
    return fast_leave(regs);
}

uintptr_t fast_leave(struct regs *regs)
{
    tell_put_off(regs);
    if (!signals_open) /* threads that were trapped ran meanwhile */
        host_frame_leave(entry_context, regs);
    if (entry_context)
        fpu_load(entry_context);
    entry_context = NULL;
    return site_continuation(regs->rip);
}
