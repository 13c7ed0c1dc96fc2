/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VM_X86_64_KVMCLOCK_H
#define VM_X86_64_KVMCLOCK_H

#include "clock.h"

bool kvmclock_start(void);                    /* false: not offered */
bool kvmclock_read(struct clock_page *out);   /* base, mult and shift as they are now */
bool kvmclock_stable(void);                   /* they do not change any more */
bool kvmclock_wall(uint64_t *boot);           /* realtime when kvmclock showed 0, ns */

#endif
