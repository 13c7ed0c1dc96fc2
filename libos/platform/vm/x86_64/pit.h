/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VM_X86_64_PIT_H
#define VM_X86_64_PIT_H

#include <u2k/types.h>

void pit_quiet(void); /* it counts, and never ticks again; also for those who do not read it */
bool pit_start(uint64_t tsc); /* after that: time is from here; false: there is no such chip */
uint64_t pit_elapsed(uint64_t tsc); /* ns since then; `tsc` is now */
uint64_t pit_tsc_hz(void); /* over all that time */

#endif
