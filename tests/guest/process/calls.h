/* SPDX-License-Identifier: Apache-2.0 */
/* What a test guest asks the test core for: each number is one function of the platform. */
#ifndef CALLS_H
#define CALLS_H

enum {
    CALL_EXIT,
    CALL_WRITE,
    CALL_READ,
    CALL_HANDLER,
    CALL_SIGRETURN,
    CALL_MAP,
    CALL_FAULT,
    CALL_UNMAP,
    CALL_PROTECT,
    CALL_DISCARD,
    CALL_MOVE,
    CALL_RESIDENT,
    CALL_PAGES,
    CALL_TLS_SET,
    CALL_TLS_GET,
    CALL_THREAD,
    CALL_YIELD,
    CALL_TIMER,
    CALL_IDLE,
    CALL_CLOCK,
    CALL_RANDOM,
    CALL_EVENTS,
    CALL_COPY,
    CALL_POLL,
    CALL_LATE,
    CALL_COUNT
};

enum { MAPPED_ZERO, MAPPED_COPY, MAPPED_DIRECT, MAPPED_RESERVE };

/* CALL_EVENTS: counts since the last time, a byte each. */
enum { EVENT_SIGNAL = 0, EVENT_INTERRUPT = 8, EVENT_STREAM = 16, EVENT_RESIZE = 24 };

#endif
