/* SPDX-License-Identifier: Apache-2.0 */
/* Signals, as the files of core/ that make them see each other. */
#ifndef CORE_SIGNAL_H
#define CORE_SIGNAL_H

#include <u2k/sched.h>
#include <u2k/signal.h>

/* False: the queue is full. */
bool sigqueue_add(struct sigqueue *q, const struct siginfo *info);
void sigqueue_drop(struct sigqueue *q, uint64_t set);

enum signal_default { DEFAULT_IGNORE, DEFAULT_STOP, DEFAULT_END };
enum signal_default signal_default(int signo);
bool signal_ignored(int signo); /* by its disposition, mask aside */

#endif
