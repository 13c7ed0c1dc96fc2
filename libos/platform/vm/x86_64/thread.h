/* SPDX-License-Identifier: Apache-2.0 */
/* What the platform keeps at the top of a thread's kernel stack. */
#ifndef VM_X86_64_THREAD_H
#define VM_X86_64_THREAD_H

#include <u2k/sched.h>

#include "fpu.h"

/* struct thread.kstack is NULL for the first thread: it runs on the boot stack. */
struct fpu_area *thread_area(const struct thread *t);

#endif
