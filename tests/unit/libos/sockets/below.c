/* SPDX-License-Identifier: Apache-2.0 */
/* What sockets need from files, signals and the program's memory, besides what ../net/stub.c has. */
#include "below.h"

#include <u2k/errno.h>
#include <u2k/path.h>
#include <u2k/process.h>
#include <u2k/signal.h>
#include <u2k/uaccess.h>

struct file *below_fds[FDS];

struct file *file_ref(struct file *f)
{
    f->refs++;
    return f;
}
void file_unref(struct file *f)
{
    if (!f || --f->refs > 0)
        return;
    f->ops->release(f);
    heap_free(f, sizeof *f);
}
struct file *file_anonymous(const struct file_ops *ops, uint32_t mode, const char *kind, void *priv,
                            uint32_t flags)
{
    (void)mode, (void)kind;
    struct file *f = heap_alloc(sizeof *f);
    f->ops = ops;
    f->priv = priv;
    f->flags = flags;
    f->refs = 1;
    return f;
}
struct file *fd_get(int fd)
{
    return fd >= 0 && fd < FDS && below_fds[fd] ? file_ref(below_fds[fd]) : NULL;
}
int fd_install(struct file *f, int from, bool cloexec)
{
    (void)cloexec;
    for (int fd = from; fd < FDS; fd++)
        if (!below_fds[fd]) {
            below_fds[fd] = f;
            return fd;
        }
    file_unref(f);
    return -EMFILE;
}

/* Names in the file system are not there: abstract ones do. */
int vfs_create(struct dentry *start, const char *path, uint32_t mode, uint64_t rdev,
               const char *target)
{
    (void)start, (void)path, (void)mode, (void)rdev, (void)target;
    return -EROFS;
}
int path_find(struct dentry *start, const char *path, unsigned flags, struct dentry **out)
{
    (void)start, (void)path, (void)flags, (void)out;
    return -ENOENT;
}
void dentry_unref(struct dentry *d)
{
    (void)d;
}
int inode_permission(const struct inode *i, unsigned may)
{
    (void)i, (void)may;
    return 0;
}

/* The program's memory is these two; anything else faults. */
uint8_t memory[4096], space[512] __attribute__((aligned(8)));

static bool inside(vaddr_t at, size_t len, const uint8_t *from, size_t size)
{
    return at >= (vaddr_t)from && at - (vaddr_t)from <= size && len <= size - (at - (vaddr_t)from);
}
static bool valid(vaddr_t at, size_t len)
{
    return inside(at, len, memory, sizeof memory) || inside(at, len, space, sizeof space);
}
int user_write(vaddr_t dst, const void *src, size_t len)
{
    if (!valid(dst, len))
        return -EFAULT;
    memcpy((void *)dst, src, len);
    return 0;
}
int user_read(void *dst, vaddr_t src, size_t len)
{
    if (!valid(src, len))
        return -EFAULT;
    memcpy(dst, (const void *)src, len);
    return 0;
}
size_t user_write_some(vaddr_t dst, const void *src, size_t len)
{
    return user_write(dst, src, len) == 0 ? len : 0;
}
size_t user_read_some(void *dst, vaddr_t src, size_t len)
{
    return user_read(dst, src, len) == 0 ? len : 0;
}
int user_zero(vaddr_t dst, size_t len)
{
    (void)dst, (void)len;
    return -EFAULT;
}
size_t user_probe(vaddr_t at, size_t len, unsigned access)
{
    (void)access;
    return valid(at, len) ? len : 0;
}

bool capable(unsigned cap)
{
    (void)cap;
    return true;
}
int signal_send(struct thread *t, const struct siginfo *info)
{
    (void)t, (void)info;
    return 0;
}
bool timespec_valid(const struct timespec64 *ts)
{
    return ts->sec >= 0 && ts->nsec >= 0 && ts->nsec < (int64_t)NSEC_PER_SEC;
}
uint64_t timespec_ns(const struct timespec64 *ts)
{
    uint64_t ns;
    return __builtin_mul_overflow((uint64_t)ts->sec, NSEC_PER_SEC, &ns) ? TIME_NEVER - 1
                                                                        : ns + (uint64_t)ts->nsec;
}
struct timespec64 ns_timespec(uint64_t ns)
{
    return (struct timespec64){(int64_t)(ns / NSEC_PER_SEC), (int64_t)(ns % NSEC_PER_SEC)};
}
void unlinked_never(void)
{
    __builtin_trap();
}

/* TCP has its own tests: ../net/tcp. */
int tcp_create(int family, struct socket **out)
{
    (void)family, (void)out;
    return -EPROTONOSUPPORT;
}
