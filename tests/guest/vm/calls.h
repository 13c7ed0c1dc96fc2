/* SPDX-License-Identifier: Apache-2.0 */
/* What the guest can ask of the test core. Arguments and results travel as in a system call. */
#ifndef TESTS_VM_CALLS_H
#define TESTS_VM_CALLS_H

enum {
    CALL_WRITE = 1, /* stream, buffer, length: all of it */
    CALL_EXIT = 60,
    CALL_CLOCK_GETTIME = 228, /* Linux's number: the vDSO makes this call */
    CALL_PASS = 1000,         /* standard input to standard output until its end */
    CALL_SLEEP,               /* ns: how long it was */
    CALL_TIMER,               /* ns */
    CALL_TICKS,               /* how often core_interrupt() was entered */
    CALL_WAIT_SIGNAL,
    CALL_WINDOW, /* rows << 16 | columns */
    CALL_RANDOM,
    CALL_PANIC,
    CALL_WILD, /* the core itself writes to a bad address */
    CALL_PROTECT,
    CALL_UNMAP,
    CALL_MOVE,
    CALL_RESIDENT,   /* how many pages of a range are */
    CALL_FREE_PAGES, /* how many there are */
    CALL_FPU_SAVE,
    CALL_FPU_RESTORE,
    CALL_TLS_SET,
    CALL_TLS_GET,
    CALL_THREAD, /* stack pointer, thread pointer: 0 in the new thread */
    CALL_YIELD,
    CALL_VDSO,
    CALL_DIRTY, /* takes all memory: how many of its words are not zero */
};

/* Where the core has mapped what. */
#define CODE_AT 0x400000ul
#define ZERO_AT 0x10000000ul /* private, zero filled */
#define ZERO_LEN 0x10000000ul
#define COPY_AT 0x600000ul /* private copy of pages full of 'x' */
#define COPY_LEN 0x10000ul
#define STACK_TOP 0x7ffffff00000ul

#endif
