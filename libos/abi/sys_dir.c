/* SPDX-License-Identifier: Apache-2.0 */
/* Directories and names. */
#include "file.h"

#include <u2k/inotify.h>
#include <u2k/pages.h>
#include <u2k/string.h>

struct entries {
    struct dir_sink sink;
    vaddr_t at;
    size_t left, done;
    int err;
    bool old; /* getdents(2) */
};

/* struct linux_dirent64: ino, off, reclen, type, name; the old one has the type in its last byte. */
static bool emit(struct dir_sink *sink, const char *name, size_t len, uint64_t ino, unsigned type,
                 int64_t next)
{
    struct entries *e = CONTAINER_OF(sink, struct entries, sink);
    uint8_t record[8 + 8 + 2 + 1 + NAME_MAX + 1 + 8] = {0};
    size_t head = e->old ? 18 : 19, size = ALIGN_UP(head + len + 1 + e->old, 8);
    uint16_t reclen = (uint16_t)size;
    if (size > e->left)
        return false;
    memcpy(record, &ino, 8);
    memcpy(record + 8, &next, 8);
    memcpy(record + 16, &reclen, 2);
    memcpy(record + head, name, len);
    record[e->old ? size - 1 : 18] = (uint8_t)type;
    if (user_write(e->at, record, size) < 0) {
        e->err = -EFAULT;
        return false;
    }
    e->at += size;
    e->left -= size;
    e->done += size;
    return true;
}

static long list(int fd, vaddr_t at, unsigned size, bool old)
{
    struct entries e = {.sink.emit = emit, .at = at, .left = size, .old = old};
    struct file *f = fd_get_io(fd);
    if (!f)
        return -EBADF;
    int64_t start = f->pos;
    int err = f->ops->readdir ? f->ops->readdir(f, &e.sink) : -ENOTDIR;
    bool stuck = e.done == 0 && e.err == 0 && err == 0 && f->pos == start && e.left == size;
    /* Nothing came out: the end, or a buffer too small for one name. Ask with a larger one. */
    if (stuck) {
        struct entries probe = {.sink.emit = emit, .at = 0, .left = SIZE_MAX, .old = old};
        (void)f->ops->readdir(f, &probe.sink);
        f->pos = start;
        err = probe.err ? -EINVAL : 0;
    }
    if (err == 0)
        inotify_tell(f->dentry, IN_ACCESS);
    file_unref(f);
    return e.done ? (long)e.done : e.err ? e.err : err;
}

// getdents: implemented
SYSCALL(getdents)
{
    return list(ARG(int, 0), ARG(vaddr_t, 1), ARG(unsigned, 2), true);
}

// getdents64: implemented
SYSCALL(getdents64)
{
    return list(ARG(int, 0), ARG(vaddr_t, 1), ARG(unsigned, 2), false);
}

static long make_at(int dirfd, vaddr_t path, uint32_t mode, uint64_t rdev, const char *target)
{
    struct at at;
    int err = at_begin(&at, dirfd, path);
    if (err < 0)
        return err;
    err = vfs_create(at_start(&at), at.path, mode, rdev, target);
    at_end(&at);
    return err;
}

// mkdir: implemented
SYSCALL(mkdir)
{
    return make_at(AT_FDCWD, ARG(vaddr_t, 0), S_IFDIR | (ARG(uint32_t, 1) & 01777), 0, NULL);
}

// mkdirat: implemented
SYSCALL(mkdirat)
{
    return make_at(ARG(int, 0), ARG(vaddr_t, 1), S_IFDIR | (ARG(uint32_t, 2) & 01777), 0, NULL);
}

static long mknod_at(int dirfd, vaddr_t path, uint32_t mode, uint64_t rdev)
{
    uint32_t type = mode & S_IFMT;
    if (type == 0)
        mode |= S_IFREG;
    else if (type == S_IFDIR)
        return -EPERM;
    else if (type != S_IFREG && type != S_IFCHR && type != S_IFBLK && type != S_IFIFO &&
             type != S_IFSOCK)
        return -EINVAL;
    return make_at(dirfd, path, mode & (S_IFMT | 07777),
                   type == S_IFCHR || type == S_IFBLK ? rdev : 0, NULL);
}

// mknod: implemented
SYSCALL(mknod)
{
    return mknod_at(AT_FDCWD, ARG(vaddr_t, 0), ARG(uint32_t, 1), ARG(uint32_t, 2));
}

// mknodat: implemented
SYSCALL(mknodat)
{
    return mknod_at(ARG(int, 0), ARG(vaddr_t, 1), ARG(uint32_t, 2), ARG(uint32_t, 3));
}

static long symlink_at(vaddr_t target, int dirfd, vaddr_t path)
{
    char *text;
    int err = path_from_user(target, &text);
    if (err < 0)
        return err;
    long result = *text ? make_at(dirfd, path, S_IFLNK | 0777, 0, text) : -ENOENT;
    path_release(text);
    return result;
}

// symlink: implemented
SYSCALL(symlink)
{
    return symlink_at(ARG(vaddr_t, 0), AT_FDCWD, ARG(vaddr_t, 1));
}

// symlinkat: implemented
SYSCALL(symlinkat)
{
    return symlink_at(ARG(vaddr_t, 0), ARG(int, 1), ARG(vaddr_t, 2));
}

static long unlink_at(int dirfd, vaddr_t path, bool directory)
{
    struct at at;
    int err = at_begin(&at, dirfd, path);
    if (err < 0)
        return err;
    err = vfs_unlink(at_start(&at), at.path, directory);
    at_end(&at);
    return err;
}

// rmdir: implemented
SYSCALL(rmdir)
{
    return unlink_at(AT_FDCWD, ARG(vaddr_t, 0), true);
}

// unlink: implemented
SYSCALL(unlink)
{
    return unlink_at(AT_FDCWD, ARG(vaddr_t, 0), false);
}

// unlinkat: implemented
SYSCALL(unlinkat)
{
    unsigned flags = ARG(unsigned, 2);
    if (flags & ~(unsigned)AT_REMOVEDIR)
        return -EINVAL;
    return unlink_at(ARG(int, 0), ARG(vaddr_t, 1), flags & AT_REMOVEDIR);
}

static long link_at(int from_fd, vaddr_t from, int to_fd, vaddr_t to, unsigned flags)
{
    struct dentry *target;
    struct at at;
    if (flags & ~(unsigned)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if ((flags & AT_EMPTY_PATH) && !capable(CAP_DAC_READ_SEARCH))
        return -ENOENT;
    unsigned walk = ((flags & AT_SYMLINK_FOLLOW) ? WALK_FOLLOW : 0u) |
                    ((flags & AT_EMPTY_PATH) ? WALK_EMPTY : 0u);
    int err = at_find(from_fd, from, walk, &target);
    if (err < 0)
        return err;
    if ((err = at_begin(&at, to_fd, to)) == 0) {
        err = vfs_link(target, at_start(&at), at.path);
        at_end(&at);
    }
    dentry_unref(target);
    return err;
}

// link: implemented
SYSCALL(link)
{
    return link_at(AT_FDCWD, ARG(vaddr_t, 0), AT_FDCWD, ARG(vaddr_t, 1), 0);
}

// linkat: implemented
SYSCALL(linkat)
{
    return link_at(ARG(int, 0), ARG(vaddr_t, 1), ARG(int, 2), ARG(vaddr_t, 3), ARG(unsigned, 4));
}

static long rename_at(int from_fd, vaddr_t from_path, int to_fd, vaddr_t to_path, unsigned flags)
{
    struct at from, to;
    if ((flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE)) ||
        flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
        return -EINVAL;
    int err = at_begin(&from, from_fd, from_path);
    if (err < 0)
        return err;
    if ((err = at_begin(&to, to_fd, to_path)) == 0) {
        err = vfs_rename(at_start(&from), from.path, at_start(&to), to.path, flags);
        at_end(&to);
    }
    at_end(&from);
    return err;
}

// rename: implemented
SYSCALL(rename)
{
    return rename_at(AT_FDCWD, ARG(vaddr_t, 0), AT_FDCWD, ARG(vaddr_t, 1), 0);
}

// renameat: implemented
SYSCALL(renameat)
{
    return rename_at(ARG(int, 0), ARG(vaddr_t, 1), ARG(int, 2), ARG(vaddr_t, 3), 0);
}

// renameat2: partial: no RENAME_WHITEOUT
SYSCALL(renameat2)
{
    return rename_at(ARG(int, 0), ARG(vaddr_t, 1), ARG(int, 2), ARG(vaddr_t, 3), ARG(unsigned, 4));
}

static long readlink_at(int dirfd, vaddr_t path, vaddr_t out, int size, unsigned walk)
{
    struct dentry *d;
    if (size <= 0)
        return -EINVAL;
    int err = at_find(dirfd, path, walk, &d);
    if (err < 0)
        return err;
    char *text = pages_alloc(1, PAGES_ANY);
    /* An empty path names no link, unless the descriptor is one. */
    uint8_t first = 1;
    ssize_t n = (walk & WALK_EMPTY) && USER_GET(first, path) == 0 && !first ? -ENOENT : -EINVAL;
    if (!text)
        n = -ENOMEM;
    else if (S_ISLNK(d->inode->mode) && d->inode->ops->readlink)
        n = d->inode->ops->readlink(d->inode, text, PAGE_SIZE);
    n = MIN(n, (ssize_t)size); /* readlink(2) cuts silently */
    if (n >= 0 && user_write(out, text, (size_t)n) < 0)
        n = -EFAULT;
    if (text)
        pages_free(text, 1);
    dentry_unref(d);
    return n;
}

// readlink: implemented
SYSCALL(readlink)
{
    return readlink_at(AT_FDCWD, ARG(vaddr_t, 0), ARG(vaddr_t, 1), ARG(int, 2), 0);
}

// readlinkat: implemented
SYSCALL(readlinkat)
{
    return readlink_at(ARG(int, 0), ARG(vaddr_t, 1), ARG(vaddr_t, 2), ARG(int, 3), WALK_EMPTY);
}
