/* SPDX-License-Identifier: Apache-2.0 */
/* eventfd(2): a counter that can be waited for. */
#ifndef U2K_EVENTFD_H
#define U2K_EVENTFD_H

#include <u2k/vfs.h>

int eventfd_open(uint64_t count, bool semaphore, uint32_t flags, struct file **out);

#endif
