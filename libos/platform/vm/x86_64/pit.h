/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VM_X86_64_PIT_H
#define VM_X86_64_PIT_H

#include <u2k/types.h>

bool pit_start(uint64_t tsc);           /* counts from here; false: there is no such chip */
uint64_t pit_elapsed(uint64_t tsc);     /* ns since then; `tsc` is now */
uint64_t pit_tsc_hz(void);              /* over all that time */

#endif
