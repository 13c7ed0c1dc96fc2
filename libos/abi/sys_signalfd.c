/* SPDX-License-Identifier: Apache-2.0 */
/* signalfd(2). */
#include "file.h"

#include <u2k/signalfd.h>

static long make_signalfd(int fd, vaddr_t at, size_t size, unsigned flags)
{
    uint64_t mask;
    struct file *f;
    if (size != sizeof mask)
        return -EINVAL;
    if (USER_GET(mask, at) < 0)
        return -EFAULT;
    if (flags & ~(unsigned)(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    if (fd == -1) {
        int err = signalfd_open(mask, flags & O_NONBLOCK, &f);
        return err < 0 ? err : fd_install(f, 0, flags & O_CLOEXEC);
    }
    if (!(f = fd_get_io(fd)))
        return -EBADF;
    bool right = file_is_signalfd(f);
    if (right)
        signalfd_set(f, mask);
    file_unref(f);
    return right ? fd : -EINVAL;
}

// signalfd: implemented
SYSCALL(signalfd)
{
    return make_signalfd(ARG(int, 0), sc->arg[1], sc->arg[2], 0);
}

// signalfd4: implemented
SYSCALL(signalfd4)
{
    return make_signalfd(ARG(int, 0), sc->arg[1], sc->arg[2], ARG(unsigned, 3));
}
