/* SPDX-License-Identifier: Apache-2.0 */
/* The signal mask of calls that wait with one of their own: ppoll(2), pselect(2), epoll_pwait(2). */
#ifndef ABI_WAIT_H
#define ABI_WAIT_H

#include <u2k/types.h>

/* `at`: the mask in the program's memory, 0: none. -EINVAL, -EFAULT. */
int mask_begin(vaddr_t at, size_t size);
/* The mask as it was. Not after -EINTR: then signal delivery puts it back, so that the handler runs first. */
void mask_end(vaddr_t at);

#endif
