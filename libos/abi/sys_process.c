/* SPDX-License-Identifier: Apache-2.0 */
/* The one process: its numbers, its family (none), its limits. */
#include <u2k/clock.h>
#include <u2k/mm.h>
#include <u2k/platform.h>
#include <u2k/process.h>
#include <u2k/string.h>
#include <u2k/syscall.h>
#include <u2k/uaccess.h>

#define NOFILE_MAX 1048576 /* fs.nr_open */

static bool is_us(int pid)
{
    return pid == 0 || pid == PID;
}

// getpid: implemented
SYSCALL(getpid)
{
    return PID;
}

// getppid: implemented
SYSCALL(getppid)
{
    return 0; /* the parent is outside, as a container's */
}

// getpgrp: implemented
SYSCALL(getpgrp)
{
    return process.pgid;
}

// getpgid: implemented
SYSCALL(getpgid)
{
    return is_us(ARG(int, 0)) ? process.pgid : -ESRCH;
}

// getsid: implemented
SYSCALL(getsid)
{
    return is_us(ARG(int, 0)) ? process.sid : -ESRCH;
}

// setpgid: implemented
SYSCALL(setpgid)
{
    if (ARG(int, 1) < 0)
        return -EINVAL;
    return is_us(ARG(int, 0)) ? -EPERM /* a session leader stays in its group */ : -ESRCH;
}

// setsid: implemented
SYSCALL(setsid)
{
    return -EPERM; /* it leads a session already */
}

/* ---- children: there are none, and never will be ---- */

enum { WNOHANG = 1, WUNTRACED = 2, WEXITED = 4, WCONTINUED = 8, WNOWAIT = 0x1000000 };
#define WAIT_LINUX 0xe0000000u /* __WNOTHREAD, __WALL, __WCLONE */

// wait4: implemented
SYSCALL(wait4)
{
    if (ARG(uint32_t, 2) & ~(WAIT_LINUX | WNOHANG | WUNTRACED | WCONTINUED))
        return -EINVAL;
    return ARG(int, 0) == INT32_MIN ? -ESRCH : -ECHILD;
}

// waitid: implemented
SYSCALL(waitid)
{
    enum { P_ALL, P_PID, P_PGID, P_PIDFD };
    uint32_t options = ARG(uint32_t, 3);
    int id = ARG(int, 1);

    if (options & ~(WAIT_LINUX | WNOHANG | WUNTRACED | WEXITED | WCONTINUED | WNOWAIT) ||
        !(options & (WEXITED | WUNTRACED | WCONTINUED)))
        return -EINVAL;
    switch (ARG(int, 0)) {
    case P_ALL: return -ECHILD;
    case P_PID: return id <= 0 ? -EINVAL : -ECHILD;
    case P_PGID: return id < 0 ? -EINVAL : -ECHILD;
    case P_PIDFD: return id < 0 ? -EINVAL : -EBADF;
    default: return -EINVAL;
    }
}

// umask: implemented
SYSCALL(umask)
{
    uint32_t old = process.umask;

    process.umask = ARG(uint32_t, 0) & 0777;
    return old;
}

// personality: partial: PER_LINUX only, with no flag but ADDR_NO_RANDOMIZE, which is kept for execve
SYSCALL(personality)
{
    enum { ADDR_NO_RANDOMIZE = 0x40000 };
    uint32_t old = process.personality, new = ARG(uint32_t, 0);

    if (new == UINT32_MAX)
        return old;
    if (new & ~(uint32_t)ADDR_NO_RANDOMIZE)
        return -EINVAL;
    process.personality = new;
    return old;
}

/* ---- limits ---- */

static long set_limit(unsigned which, const struct rlimit64 *to)
{
    struct rlimit64 *limit = &process.limits[which];

    if (to->soft > to->hard)
        return -EINVAL;
    if (which == RLIMIT_NOFILE && to->hard > NOFILE_MAX)
        return -EPERM;
    if (to->hard > limit->hard && !capable(CAP_SYS_RESOURCE))
        return -EPERM;
    *limit = *to;
    return 0;
}

// getrlimit: implemented
SYSCALL(getrlimit)
{
    if (ARG(uint32_t, 0) >= RLIMIT_COUNT)
        return -EINVAL;
    return USER_PUT(sc->arg[1], process.limits[ARG(uint32_t, 0)]);
}

// setrlimit: partial: kept and told; enforced are RLIMIT_NOFILE, FSIZE, DATA, STACK, AS, MEMLOCK, SIGPENDING, NPROC
SYSCALL(setrlimit)
{
    struct rlimit64 to;

    if (USER_GET(to, sc->arg[1]))
        return -EFAULT;
    return ARG(uint32_t, 0) < RLIMIT_COUNT ? set_limit(ARG(uint32_t, 0), &to) : -EINVAL;
}

// prlimit64: partial: as setrlimit
SYSCALL(prlimit64)
{
    unsigned which = ARG(uint32_t, 1);
    struct rlimit64 to, old;
    long error = 0;

    if (which >= RLIMIT_COUNT)
        return -EINVAL;
    if (sc->arg[2] && USER_GET(to, sc->arg[2]))
        return -EFAULT;
    if (ARG(int, 0) && !thread_find(ARG(int, 0)))
        return -ESRCH;
    old = process.limits[which];
    if (sc->arg[2])
        error = set_limit(which, &to);
    return !error && sc->arg[3] && USER_PUT(sc->arg[3], old) ? -EFAULT : error;
}

/* ---- usage ---- */

struct rusage64 {
    int64_t user_sec, user_usec, system_sec, system_usec;
    int64_t maxrss; /* KiB */
    int64_t more[13];
};

// getrusage: partial: CPU time (all of it as the program's own) and memory; no counters of faults and switches
SYSCALL(getrusage)
{
    enum { RUSAGE_CHILDREN = -1, RUSAGE_SELF, RUSAGE_THREAD };
    struct rusage64 usage = {0};
    struct mm_usage memory;
    int who = ARG(int, 0);

    if (who < RUSAGE_CHILDREN || who > RUSAGE_THREAD)
        return -EINVAL;
    if (who != RUSAGE_CHILDREN) {
        uint64_t cpu = who == RUSAGE_THREAD ? thread_cpu_time(current) : plat_clock_cpu();
        usage.user_sec = (int64_t)(cpu / NSEC_PER_SEC);
        usage.user_usec = (int64_t)(cpu % NSEC_PER_SEC / 1000);
        mm_usage(&memory);
        usage.maxrss = (int64_t)(memory.resident / 1024);
    }
    return USER_PUT(sc->arg[1], usage);
}
