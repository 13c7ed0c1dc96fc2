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
    FUTEX_WAIT_REQUEUE_PI,
    FUTEX_CMP_REQUEUE_PI,
    FUTEX_LOCK_PI2,
    FUTEX_PRIVATE_FLAG = 128,
    FUTEX_CLOCK_REALTIME = 256
};
#define ROBUST_HEAD_SIZE 24

/* FUTEX_WAIT's timeout is relative, that of all others absolute. */
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

/* Linux counts after it has woken one: 0 and negative counts wake one, too. */
static unsigned at_least_one(int count)
{
    return count > 1 ? (unsigned)count : 1;
}

static long requeue(const struct syscall *sc, const struct futex *f, const struct futex *other,
                    const uint32_t *expect)
{
    int wake = ARG(int, 2), move = ARG(int, 3);

    if (wake < 0 || move < 0)
        return -EINVAL;
    return futex_requeue(f, other, (unsigned)wake, (unsigned)move, expect);
}

/* What may wait. */
static long waiting(const struct syscall *sc, int op, const struct futex *f,
                    const struct futex *other)
{
    bool realtime = ARG(int, 1) & FUTEX_CLOCK_REALTIME || op == FUTEX_LOCK_PI;
    uint32_t expect = ARG(uint32_t, 2);
    uint64_t deadline;
    long error = read_deadline(sc->arg[3], op != FUTEX_WAIT, realtime, &deadline);

    if (error)
        return error;
    switch (op) {
    case FUTEX_WAIT: return futex_wait(f, expect, FUTEX_BITSET_MATCH_ANY, deadline);
    case FUTEX_WAIT_BITSET: return futex_wait(f, expect, ARG(uint32_t, 5), deadline);
    case FUTEX_WAIT_REQUEUE_PI:
        return futex_wait_requeue_pi(f, expect, FUTEX_BITSET_MATCH_ANY, deadline, other);
    default: return futex_lock_pi(f, deadline, false);
    }
}

static bool has_clock(int op)
{
    return op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET || op == FUTEX_WAIT_REQUEUE_PI ||
           op == FUTEX_LOCK_PI2;
}

static bool has_second(int op)
{
    return op == FUTEX_REQUEUE || op == FUTEX_CMP_REQUEUE || op == FUTEX_WAKE_OP ||
           op == FUTEX_WAIT_REQUEUE_PI || op == FUTEX_CMP_REQUEUE_PI;
}

static long unknown(int op)
{
    static bool told;

    if (!told)
        log_warning("futex operation %d is not in the library OS: ENOSYS", op);
    told = true;
    return -ENOSYS;
}

// futex: partial: no FUTEX_FD (nor has Linux any more): ENOSYS; all threads have one priority to inherit
SYSCALL(futex)
{
    int op = ARG(int, 1) & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
    bool shared = !(ARG(int, 1) & FUTEX_PRIVATE_FLAG);
    uint32_t expect = ARG(uint32_t, 5);
    struct futex f, other = {0};

    if (op == FUTEX_FD || op < FUTEX_WAIT || op > FUTEX_LOCK_PI2)
        return unknown(op);
    if (ARG(int, 1) & FUTEX_CLOCK_REALTIME && !has_clock(op))
        return -ENOSYS;
    int error = futex_at(sc->arg[0], shared, &f);
    if (!error && has_second(op))
        error = futex_at(sc->arg[4], shared, &other);
    if (error)
        return error;
    switch (op) {
    case FUTEX_WAKE: return futex_wake(&f, at_least_one(ARG(int, 2)), FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAKE_BITSET: return futex_wake(&f, at_least_one(ARG(int, 2)), ARG(uint32_t, 5));
    case FUTEX_REQUEUE: return requeue(sc, &f, &other, NULL);
    case FUTEX_CMP_REQUEUE: return requeue(sc, &f, &other, &expect);
    case FUTEX_WAKE_OP:
        return futex_wake_op(&f, &other, at_least_one(ARG(int, 2)), at_least_one(ARG(int, 3)),
                             ARG(uint32_t, 5));
    case FUTEX_TRYLOCK_PI: return futex_lock_pi(&f, TIME_NEVER, true);
    case FUTEX_UNLOCK_PI: return futex_unlock_pi(&f);
    case FUTEX_CMP_REQUEUE_PI:
        if (ARG(int, 2) != 1 || ARG(int, 3) < 0) /* the lock can be only one thread's */
            return -EINVAL;
        return futex_requeue_pi(&f, &other, ARG(unsigned, 3), expect);
    default: return waiting(sc, op, &f, &other);
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
