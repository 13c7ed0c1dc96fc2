/* SPDX-License-Identifier: Apache-2.0 */
/* Where relative and absolute paths begin. */
#include "file.h"

#include <u2k/pages.h>

// chdir: implemented
SYSCALL(chdir)
{
    char *path;
    int err = path_from_user(ARG(vaddr_t, 0), &path);
    if (err < 0)
        return err;
    err = vfs_chdir(path);
    path_release(path);
    return err;
}

// fchdir: implemented
SYSCALL(fchdir)
{
    const struct file *f = fd_peek(ARG(int, 0));
    if (!f || !f->inode)
        return -EBADF;
    if (!S_ISDIR(f->inode->mode))
        return -ENOTDIR;
    int err = inode_permission(f->inode, MAY_EXEC);
    if (err < 0)
        return err;
    struct dentry *old = process.cwd;
    process.cwd = dentry_ref(f->dentry);
    dentry_unref(old);
    return 0;
}

// getcwd: implemented
SYSCALL(getcwd)
{
    size_t size = ARG(size_t, 1);
    if (process.cwd->inode->nlink == 0)
        return -ENOENT;
    char *path = pages_alloc(1, PAGES_ANY);
    if (!path)
        return -ENOMEM;
    ssize_t n = dentry_path(process.cwd, path, PAGE_SIZE);
    long result = n < 0 ? n : (size_t)n + 1 > size ? -ERANGE : n + 1;
    if (result > 0 && user_write(ARG(vaddr_t, 0), path, (size_t)result) < 0)
        result = -EFAULT;
    pages_free(path, 1);
    return result;
}

// chroot: implemented
SYSCALL(chroot)
{
    struct dentry *d;
    int err = at_find(AT_FDCWD, ARG(vaddr_t, 0), WALK_FOLLOW | WALK_DIRECTORY, &d);
    if (err < 0)
        return err;
    if ((err = inode_permission(d->inode, MAY_EXEC)) == 0 && !capable(CAP_SYS_CHROOT))
        err = -EPERM;
    if (err < 0) {
        dentry_unref(d);
        return err;
    }
    dentry_unref(process.root);
    process.root = d;
    return 0;
}
