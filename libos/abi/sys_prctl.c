/* SPDX-License-Identifier: Apache-2.0 */
/* prctl(2): settings of the process and of a thread. */
#include <u2k/process.h>
#include <u2k/string.h>
#include <u2k/sched.h>
#include <u2k/syscall.h>
#include <u2k/uaccess.h>

enum {
    PR_SET_PDEATHSIG = 1,
    PR_GET_PDEATHSIG,
    PR_GET_DUMPABLE,
    PR_SET_DUMPABLE,
    PR_GET_KEEPCAPS = 7,
    PR_SET_KEEPCAPS,
    PR_SET_NAME = 15,
    PR_GET_NAME,
    PR_CAPBSET_READ = 23,
    PR_CAPBSET_DROP,
    PR_GET_SECUREBITS = 27,
    PR_SET_TIMERSLACK = 29,
    PR_GET_TIMERSLACK,
    PR_SET_CHILD_SUBREAPER = 36,
    PR_GET_CHILD_SUBREAPER,
    PR_SET_NO_NEW_PRIVS,
    PR_GET_NO_NEW_PRIVS,
    PR_GET_TID_ADDRESS,
    PR_CAP_AMBIENT = 47,
};
enum {
    PR_CAP_AMBIENT_IS_SET = 1,
    PR_CAP_AMBIENT_RAISE,
    PR_CAP_AMBIENT_LOWER,
    PR_CAP_AMBIENT_CLEAR_ALL
};
#define CAP_LAST 40 /* CAP_CHECKPOINT_RESTORE */
#define DEFAULT_TIMER_SLACK 50000 /* ns */

static long set_name(vaddr_t from)
{
    char name[sizeof(current->name)] = {0};
    ssize_t len = user_string(name, from, sizeof(name));

    if (len == -EFAULT)
        return len;
    name[sizeof(name) - 1] = 0;
    memcpy(current->name, name, sizeof(name));
    return 0;
}

static long ambient(unsigned long how, unsigned long cap, unsigned long arg4, unsigned long arg5)
{
    struct credentials *c = &process.cred;
    uint64_t bit = 1ull << (cap & 63);

    if (arg4 | arg5)
        return -EINVAL;
    if (how == PR_CAP_AMBIENT_CLEAR_ALL) {
        c->cap_ambient = 0;
        return cap ? -EINVAL : 0;
    }
    if (cap > CAP_LAST)
        return -EINVAL;
    switch (how) {
    case PR_CAP_AMBIENT_IS_SET: return (c->cap_ambient & bit) != 0;
    case PR_CAP_AMBIENT_RAISE:
        if (!(c->cap_permitted & c->cap_inheritable & bit))
            return -EPERM;
        c->cap_ambient |= bit;
        return 0;
    case PR_CAP_AMBIENT_LOWER: c->cap_ambient &= ~bit; return 0;
    default: return -EINVAL;
    }
}

static long set_flag(bool *flag, unsigned long value)
{
    if (value > 1)
        return -EINVAL;
    *flag = value;
    return 0;
}

static long bounding(bool drop, unsigned long cap)
{
    struct credentials *c = &process.cred;

    if (cap > CAP_LAST)
        return -EINVAL;
    if (!drop)
        return (long)(c->cap_bounding >> cap & 1);
    if (!capable(CAP_SETPCAP))
        return -EPERM;
    c->cap_bounding &= ~(1ull << cap);
    return 0;
}

static long death_signal(unsigned long signo)
{
    if (signo > NSIG)
        return -EINVAL;
    process.parent_death_signal = (int)signo;
    return 0;
}

// prctl: partial: names, capabilities, no_new_privs, dumpable, death signal, subreaper; no seccomp, PR_SET_MM, PR_SET_VMA: EINVAL
SYSCALL(prctl)
{
    const unsigned long *arg = sc->arg;
    struct credentials *c = &process.cred;
    int value;

    switch (ARG(int, 0)) {
    case PR_SET_NAME: return set_name(arg[1]);
    case PR_GET_NAME: return USER_PUT(arg[1], current->name);
    case PR_SET_PDEATHSIG: return death_signal(arg[1]);
    case PR_GET_PDEATHSIG: return USER_PUT(arg[1], process.parent_death_signal);
    case PR_GET_DUMPABLE: return c->dumpable;
    case PR_SET_DUMPABLE: return set_flag(&c->dumpable, arg[1]);
    case PR_GET_KEEPCAPS: return c->keep_caps;
    case PR_SET_KEEPCAPS: return set_flag(&c->keep_caps, arg[1]);
    case PR_CAPBSET_READ: return bounding(false, arg[1]);
    case PR_CAPBSET_DROP: return bounding(true, arg[1]);
    case PR_GET_SECUREBITS: return 0;
    case PR_SET_TIMERSLACK:
        process.timer_slack = (long)arg[1] > 0 ? arg[1] : DEFAULT_TIMER_SLACK;
        return 0;
    case PR_GET_TIMERSLACK: return (long)MIN(process.timer_slack, (uint64_t)INT64_MAX);
    case PR_SET_CHILD_SUBREAPER: process.child_subreaper = arg[1] != 0; return 0;
    case PR_GET_CHILD_SUBREAPER: value = process.child_subreaper; return USER_PUT(arg[1], value);
    case PR_SET_NO_NEW_PRIVS:
        if (arg[1] != 1 || arg[2] || arg[3] || arg[4])
            return -EINVAL;
        c->no_new_privs = true;
        return 0;
    case PR_GET_NO_NEW_PRIVS:
        return arg[1] || arg[2] || arg[3] || arg[4] ? -EINVAL : c->no_new_privs;
    case PR_GET_TID_ADDRESS: return USER_PUT(arg[1], current->clear_child_tid);
    case PR_CAP_AMBIENT: return ambient(arg[1], arg[2], arg[3], arg[4]);
    default: return -EINVAL;
    }
}
