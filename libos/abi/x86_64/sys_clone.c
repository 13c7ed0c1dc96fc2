/* SPDX-License-Identifier: Apache-2.0 */
/* clone(2) with its arguments in x86-64's order: flags, stack, parent's tid, child's tid, TLS. */
#include "../thread.h"

#define EXIT_SIGNAL 0xff /* the low byte of the flags */

// clone: partial: threads only; a new process (fork) cannot be: EAGAIN
SYSCALL(clone)
{
    const struct clone_args_k args = {.flags = ARG(uint32_t, 0) & ~(uint64_t)EXIT_SIGNAL,
                                      .exit_signal = sc->arg[0] & EXIT_SIGNAL,
                                      .stack = sc->arg[1],
                                      .parent_tid = sc->arg[2],
                                      .child_tid = sc->arg[3],
                                      .tls = sc->arg[4]};

    return clone_thread(sc->regs, &args);
}
