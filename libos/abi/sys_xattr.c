/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes (xattr(7)). */
#include "file.h"

#include <u2k/inotify.h>
#include <u2k/pages.h>
#include <u2k/string.h>

#define VALUE_MAX 65536u
#define LIST_MAX 65536u

/* What the calls work on: a path, or an open file. */
static int find(const struct syscall *sc, unsigned walk, bool fd, struct dentry **out)
{
    if (!fd)
        return at_find(AT_FDCWD, ARG(vaddr_t, 0), walk, out);
    const struct file *f = fd_peek(ARG(int, 0));
    if (!f || !f->ops || !f->dentry)
        return -EBADF;
    *out = dentry_ref(f->dentry);
    return 0;
}

static int name_from_user(vaddr_t at, char name[NAME_MAX + 1])
{
    ssize_t n = user_string(name, at, NAME_MAX + 1);
    return n == -ENAMETOOLONG || n == 0 ? -ERANGE : n < 0 ? (int)n : 0;
}

static bool starts(const char *name, const char *with)
{
    return strncmp(name, with, strlen(with)) == 0;
}

/* Who may use which namespace (xattr(7)). */
static int may_use(const struct inode *i, const char *name, bool write)
{
    const char *dot = strchr(name, '.');
    bool plain = S_ISREG(i->mode) || S_ISDIR(i->mode);
    if (write && (i->sb->flags & SB_RDONLY))
        return -EROFS;
    if (dot && !dot[1])
        return -EINVAL; /* a namespace and nothing in it */
    if (starts(name, "trusted."))
        return capable(CAP_SYS_ADMIN) ? 0 : write ? -EPERM : -ENODATA;
    if (starts(name, "security."))
        return !write || capable(strcmp(name, "security.capability") == 0 ? CAP_SETFCAP
                                                                          : CAP_SYS_ADMIN)
                   ? 0
                   : -EPERM;
    if (!starts(name, "user."))
        return starts(name, "system.posix_acl_") && !write ? 0 : -EOPNOTSUPP;
    if (!plain)
        return write ? -EPERM : -ENODATA;
    if (write && S_ISDIR(i->mode) && (i->mode & S_ISVTX) && !inode_owner_or_capable(i))
        return -EPERM;
    return inode_permission(i, write ? MAY_WRITE : MAY_READ);
}

static long get(const struct syscall *sc, unsigned walk, bool fd)
{
    char name[NAME_MAX + 1];
    size_t size = MIN(ARG(size_t, 3), (size_t)VALUE_MAX);
    struct dentry *d;
    int err = find(sc, walk, fd, &d);
    if (err < 0)
        return err;
    void *value = size ? heap_alloc(size) : NULL;
    ssize_t n = size && !value ? -ENOMEM : name_from_user(ARG(vaddr_t, 1), name);
    if (n == 0)
        n = may_use(d->inode, name, false);
    if (n == 0)
        n = d->inode->ops->getxattr ? d->inode->ops->getxattr(d->inode, name, value, size)
                                    : -EOPNOTSUPP;
    if (n > 0 && size && user_write(ARG(vaddr_t, 2), value, (size_t)n) < 0)
        n = -EFAULT;
    if (value)
        heap_free(value, size);
    dentry_unref(d);
    return n;
}

// getxattr: implemented
SYSCALL(getxattr)
{
    return get(sc, WALK_FOLLOW, false);
}
// lgetxattr: implemented
SYSCALL(lgetxattr)
{
    return get(sc, 0, false);
}
// fgetxattr: implemented
SYSCALL(fgetxattr)
{
    return get(sc, 0, true);
}

static long list(const struct syscall *sc, unsigned walk, bool fd)
{
    size_t size = MIN(ARG(size_t, 2), (size_t)LIST_MAX);
    struct dentry *d;
    int err = find(sc, walk, fd, &d);
    if (err < 0)
        return err;
    char *names = size ? heap_alloc(size) : NULL;
    ssize_t n = size && !names ? -ENOMEM : 0;
    if (n == 0 && d->inode->ops->listxattr)
        n = d->inode->ops->listxattr(d->inode, names, size);
    if (n > 0 && size && user_write(ARG(vaddr_t, 1), names, (size_t)n) < 0)
        n = -EFAULT;
    if (names)
        heap_free(names, size);
    dentry_unref(d);
    return n;
}

// listxattr: implemented
SYSCALL(listxattr)
{
    return list(sc, WALK_FOLLOW, false);
}
// llistxattr: implemented
SYSCALL(llistxattr)
{
    return list(sc, 0, false);
}
// flistxattr: implemented
SYSCALL(flistxattr)
{
    return list(sc, 0, true);
}

/* `value` NULL: remove. */
static int change(struct dentry *d, const char *name, const void *value, size_t size, int flags)
{
    int err = may_use(d->inode, name, true);
    if (err < 0)
        return err;
    if (!d->inode->ops->setxattr)
        return -EOPNOTSUPP;
    err = d->inode->ops->setxattr(d->inode, name, value, size, flags);
    if (err == 0)
        inotify_tell(d, IN_ATTRIB);
    return err;
}

static long set(const struct syscall *sc, unsigned walk, bool fd)
{
    char name[NAME_MAX + 1];
    size_t size = ARG(size_t, 3);
    int flags = ARG(int, 4);
    struct dentry *d;
    if (flags & ~3)
        return -EINVAL;
    if (size > VALUE_MAX)
        return -E2BIG;
    int err = name_from_user(ARG(vaddr_t, 1), name);
    void *value = err == 0 ? heap_alloc(size + 1) : NULL;
    if (err == 0 && !value)
        err = -ENOMEM;
    if (err == 0)
        err = user_read(value, ARG(vaddr_t, 2), size);
    if (err == 0 && (err = find(sc, walk, fd, &d)) == 0) {
        err = change(d, name, value, size, flags);
        dentry_unref(d);
    }
    if (value)
        heap_free(value, size + 1);
    return err;
}

// setxattr: partial: no POSIX access control lists
SYSCALL(setxattr)
{
    return set(sc, WALK_FOLLOW, false);
}
// lsetxattr: partial: no POSIX access control lists
SYSCALL(lsetxattr)
{
    return set(sc, 0, false);
}
// fsetxattr: partial: no POSIX access control lists
SYSCALL(fsetxattr)
{
    return set(sc, 0, true);
}

static long take_off(const struct syscall *sc, unsigned walk, bool fd)
{
    char name[NAME_MAX + 1];
    struct dentry *d;
    int err = name_from_user(ARG(vaddr_t, 1), name);
    if (err == 0 && (err = find(sc, walk, fd, &d)) == 0) {
        err = change(d, name, NULL, 0, 0);
        dentry_unref(d);
    }
    return err;
}

// removexattr: implemented
SYSCALL(removexattr)
{
    return take_off(sc, WALK_FOLLOW, false);
}
// lremovexattr: implemented
SYSCALL(lremovexattr)
{
    return take_off(sc, 0, false);
}
// fremovexattr: implemented
SYSCALL(fremovexattr)
{
    return take_off(sc, 0, true);
}
