/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, closing and copying descriptors. */
#include "file.h"

#include <u2k/pipe.h>

static long open_at(int dirfd, vaddr_t path, uint32_t flags, uint32_t mode, unsigned walk)
{
    struct at at;
    struct file *f;
    if (flags & O_PATH)
        flags &= (uint32_t)(O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    else
        flags |= O_LARGEFILE; /* as on every 64-bit Linux */
    bool tmpfile = flags & O_TMPFILE_ONLY, directory = flags & O_DIRECTORY;
    if (tmpfile ? !directory : directory && (flags & O_CREAT))
        return -EINVAL;
    int err = at_begin(&at, dirfd, path);
    if (err < 0)
        return err;
    /* Confined to it, a path that begins with a slash is relative to the directory, too. */
    if ((walk & (WALK_IN_ROOT | WALK_BENEATH)) && !at.dir && dirfd != AT_FDCWD)
        at.dir = fd_get(dirfd);
    err = vfs_open(at_start(&at), at.path, flags, mode, walk, &f);
    at_end(&at);
    return err < 0 ? err : fd_install(f, 0, flags & O_CLOEXEC);
}

// open: implemented
SYSCALL(open)
{
    return open_at(AT_FDCWD, ARG(vaddr_t, 0), ARG(uint32_t, 1), ARG(uint32_t, 2), 0);
}

// openat: implemented
SYSCALL(openat)
{
    return open_at(ARG(int, 0), ARG(vaddr_t, 1), ARG(uint32_t, 2), ARG(uint32_t, 3), 0);
}

// creat: implemented
SYSCALL(creat)
{
    return open_at(AT_FDCWD, ARG(vaddr_t, 0), O_CREAT | O_WRONLY | O_TRUNC, ARG(uint32_t, 1), 0);
}

struct open_how {
    uint64_t flags, mode, resolve;
};

// openat2: implemented
SYSCALL(openat2)
{
    static const unsigned walk_of[] = {WALK_NO_XDEV,     WALK_NO_MAGICLINKS,
                                       WALK_NO_SYMLINKS, WALK_BENEATH,
                                       WALK_IN_ROOT,     0 /* RESOLVE_CACHED: all is in memory */};
    const uint64_t known = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND |
                           O_NONBLOCK | O_SYNC | O_ASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY |
                           O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE_ONLY;
    struct open_how how;
    size_t size = ARG(size_t, 3);
    if (size < sizeof how)
        return -EINVAL;
    if (size > PAGE_SIZE)
        return -E2BIG;
    if (USER_GET(how, sc->arg[2]) < 0)
        return -EFAULT;
    for (size_t i = sizeof how; i < size; i++) {
        uint8_t byte;
        if (USER_GET(byte, sc->arg[2] + i) < 0)
            return -EFAULT;
        if (byte)
            return -E2BIG; /* asks for something newer */
    }
    bool makes = how.flags & (O_CREAT | O_TMPFILE_ONLY);
    if ((how.flags & ~known) || how.resolve >> ARRAY_SIZE(walk_of) || (how.mode & ~07777ull) ||
        (how.mode && !makes) || (how.resolve & 0x18) == 0x18)
        return -EINVAL;
    unsigned walk = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(walk_of); i++)
        walk |= how.resolve >> i & 1 ? walk_of[i] : 0;
    return open_at(ARG(int, 0), ARG(vaddr_t, 1), (uint32_t)how.flags, (uint32_t)how.mode, walk);
}

// close: implemented
SYSCALL(close)
{
    return fd_close(ARG(int, 0));
}

// close_range: implemented
SYSCALL(close_range)
{
    enum { UNSHARE = 2, CLOEXEC = 4 };
    unsigned first = ARG(unsigned, 0), last = ARG(unsigned, 1), flags = ARG(unsigned, 2);
    if ((flags & ~(unsigned)(UNSHARE | CLOEXEC)) || first > last)
        return -EINVAL;
    if (first > INT32_MAX)
        return 0;
    for (int fd = fd_next((int)first); fd >= 0 && (unsigned)fd <= last; fd = fd_next(fd + 1)) {
        if (flags & CLOEXEC)
            fd_set_cloexec(fd, true);
        else
            fd_close(fd);
    }
    return 0;
}

// dup: implemented
SYSCALL(dup)
{
    struct file *f = fd_get(ARG(int, 0));
    return f ? fd_install(f, 0, false) : -EBADF;
}

static long dup_to(int from, int to, bool cloexec)
{
    struct file *f = fd_get(from);
    return f ? fd_replace(f, to, cloexec) : -EBADF;
}

// dup2: implemented
SYSCALL(dup2)
{
    int from = ARG(int, 0), to = ARG(int, 1);
    if (from == to)
        return fd_peek(from) ? to : -EBADF;
    return dup_to(from, to, false);
}

// dup3: implemented
SYSCALL(dup3)
{
    uint32_t flags = ARG(uint32_t, 2);
    if ((flags & ~(uint32_t)O_CLOEXEC) || ARG(int, 0) == ARG(int, 1))
        return -EINVAL;
    return dup_to(ARG(int, 0), ARG(int, 1), flags);
}

static long make_pipe(vaddr_t at, uint32_t flags)
{
    struct file *ends[2];
    int32_t fd[2];
    if (flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    int err = pipe_open(&ends[0], &ends[1], flags & O_NONBLOCK);
    if (err < 0)
        return err;
    fd[0] = fd_install(ends[0], 0, flags & O_CLOEXEC);
    if (fd[0] < 0) {
        file_unref(ends[1]);
        return fd[0];
    }
    fd[1] = fd_install(ends[1], 0, flags & O_CLOEXEC);
    err = fd[1] < 0 ? fd[1] : USER_PUT(at, fd);
    if (err < 0) {
        fd_close(fd[0]);
        if (fd[1] >= 0)
            fd_close(fd[1]);
    }
    return err;
}

// pipe: implemented
SYSCALL(pipe)
{
    return make_pipe(ARG(vaddr_t, 0), 0);
}

// pipe2: partial: no packet mode (O_DIRECT is refused with EINVAL)
SYSCALL(pipe2)
{
    return make_pipe(ARG(vaddr_t, 0), ARG(uint32_t, 1));
}
