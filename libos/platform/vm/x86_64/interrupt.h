/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupt controllers and the one timer. */
#ifndef VM_X86_64_INTERRUPT_H
#define VM_X86_64_INTERRUPT_H

#include <u2k/types.h>

struct regs;

void interrupt_quiet(void); /* before the program runs: nothing comes that nobody asked for */

extern const uint8_t vector_stubs[]; /* entry.S: STUB_SIZE bytes each */
void trap(const uint8_t *stub, struct regs *regs); /* `stub`: behind the vector's */
void trap_leave(struct regs *regs);
void interrupt(unsigned vector); /* call what belongs to it, and end it at the controller */

/* Let the local APIC interrupt at `deadline` (monotonic); TIME_NEVER: no more. */
void interrupt_timer(uint64_t deadline);

/* Interrupt input `gsi` of the I/O APIC calls fn(arg). */
int interrupt_line(unsigned gsi, bool level, void (*fn)(void *), void *arg);

#endif
