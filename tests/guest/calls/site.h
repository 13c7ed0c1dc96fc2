/* SPDX-License-Identifier: Apache-2.0 */
/* Sites of our own, so that what stands before and behind the call is known. */
#ifndef GUEST_SITE_H
#define GUEST_SITE_H

#include "../check.h"
#include <sys/syscall.h>

/* getppid(2) with something in every register. `behind` gets what the registers were afterwards: rbx, rdx, rsi,
 * rdi, rbp, r8, r9, r10, r12 to r15, then the word in the red zone, the stack pointer's change, and the flags. */
enum { SITE_WORDS = 15 };
long site_registers(uint64_t behind[SITE_WORDS]);

/* A call whose first instruction behind `syscall` is site_target; and the same entered there, with `value`. */
long site_call(long nr, long a, long b, long c);
long site_enter_behind(long value);
/* Calls without arguments whose site has `ret` behind; the second comes in behind the first instruction. */
long site_plain(long nr);
long site_plain_late(long nr);
extern const unsigned char site_instruction[], site_target[], site_end[];

#endif
