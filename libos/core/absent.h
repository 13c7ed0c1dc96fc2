/* SPDX-License-Identifier: Apache-2.0 */
/* System calls that this unikernel does not have. */
#ifndef CORE_ABSENT_H
#define CORE_ABSENT_H

struct syscall;

/* Says so once for each number; the result of the call. */
long syscall_absent(long nr, const struct syscall *sc);

#endif
