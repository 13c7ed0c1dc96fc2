/* SPDX-License-Identifier: Apache-2.0 */
/* What the platform calls, for cores that have no program worth the name, and one network: for one file each. */
#ifndef NO_PROGRAM_H
#define NO_PROGRAM_H

#include <u2k/netdev.h>
#include <u2k/platform.h>
#include <u2k/sched.h>
#include <u2k/socket.h>

struct thread *current;
uint32_t net_generation;

/* The condition (IF_LINKED) of the network's part. */
void net_start(void) {}
unsigned waitq_wake(struct waitq *q, unsigned n, unsigned events)
{
    (void)q, (void)n;
    return events != 0;
}
void core_syscall(struct regs *regs)
{
    (void)regs;
}
void core_fault(struct regs *regs, const struct fault *f)
{
    (void)f;
    plat_panic("fault", regs);
}
bool core_fault_kernel(vaddr_t addr, unsigned access)
{
    (void)addr, (void)access;
    return false;
}
bool core_code_at(vaddr_t at, struct code *out)
{
    (void)at, (void)out;
    return false;
}
vaddr_t core_code_room(const struct code *c, size_t len)
{
    (void)c, (void)len;
    return 0;
}
void core_interrupt(struct regs *regs)
{
    (void)regs;
}
void core_stream_event(enum stream s)
{
    (void)s;
}
void core_signal_event(int signo)
{
    plat_exit(128 + signo);
}
void core_resize_event(void) {}

#endif
