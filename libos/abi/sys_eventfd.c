/* SPDX-License-Identifier: Apache-2.0 */
/* eventfd(2). */
#include "file.h"

#include <u2k/eventfd.h>

#define EFD_SEMAPHORE 1u

static long make_eventfd(unsigned count, unsigned flags)
{
    struct file *f;
    if (flags & ~(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    int err = eventfd_open(count, flags & EFD_SEMAPHORE, flags & O_NONBLOCK, &f);
    return err < 0 ? err : fd_install(f, 0, flags & O_CLOEXEC);
}

// eventfd: implemented
SYSCALL(eventfd)
{
    return make_eventfd(ARG(unsigned, 0), 0);
}

// eventfd2: implemented
SYSCALL(eventfd2)
{
    return make_eventfd(ARG(unsigned, 0), ARG(unsigned, 1));
}
