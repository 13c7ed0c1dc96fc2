/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The architecture contract: arch/ARCH provides these; <asm/regs.h> (arch/ARCH/include/asm) has
 * `struct regs`, the program's general registers at an entry, in the order of Linux's pt_regs.
 * Nothing outside arch/ and platform/ looks into it but through these functions.
 */
#ifndef U2K_ARCH_H
#define U2K_ARCH_H

#include <asm/regs.h> /* struct regs, ARCH_* constants, inline accessors below */
#include <u2k/types.h>

/*
 * <asm/regs.h> defines, as static inline:
 *   long     arch_syscall_nr(const struct regs *)         -1: the entry was no system call
 *   void     arch_syscall_args(const struct regs *, unsigned long out[6])
 *   void     arch_set_result(struct regs *, long)
 *   long     arch_result(const struct regs *)
 *   void     arch_forget_syscall(struct regs *)           after this arch_syscall_nr() is -1
 *   void     arch_restart_syscall(struct regs *)          back to the call instruction, same number
 *   void     arch_restart_as(struct regs *, long nr)      the same with another number
 *   uintptr_t arch_pc(const struct regs *), arch_sp(const struct regs *)
 *   void     arch_start_regs(struct regs *, vaddr_t entry, vaddr_t sp)   as execve(2) leaves them
 *   void     arch_clone_regs(struct regs *child, const struct regs *parent, vaddr_t sp)
 * and ARCH_NAME ("x86_64"), ARCH_ELF_MACHINE (e_machine), ARCH_AUDIT (AUDIT_ARCH_*).
 */

struct siginfo;
struct sigaction_k;

/* Push a signal frame (Linux rt_sigframe of this architecture) on the program's stack at `sp_top`
 * (0: its current stack, below the red zone) and point `regs` at the handler. `mask` is what
 * sigreturn restores. -EFAULT if the stack cannot be written. `fault` (may be NULL) fills the
 * context's trapno, error code and address. */
struct fault;
struct altstack;
int arch_signal_push(struct regs *regs, int signo, const struct siginfo *info, uint64_t mask,
                     const struct sigaction_k *act, vaddr_t sp_top, const struct altstack *ss,
                     const struct fault *fault);

/* rt_sigreturn: take the frame off again. Hostile contents are cut to what the program may set.
 * Gives mask and alternate stack to be restored. -EFAULT. */
int arch_signal_pop(struct regs *regs, uint64_t *mask, struct altstack *ss);

/* Switch kernel stacks: saves callee-saved registers on the running stack, its pointer in *from. */
void arch_switch(void **from, void *to);

/* True randomness of the CPU, if it has it: false if not. */
bool arch_random64(uint64_t *out);

#endif
