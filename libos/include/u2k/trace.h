/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tracing: what the program asks of the library OS, told on the log stream. Linked only where it was
 * asked for (part `trace`); then every system call goes through trace_call(), and costs some 20 ns more.
 * Each thing is told once, the first time, in a line
 *
 *   u2k: trace: call NUMBER                     a system call, there or not
 *   u2k: trace: value NUMBER ARGUMENT VALUE     an argument that chooses what is needed; decimal
 *   u2k: trace: file NUMBER PATH                a call on a path succeeded: the path without links ...
 *   u2k: trace: asked NUMBER PATH               ... and as it was asked for, if that differs, or if it failed
 *   u2k: trace: map PATH                        a file mapped to be executed
 *   u2k: trace: address NUMBER BYTES            a socket address (bind, connect), as in memory, in hex
 *   u2k: trace: exec PATH                       another program begins: what follows is its own
 *   u2k: trace: full                            no room to remember more: what is new is told no more
 *
 * Paths are absolute; bytes that are not from ! to ~, and %, are %XX. Of failed calls only paths below
 * /proc, /sys and /dev are told.
 */
#ifndef U2K_TRACE_H
#define U2K_TRACE_H

#include <u2k/syscall.h>

enum trace_kind {
    TRACE_OPENS = 1,    /* the result is a descriptor of the file */
    TRACE_EXECUTES = 2, /* returns only if it fails */
    TRACE_MAPS = 4,     /* mmap(2) */
    TRACE_BINDS = 8,    /* a socket address is the second argument, its length the third ... */
    TRACE_CONNECTS = 16 /* ... and is told whatever the result is */
};

enum { TRACE_VALUES = 3 };

/* What is of interest in a call's arguments. Places are counted from 1; 0: none. */
struct trace_shape {
    uint8_t path, folder; /* the path, and the descriptor it is relative to */
    uint8_t kind;         /* trace_kind, added up */
    struct {
        uint8_t place;
        uint32_t mask; /* the bits that choose */
    } value[TRACE_VALUES];
};

/* Written by converter/link/tracing.py, out of libos/trace/calls.txt. */
extern const struct trace_shape trace_shapes[]; /* by number */
extern const unsigned trace_shapes_size;
extern const syscall_fn trace_handlers[]; /* what syscall_handlers would be without tracing */

/* Stands in syscall_handlers for every handler. */
long trace_call(struct syscall *sc);

#endif
