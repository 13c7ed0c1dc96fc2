/* SPDX-License-Identifier: Apache-2.0 */
/* What the file systems need from core and the platform, on a host with sanitizers. */
#ifndef STUB_H
#define STUB_H

#include <u2k/platform.h>
#include <u2k/syscall.h>

/* Standard input is `stub_input`, output goes to `stub_output`. */
extern char stub_input[4096], stub_output[65536];
extern char stub_log[512]; /* the last line of the log */
extern size_t stub_input_len, stub_output_len;
extern enum stream_kind stub_kind;
extern uint64_t stub_signals;       /* bit n-1: signal n was sent */
extern void (*stub_while_waiting)(
    void); /* runs when something waits; none: the wait is interrupted */
extern unsigned stub_changes;       /* calls of mm_file_changed() */
extern long stub_allocations;       /* blocks and pages in use */
extern uint64_t stub_now;

void stub_identity(uint32_t uid, uint32_t gid);
void stub_event(enum stream s);

/* A system call with up to six arguments. */
long stub_call(syscall_fn fn, const unsigned long arg[6]);
#define CALL(name, ...) stub_call(sys_##name, (const unsigned long[6]){__VA_ARGS__})
#define P(x) ((unsigned long)(x))

#endif
