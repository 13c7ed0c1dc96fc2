/* SPDX-License-Identifier: Apache-2.0 */
/* Threads: beginning and end. */
#include <u2k/log.h>
#include <u2k/platform.h>
#include <u2k/process.h>
#include <u2k/sched.h>
#include <u2k/sched.h>
#include <u2k/uaccess.h>

#include "thread.h"

enum {
    CLONE_VM = 0x100,
    CLONE_FS = 0x200,
    CLONE_FILES = 0x400,
    CLONE_SIGHAND = 0x800,
    CLONE_VFORK = 0x4000,
    CLONE_THREAD = 0x10000,
    CLONE_SYSVSEM = 0x40000,
    CLONE_SETTLS = 0x80000,
    CLONE_PARENT_SETTID = 0x100000,
    CLONE_CHILD_CLEARTID = 0x200000,
    CLONE_DETACHED = 0x400000,
    CLONE_CHILD_SETTID = 0x1000000,
    CLONE_IO = (int)0x80000000,
};
#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define OTHER_FLAGS \
    (CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_DETACHED | \
     CLONE_CHILD_SETTID | CLONE_IO)
#define CLONE_ARGS_MIN 64

/* A new process is refused as by a Linux that has no room for one (clone(2), EAGAIN): programs are ready for that. */
static long refuse(uint64_t flags)
{
    static bool told;
    bool process = !(flags & CLONE_THREAD);

    if (!told)
        log_warning("clone with flags %#lx asks for %s: a unikernel is one process: %s",
                    (unsigned long)flags,
                    process ? "a new process (fork)" : "a thread with things of its own",
                    process ? "EAGAIN" : "ENOSYS");
    told = true;
    return process ? -EAGAIN : -ENOSYS;
}

long clone_thread(const struct regs *parent, const struct clone_args_k *args)
{
    uint64_t flags = args->flags;
    struct regs regs;

    if ((flags & CLONE_THREAD && !(flags & CLONE_SIGHAND)) ||
        (flags & CLONE_SIGHAND && !(flags & CLONE_VM)))
        return -EINVAL;
    if ((flags & THREAD_FLAGS) != THREAD_FLAGS ||
        flags & ~(uint64_t)(uint32_t)(THREAD_FLAGS | OTHER_FLAGS))
        return refuse(flags);
    if (flags & CLONE_SETTLS && args->tls >= plat_info->user_hi)
        return -EPERM;
    if (thread_count >= process.limits[RLIMIT_NPROC].soft)
        return -EAGAIN;
    arch_clone_regs(&regs, parent, args->stack + args->stack_size);
    struct thread *t = thread_create(&regs);
    if (!t)
        return -EAGAIN;
    if (flags & CLONE_SETTLS)
        t->tls = args->tls;
    if (flags & CLONE_CHILD_CLEARTID)
        t->clear_child_tid = args->child_tid;
    /* As Linux: a bad address for the number does not undo the thread. */
    if (flags & CLONE_PARENT_SETTID)
        (void)USER_PUT(args->parent_tid, t->tid);
    if (flags & CLONE_CHILD_SETTID)
        (void)USER_PUT(args->child_tid, t->tid);
    thread_start(t);
    return t->tid;
}

// clone3: partial: threads only (a new process: EAGAIN), of no chosen number and in no cgroup: ENOSYS
SYSCALL(clone3)
{
    struct clone_args_k args = {0};
    size_t size = sc->arg[1];

    if (size > PAGE_SIZE)
        return -E2BIG;
    if (size < CLONE_ARGS_MIN)
        return -EINVAL;
    if (user_read(&args, sc->arg[0], MIN(size, sizeof(args))))
        return -EFAULT;
    for (size_t i = sizeof(args); i < size; i++) {
        uint8_t more;
        if (USER_GET(more, sc->arg[0] + i))
            return -EFAULT;
        if (more)
            return -E2BIG;
    }
    if (args.flags & CLONE_DETACHED || args.flags & 0xff ||
        (args.stack == 0) != (args.stack_size == 0))
        return -EINVAL;
    if (args.set_tid_size || args.flags >> 32)
        return refuse(args.flags);
    return args.exit_signal && args.flags & CLONE_THREAD ? -EINVAL : clone_thread(sc->regs, &args);
}

// exit: implemented
SYSCALL(exit)
{
    process.exit_status = ARG(int, 0) & 0xff; /* the last one counts, since Linux 5.17 */
    thread_exit();
}

// exit_group: implemented
SYSCALL(exit_group)
{
    process_exit(ARG(int, 0) & 0xff);
}

// gettid: implemented
SYSCALL(gettid)
{
    return current->tid;
}

// set_tid_address: implemented
SYSCALL(set_tid_address)
{
    current->clear_child_tid = sc->arg[0];
    return current->tid;
}
