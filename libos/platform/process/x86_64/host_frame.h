/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's signal frames. While the program runs its thread's kernel stack is the host's alternate
 * signal stack; whatever stops the program leaves a frame on top of it, with the registers and the
 * FP state, and returning through that frame resumes the program with both.
 */
#ifndef U2K_HOST_FRAME_H
#define U2K_HOST_FRAME_H

#include <asm/sigframe.h>
#include <u2k/types.h>

/* Of the running thread; NULL before the program was entered for the first time. */
extern struct ucontext *entry_context;

/* Make `uc` one that resumes the program on that kernel stack. */
void host_frame_init(struct ucontext *uc, void *kstack, const struct regs *regs);
void host_frame_set_regs(struct ucontext *uc, const struct regs *regs);

/* Bytes of the FP area that `uc` points at, 0: it has none. */
size_t host_fpu_size(const struct ucontext *uc);

/* Where a new thread's arch_switch_prepare() goes: the frame's ucontext is in rbx. */
void first_return(void);

/* Leave through the frame that `uc` is in. */
NORETURN void host_frame_return(struct ucontext *uc);

#endif
