/* SPDX-License-Identifier: Apache-2.0 */
/*
 * membarrier(2): memory barriers on all CPUs that run the program. There is one CPU, and a switch of threads orders
 * what both did; so nothing is left to do but to answer as Linux does.
 */
#include <u2k/process.h>
#include <u2k/syscall.h>

enum {
    CMD_QUERY = 0,
    CMD_GLOBAL = 1 << 0,
    CMD_GLOBAL_EXPEDITED = 1 << 1,
    CMD_REGISTER_GLOBAL_EXPEDITED = 1 << 2,
    CMD_PRIVATE_EXPEDITED = 1 << 3,
    CMD_REGISTER_PRIVATE_EXPEDITED = 1 << 4,
    CMD_PRIVATE_EXPEDITED_SYNC_CORE = 1 << 5,
    CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE = 1 << 6,
    CMD_GET_REGISTRATIONS = 1 << 9,
    SUPPORTED = (1 << 7) - 1,
};

static unsigned registered; /* CMD_REGISTER_* */

static long barrier(unsigned registration)
{
    return registered & registration ? 0 : -EPERM;
}

// membarrier: partial: no restartable sequences (rseq is absent): EINVAL
SYSCALL(membarrier)
{
    if (ARG(unsigned, 1)) /* flags go with restartable sequences only */
        return -EINVAL;
    switch (ARG(int, 0)) {
    case CMD_QUERY: return SUPPORTED | CMD_GET_REGISTRATIONS;
    case CMD_GLOBAL:
    case CMD_GLOBAL_EXPEDITED: return 0;
    case CMD_PRIVATE_EXPEDITED: return barrier(CMD_REGISTER_PRIVATE_EXPEDITED);
    case CMD_PRIVATE_EXPEDITED_SYNC_CORE: return barrier(CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE);
    case CMD_REGISTER_GLOBAL_EXPEDITED:
    case CMD_REGISTER_PRIVATE_EXPEDITED:
    case CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE: registered |= ARG(unsigned, 0); return 0;
    case CMD_GET_REGISTRATIONS: return registered;
    default: return -EINVAL;
    }
}
