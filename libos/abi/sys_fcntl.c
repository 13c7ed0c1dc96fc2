/* SPDX-License-Identifier: Apache-2.0 */
/* What can be done to descriptors and open files besides reading and writing. */
#include "fcntl.h"
#include "file.h"

#include <u2k/pipe.h>
#include <u2k/termios.h>
#include <u2k/tmpfs.h>

static long add_seals(struct file *f, unsigned seals)
{
    const unsigned all =
        F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;
    if (!f->inode || !(f->inode->seals & SEALABLE) || (seals & ~all))
        return -EINVAL;
    if (!file_writable(f) || (f->inode->seals & F_SEAL_SEAL))
        return -EPERM;
    if ((seals & F_SEAL_WRITE) && !list_empty(&f->inode->mappings))
        return -EBUSY;
    f->inode->seals |= seals;
    return 0;
}

static long set_flags(struct file *f, uint32_t flags)
{
    const uint32_t may = O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME;
    if ((flags & ~f->flags & O_NOATIME) && f->inode && !inode_owner_or_capable(f->inode))
        return -EPERM;
    if ((flags & O_DIRECT) && f->inode && !S_ISREG(f->inode->mode))
        return -EINVAL;
    f->flags = (f->flags & ~may) | (flags & may);
    return 0;
}

struct owner {
    int32_t type, pid;
};

/* Remembered only: O_ASYNC sends nothing. */
static long set_owner(struct file *f, int32_t pid)
{
    f->owner = pid;
    return 0;
}

static long control(struct file *f, int fd, int cmd, unsigned long arg)
{
    struct owner owner = {1, f->owner};
    switch (cmd) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        if ((int)arg < 0 || arg >= process.limits[RLIMIT_NOFILE].soft)
            return -EINVAL;
        return fd_install(file_ref(f), (int)arg, cmd == F_DUPFD_CLOEXEC);
    case F_GETFD: return fd_cloexec(fd);
    case F_SETFD: fd_set_cloexec(fd, arg & 1); return 0;
    case F_GETFL: return f->flags;
    default: break;
    }
    if (!f->ops)
        return -EBADF; /* O_PATH */
    switch (cmd) {
    case F_SETFL: return set_flags(f, (uint32_t)arg);
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW: return fcntl_lock(f, cmd, arg);
    case F_SETOWN: return set_owner(f, (int32_t)arg);
    case F_GETOWN: return f->owner;
    case F_SETOWN_EX: return USER_GET(owner, arg) < 0 ? -EFAULT : set_owner(f, owner.pid);
    case F_GETOWN_EX: return USER_PUT(arg, owner);
    case F_SETSIG:
        if (arg > NSIG)
            return -EINVAL;
        f->signal = (int32_t)arg;
        return 0;
    case F_GETSIG: return f->signal;
    case F_GETLEASE: return F_UNLCK;
    case F_SETPIPE_SZ: return pipe_resize(f, arg & UINT32_MAX);
    case F_GETPIPE_SZ: return pipe_size(f);
    case F_ADD_SEALS: return add_seals(f, (unsigned)arg);
    case F_GET_SEALS:
        return f->inode && (f->inode->seals & SEALABLE) ? (long)(f->inode->seals & ~SEALABLE)
                                                        : -EINVAL;
    default: return -EINVAL;
    }
}

// fcntl: partial: no leases, no directory notification, no SIGIO
SYSCALL(fcntl)
{
    int fd = ARG(int, 0);
    struct file *f = fd_get(fd);
    long result = f ? control(f, fd, ARG(int, 1), sc->arg[2]) : -EBADF;
    file_unref(f);
    return result;
}

static long set_flag(struct file *f, uint32_t flag, vaddr_t at)
{
    int32_t on;
    if (USER_GET(on, at) < 0)
        return -EFAULT;
    f->flags = on ? f->flags | flag : f->flags & ~flag;
    return 0;
}

static long control_device(struct file *f, int fd, unsigned request, vaddr_t arg)
{
    switch (request) {
    case FIOCLEX:
    case FIONCLEX: fd_set_cloexec(fd, request == FIOCLEX); return 0;
    case FIONBIO: return set_flag(f, O_NONBLOCK, arg);
    case FIOASYNC: return -ENOTTY;
    case FIONREAD:
        if (f->inode && S_ISREG(f->inode->mode)) {
            int32_t left = (int32_t)((int64_t)f->inode->size - f->pos);
            return USER_PUT(arg, left);
        }
        break;
    default: break;
    }
    return f->ops->ioctl ? f->ops->ioctl(f, request, arg) : -ENOTTY;
}

// ioctl: partial: descriptor flags, terminals and pipes; others as their files have them
SYSCALL(ioctl)
{
    int fd = ARG(int, 0);
    struct file *f = fd_get_io(fd);
    long result = f ? control_device(f, fd, ARG(unsigned, 1), ARG(vaddr_t, 2)) : -EBADF;
    file_unref(f);
    return result;
}

// memfd_create: partial: no huge pages
SYSCALL(memfd_create)
{
    enum { MFD_CLOEXEC = 1, MFD_ALLOW_SEALING = 2 };
    unsigned flags = ARG(unsigned, 1);
    char name[NAME_MAX + 1] = "/memfd:";
    if (flags & ~(unsigned)(MFD_CLOEXEC | MFD_ALLOW_SEALING))
        return -EINVAL;
    ssize_t n = user_string(name + 7, ARG(vaddr_t, 0), 250);
    if (n < 0)
        return n == -ENAMETOOLONG ? -EINVAL : n;
    name[MIN((size_t)n + 7, (size_t)NAME_MAX)] = 0;
    struct file *f = tmpfs_file(name, O_RDWR | O_LARGEFILE);
    if (!f)
        return -ENOMEM;
    f->inode->seals = SEALABLE | ((flags & MFD_ALLOW_SEALING) ? 0u : (unsigned)F_SEAL_SEAL);
    return fd_install(f, 0, flags & MFD_CLOEXEC);
}
