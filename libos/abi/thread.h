/* SPDX-License-Identifier: Apache-2.0 */
/* New threads: what clone(2), in either order of its arguments, and clone3(2) share. */
#ifndef ABI_THREAD_H
#define ABI_THREAD_H

#include <u2k/syscall.h>

struct clone_args_k { /* struct clone_args, CLONE_ARGS_SIZE_VER2 */
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    uint64_t set_tid, set_tid_size, cgroup;
};

long clone_thread(const struct regs *parent, const struct clone_args_k *args);

#endif
