/* SPDX-License-Identifier: Apache-2.0 */
/* inotify(7). */
#include "file.h"

#include <u2k/inotify.h>

/* Bits that may be given; one that is an event has to be (inotify_add_watch(2)). */
#define GIVEN \
    (IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED | IN_ONLYDIR | IN_DONT_FOLLOW | \
     IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD | IN_ISDIR | IN_ONESHOT)

static long make_inotify(unsigned flags)
{
    struct file *f;
    if (flags & ~(unsigned)(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    int err = inotify_open(flags & O_NONBLOCK, &f);
    return err < 0 ? err : fd_install(f, 0, flags & O_CLOEXEC);
}

// inotify_init: implemented
SYSCALL(inotify_init)
{
    return make_inotify(0);
}

// inotify_init1: implemented
SYSCALL(inotify_init1)
{
    return make_inotify(ARG(unsigned, 0));
}

static long add_watch(struct file *f, vaddr_t path, uint32_t mask)
{
    unsigned walk =
        ((mask & IN_DONT_FOLLOW) ? 0u : WALK_FOLLOW) | ((mask & IN_ONLYDIR) ? WALK_DIRECTORY : 0u);
    struct dentry *d;
    if (((mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE)) || !file_is_inotify(f))
        return -EINVAL;
    int err = at_find(AT_FDCWD, path, walk, &d);
    if (err < 0)
        return err;
    err = inode_permission(d->inode, MAY_READ);
    if (err == 0)
        err = inotify_add(f, d, mask);
    dentry_unref(d);
    return err;
}

// inotify_add_watch: implemented
SYSCALL(inotify_add_watch)
{
    if (!(ARG(uint32_t, 2) & GIVEN))
        return -EINVAL;
    struct file *f = fd_get_io(ARG(int, 0));
    long number = f ? add_watch(f, sc->arg[1], ARG(uint32_t, 2)) : -EBADF;
    file_unref(f);
    return number;
}

// inotify_rm_watch: implemented
SYSCALL(inotify_rm_watch)
{
    struct file *f = fd_get_io(ARG(int, 0));
    long err = !f ? -EBADF : file_is_inotify(f) ? inotify_remove(f, ARG(int, 1)) : -EINVAL;
    file_unref(f);
    return err;
}
