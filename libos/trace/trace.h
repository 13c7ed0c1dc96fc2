/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of tracing: what was told before, and how a line is told. */
#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include <u2k/types.h>

/* seen.c: whether a thing is new; it is remembered then. */
bool seen_first(uint64_t what);
void seen_forget(void);
uint64_t seen_hash(uint64_t start, const void *data, size_t len); /* start: another hash, or 0 */

/* tell.c: one line. `path` may be NULL, `bytes` are shown in hex. */
void tell_call(long nr);
void tell_value(long nr, unsigned argument, unsigned long value);
void tell_path(const char *what, long nr, const char *path); /* nr < 0: not shown */
void tell_bytes(const char *what, long nr, const uint8_t *bytes, size_t len);
void tell(const char *what);

#endif
