/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's signal frames. Whatever stops the program leaves a frame with the registers and the FP state on the
 * alternate signal stack, which all threads share; it is moved to the top of the thread's kernel stack, and
 * returning through it resumes the program with both. Only a thread that came in by a fast call has none, until
 * somebody asks: its FP state is then where it was, in the CPU.
 */
#ifndef U2K_HOST_FRAME_H
#define U2K_HOST_FRAME_H

#include <asm/sigframe.h>
#include <u2k/types.h>

/* Of the running thread; NULL before the program was entered for the first time, and in a fast call that needs
 * none. */
extern struct ucontext *entry_context;

/* The same, made if there is none; NULL before the program was first stopped. */
struct ucontext *entry_frame(void);

/* Whether signals of the host can come in while library OS code runs, and are put off then. They can from a
 * fast call on until a trap, that is: as long as the host has not stopped the program. */
extern bool signals_open;

/* Signals that were put off: a bit each. */
extern uint64_t signals_put_off;

/* Tell them; the running thread is about to return to the program with `regs`. */
void tell_put_off(struct regs *regs);

/* The kernel stack of the running thread; `fast_stack` is what follows from it: where fast calls put theirs. */
extern void *fast_stack;
void running_stack_set(void *kstack);

/* Where the frame is on a kernel stack, and its FP area behind it. */
struct ucontext *host_frame_place(void *kstack, char **fpu);

/* Move a frame to the running thread's kernel stack. */
struct ucontext *host_frame_take(const struct ucontext *uc);

/* Make `uc` one that resumes the program, but for its registers. */
void host_frame_init(struct ucontext *uc);
void host_frame_set_regs(struct ucontext *uc, const struct regs *regs);
void regs_of(struct regs *regs, const struct ucontext *uc);

/* Bytes of FP state in the frames of this host; 0 before the first one. */
extern size_t host_fpu_size;

/* The state of a frame that the host made: how large it is, and what is in it. */
void fpu_learn(const struct ucontext *uc);

/* The CPU's FP state to the frame's area at `area`, and back. */
void fpu_store(struct ucontext *uc, char *area);
void fpu_load(const struct ucontext *uc);

/* Where a new thread's arch_switch_prepare() goes: the frame's ucontext is in rbx. */
void first_return(void);

/* Leave through the frame that `uc` is in. The other one tells what was put off before, and puts `regs` in. */
NORETURN void host_frame_return(struct ucontext *uc);
NORETURN void host_frame_leave(struct ucontext *uc, struct regs *regs);

#endif
