/* SPDX-License-Identifier: Apache-2.0 */
/* The scheduler, as the rest of core/ sees it. */
#ifndef CORE_SCHED_H
#define CORE_SCHED_H

#include <u2k/sched.h>

/* The running thread gives up the CPU: its state says whether it is READY, WAITING or DEAD. */
void schedule(void);

/* Where there are threads: the CPU goes to `next`, which is running. */
void sched_switch(struct thread *next);

/* thread_exit() where there are none but the first. */
NORETURN void thread_exit_alone(void);

/* A thread may run (again), with nothing said about why. */
void sched_ready(struct thread *t);

/* About to return to the program: the platform's timer is set to what has to end that. */
void sched_arm(void);

/* The platform's timer or a device interrupted the program. */
void sched_interrupted(void);

/* A signal is there for `t`: ends an interruptible wait. */
void sched_interrupt_wait(struct thread *t);

#endif
