/* SPDX-License-Identifier: Apache-2.0 */
/* futex(2) and the list of robust mutexes. */
#include <u2k/clock.h>
#include <u2k/futex.h>
#include <u2k/log.h>
#include <u2k/process.h>
#include <u2k/syscall.h>
#include <u2k/uaccess.h>

enum {
    FUTEX_WAIT,
    FUTEX_WAKE,
    FUTEX_FD,
    FUTEX_REQUEUE,
    FUTEX_CMP_REQUEUE,
    FUTEX_WAKE_OP,
    FUTEX_LOCK_PI,
    FUTEX_UNLOCK_PI,
    FUTEX_TRYLOCK_PI,
    FUTEX_WAIT_BITSET,
    FUTEX_WAKE_BITSET,
    FUTEX_PRIVATE_FLAG = 128,
    FUTEX_CLOCK_REALTIME = 256
};
#define ROBUST_HEAD_SIZE 24

/* FUTEX_WAIT's timeout is relative, FUTEX_WAIT_BITSET's absolute. */
static long read_deadline(vaddr_t at, bool absolute, bool realtime, uint64_t *deadline)
{
    const struct clock c = {.kind = realtime ? CLOCK_WALL : CLOCK_STEADY};
    struct timespec64 ts;

    *deadline = TIME_NEVER;
    if (!at)
        return 0;
    if (USER_GET(ts, at))
        return -EFAULT;
    if (!timespec_valid(&ts))
        return -EINVAL;
    *deadline = absolute ? clock_deadline(&c, timespec_ns(&ts))
                         : time_add(clock_monotonic(), timespec_ns(&ts));
    return 0;
}

static long wait_for(const struct syscall *sc, int op, uint32_t bitset)
{
    uint64_t deadline;
    bool realtime = ARG(int, 1) & FUTEX_CLOCK_REALTIME;
    long error = read_deadline(sc->arg[3], op == FUTEX_WAIT_BITSET, realtime, &deadline);

    return error ? error : futex_wait(sc->arg[0], ARG(uint32_t, 2), bitset, deadline);
}

/* Linux counts after it has woken one: 0 and negative counts wake one, too. */
static unsigned at_least_one(int count)
{
    return count > 1 ? (unsigned)count : 1;
}

static long requeue(const struct syscall *sc, const uint32_t *expect)
{
    int wake = ARG(int, 2), move = ARG(int, 3);

    if (wake < 0 || move < 0)
        return -EINVAL;
    return futex_requeue(sc->arg[0], sc->arg[4], (unsigned)wake, (unsigned)move, expect);
}

// futex: partial: no priority inheritance (FUTEX_*_PI) and no FUTEX_FD: ENOSYS; shared ones go by address
SYSCALL(futex)
{
    static bool told;
    int op = ARG(int, 1) & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
    uint32_t expect = ARG(uint32_t, 5);

    if (ARG(int, 1) & FUTEX_CLOCK_REALTIME && op != FUTEX_WAIT && op != FUTEX_WAIT_BITSET)
        return -ENOSYS;
    switch (op) {
    case FUTEX_WAIT: return wait_for(sc, op, FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAIT_BITSET: return wait_for(sc, op, ARG(uint32_t, 5));
    case FUTEX_WAKE:
        return futex_wake(sc->arg[0], at_least_one(ARG(int, 2)), FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAKE_BITSET:
        return futex_wake(sc->arg[0], at_least_one(ARG(int, 2)), ARG(uint32_t, 5));
    case FUTEX_REQUEUE: return requeue(sc, NULL);
    case FUTEX_CMP_REQUEUE: return requeue(sc, &expect);
    case FUTEX_WAKE_OP:
        return futex_wake_op(sc->arg[0], sc->arg[4], at_least_one(ARG(int, 2)),
                             at_least_one(ARG(int, 3)), ARG(uint32_t, 5));
    default:
        if (!told)
            log_warning("futex operation %d is not in the library OS: ENOSYS", op);
        told = true;
        return -ENOSYS;
    }
}

// set_robust_list: implemented
SYSCALL(set_robust_list)
{
    if (sc->arg[1] != ROBUST_HEAD_SIZE)
        return -EINVAL;
    current->robust_list = sc->arg[0];
    return 0;
}

// get_robust_list: implemented
SYSCALL(get_robust_list)
{
    int tid = ARG(int, 0);
    struct thread *t = tid ? thread_find(tid) : current;
    uint64_t size = ROBUST_HEAD_SIZE;

    if (!t)
        return -ESRCH;
    if (USER_PUT(sc->arg[2], size))
        return -EFAULT;
    return USER_PUT(sc->arg[1], t->robust_list);
}
