/* SPDX-License-Identifier: Apache-2.0 */
/* signalfd(2). Whoever reads or polls takes part in its own thread's signals and in the process's. */
#include <u2k/errno.h>
#include <u2k/fcntl.h>
#include <u2k/optional.h>
#include <u2k/poll.h>
#include <u2k/signalfd.h>

#define UNREADABLE (SIGBIT(SIGKILL) | SIGBIT(SIGSTOP))

struct signalfd_siginfo { /* signalfd(2) */
    uint32_t signo;
    int32_t errno_, code;
    uint32_t pid, uid;
    int32_t fd;
    uint32_t tid, band, overrun, trapno;
    int32_t status, value;
    uint64_t pointer, utime, stime, addr;
    uint16_t addr_lsb, pad0;
    int32_t syscall;
    uint64_t call_addr;
    uint32_t arch;
    uint8_t pad[28];
};
_Static_assert(sizeof(struct signalfd_siginfo) == 128, "struct signalfd_siginfo");

static struct waitq wait = {LIST_INIT(wait.waiters)}; /* for any signal: there is no better key */

void signalfd_wake(int signo)
{
    (void)signo;
    waitq_wake_all(&wait);
}

IF_LINKED(signalfd_open, signalfd_wake, unlinked_nothing);

/* Which members hold is told by the code (sigaction(2)). */
static struct signalfd_siginfo told(const struct siginfo *i)
{
    const uint64_t faults =
        SIGBIT(SIGSEGV) | SIGBIT(SIGBUS) | SIGBIT(SIGILL) | SIGBIT(SIGTRAP) | SIGBIT(SIGFPE);
    struct signalfd_siginfo out = {
        .signo = (uint32_t)i->signo, .errno_ = i->errno_, .code = i->code};
    if (i->code == SI_TIMER) {
        out.tid = (uint32_t)i->timer.timerid;
        out.overrun = (uint32_t)i->timer.overrun;
        out.pointer = i->timer.value;
        out.value = (int32_t)i->timer.value;
    } else if (i->code > 0 && (faults & SIGBIT(i->signo))) {
        out.addr = i->fault.addr;
        out.addr_lsb = (uint16_t)i->fault.addr_lsb;
    } else if (i->code > 0 && i->signo == SIGSYS && i->code != SI_KERNEL) {
        out.call_addr = i->sys.call_addr;
        out.syscall = i->sys.syscall;
        out.arch = i->sys.arch;
    } else {
        out.pid = (uint32_t)i->user.pid;
        out.uid = i->user.uid;
        if (i->code < 0 && i->code != SI_TKILL) {
            out.pointer = i->user.value;
            out.value = (int32_t)i->user.value;
        }
    }
    return out;
}

static uint64_t mask_of(const struct file *f)
{
    return (uint64_t)(uintptr_t)f->inode->priv;
}

static ssize_t signalfd_read(struct file *f, struct iter *it, int64_t *pos)
{
    (void)pos;
    struct siginfo info;
    ssize_t done = 0;
    if (it->left < sizeof(struct signalfd_siginfo))
        return -EINVAL;
    while (it->left >= sizeof(struct signalfd_siginfo)) {
        if (!signal_take(mask_of(f), &info)) {
            if (done > 0)
                break;
            if (f->flags & O_NONBLOCK)
                return -EAGAIN;
            if (wait_on(&wait, TIME_NEVER, true) == -EINTR)
                return -ERESTARTSYS;
            continue;
        }
        const struct signalfd_siginfo one = told(&info);
        if (iter_write(it, &one, sizeof one) != sizeof one)
            return done > 0 ? done : -EFAULT;
        done += (ssize_t)sizeof one;
    }
    return done;
}

unsigned signalfd_poll(struct file *f, struct poll_set *set)
{
    poll_add(set, &wait);
    return (current->pending.set | process_pending.set) & mask_of(f) ? POLLIN : 0;
}

static const struct file_ops signalfd_file_ops = {
    .read = signalfd_read, .poll = signalfd_poll, .open = anonymous_no_open};

bool file_is_signalfd(const struct file *f)
{
    return f->ops == &signalfd_file_ops;
}

void signalfd_set(struct file *f, uint64_t mask)
{
    f->inode->priv = (void *)(uintptr_t)(mask & ~UNREADABLE);
    waitq_wake_all(&wait); /* what waits may be in the new one */
}

int signalfd_open(uint64_t mask, uint32_t flags, struct file **out)
{
    *out = file_anonymous(&signalfd_file_ops, 0600, "anon_inode:[signalfd]", NULL, O_RDWR | flags);
    if (!*out)
        return -ENOMEM;
    signalfd_set(*out, mask);
    return 0;
}

IF_LINKED(file_poll, signalfd_poll, unlinked_never);
