/* SPDX-License-Identifier: Apache-2.0 */
/* struct epoll_event: packed on x86-64, so that 32-bit programs have the same (epoll_ctl(2)). */
#ifndef ASM_EPOLL_H
#define ASM_EPOLL_H

#include <u2k/types.h>

struct epoll_event_k {
    uint32_t events;
    uint64_t data;
} PACKED;

#endif
