/* SPDX-License-Identifier: Apache-2.0 */
/* Scheduling as programs ask for it: one CPU, one policy. */
#include <u2k/process.h>
#include <u2k/sched.h>
#include <u2k/syscall.h>
#include <u2k/uaccess.h>

enum { SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE = 5, SCHED_DEADLINE };
enum { SCHED_RESET_ON_FORK = 0x40000000 };
#define REALTIME_MAX 99 /* priorities of SCHED_FIFO and SCHED_RR */
#define CPU_SET_SIZE 8  /* bytes of the kernel's own CPU mask */
#define SLICE_NS 5000000
#define NICE_BASE 20

static struct thread *thread_of(int tid)
{
    if (tid < 0)
        return NULL;
    return tid ? thread_find(tid) : current;
}

// sched_yield: implemented
SYSCALL(sched_yield)
{
    sched_yield_now();
    return 0;
}

// sched_getaffinity: implemented
SYSCALL(sched_getaffinity)
{
    const uint64_t mask = 1;

    if (ARG(uint32_t, 1) < CPU_SET_SIZE || ARG(uint32_t, 1) % sizeof(long))
        return -EINVAL;
    if (!thread_of(ARG(int, 0)))
        return -ESRCH;
    return USER_PUT(sc->arg[2], mask) ? -EFAULT : CPU_SET_SIZE;
}

// sched_setaffinity: implemented
SYSCALL(sched_setaffinity)
{
    uint64_t mask = 0;

    if (user_read(&mask, sc->arg[2], MIN(ARG(uint32_t, 1), sizeof(mask))))
        return -EFAULT;
    if (!thread_of(ARG(int, 0)))
        return -ESRCH;
    return mask & 1 ? 0 : -EINVAL;
}

// getcpu: implemented
SYSCALL(getcpu)
{
    const uint32_t zero = 0;

    if ((sc->arg[0] && USER_PUT(sc->arg[0], zero)) || (sc->arg[1] && USER_PUT(sc->arg[1], zero)))
        return -EFAULT;
    return 0;
}

static bool realtime(int policy)
{
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

/* What would change anything needs CAP_SYS_NICE, which a container does not have. */
static long set_policy(int tid, int policy, vaddr_t param)
{
    int32_t priority;

    if (tid < 0 || !param)
        return -EINVAL;
    if (USER_GET(priority, param))
        return -EFAULT;
    if (!thread_of(tid))
        return -ESRCH;
    if (policy == SCHED_DEADLINE || policy < 0 || policy > SCHED_DEADLINE ||
        policy == SCHED_IDLE - 1)
        return -EINVAL;
    if (priority < 0 || priority > REALTIME_MAX || realtime(policy) != (priority != 0))
        return -EINVAL;
    return policy == SCHED_OTHER ? 0 : -EPERM;
}

// sched_setscheduler: partial: SCHED_OTHER only, anything else EPERM
SYSCALL(sched_setscheduler)
{
    return set_policy(ARG(int, 0), ARG(int, 1) & ~SCHED_RESET_ON_FORK, sc->arg[2]);
}

// sched_setparam: partial: SCHED_OTHER only
SYSCALL(sched_setparam)
{
    return set_policy(ARG(int, 0), SCHED_OTHER, sc->arg[1]);
}

// sched_getscheduler: implemented
SYSCALL(sched_getscheduler)
{
    return ARG(int, 0) < 0 ? -EINVAL : thread_of(ARG(int, 0)) ? SCHED_OTHER : -ESRCH;
}

// sched_getparam: implemented
SYSCALL(sched_getparam)
{
    const int32_t priority = 0;

    if (ARG(int, 0) < 0 || !sc->arg[1])
        return -EINVAL;
    return thread_of(ARG(int, 0)) ? USER_PUT(sc->arg[1], priority) : -ESRCH;
}

// sched_get_priority_max: implemented
SYSCALL(sched_get_priority_max)
{
    int policy = ARG(int, 0);

    if (policy < 0 || policy > SCHED_DEADLINE || policy == SCHED_IDLE - 1)
        return -EINVAL;
    return realtime(policy) ? REALTIME_MAX : 0;
}

// sched_get_priority_min: implemented
SYSCALL(sched_get_priority_min)
{
    int policy = ARG(int, 0);

    if (policy < 0 || policy > SCHED_DEADLINE || policy == SCHED_IDLE - 1)
        return -EINVAL;
    return realtime(policy) ? 1 : 0;
}

// sched_rr_get_interval: implemented
SYSCALL(sched_rr_get_interval)
{
    const struct timespec64 slice = {.nsec = SLICE_NS};

    if (ARG(int, 0) < 0)
        return -EINVAL;
    return thread_of(ARG(int, 0)) ? USER_PUT(sc->arg[1], slice) : -ESRCH;
}

/* ---- nice values: PRIO_PROCESS, PRIO_PGRP and PRIO_USER are all the one process ---- */

enum { PRIO_PROCESS, PRIO_PGRP, PRIO_USER };

static long who_exists(int which, uint32_t who)
{
    if (which < PRIO_PROCESS || which > PRIO_USER)
        return -EINVAL;
    if (!who)
        return 0;
    if (which == PRIO_USER)
        return who == process.cred.uid ? 0 : -ESRCH;
    return (which == PRIO_PROCESS ? thread_find((int)who) != NULL : (int)who == process.pgid)
               ? 0
               : -ESRCH;
}

// getpriority: implemented
SYSCALL(getpriority)
{
    long error = who_exists(ARG(int, 0), ARG(uint32_t, 1));

    return error ? error : NICE_BASE - process.nice;
}

// setpriority: partial: the value is kept for the whole process; there is no other to give way to
SYSCALL(setpriority)
{
    long error = who_exists(ARG(int, 0), ARG(uint32_t, 1));
    int nice = ARG(int, 2);

    if (error)
        return error;
    nice = MIN(MAX(nice, -NICE_BASE), NICE_BASE - 1);
    if (nice < process.nice && !capable(CAP_SYS_NICE))
        return -EACCES;
    process.nice = nice;
    return 0;
}
