/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks: what the vDSO's data page holds, and deadlines in time stamps. */
#ifndef VM_X86_64_CLOCK_H
#define VM_X86_64_CLOCK_H

#include <u2k/types.h>

/* The program reads this page; vdso.S knows the offsets. ns = base_ns + ((tsc - base_tsc) * mult >>
 * shift). `sequence` is odd while it is being written, 0 as long as the rate is not known. */
struct clock_page {
    uint32_t sequence, shift;
    uint64_t base_tsc, base_ns, mult;
    uint64_t wall; /* realtime - monotonic, ns */
};

uint64_t clock_tsc_at(uint64_t deadline); /* 0: not known (yet) */

#endif
