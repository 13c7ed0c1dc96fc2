/* SPDX-License-Identifier: Apache-2.0 */
/* struct epoll_event: as the compiler lays it out. */
#ifndef ASM_EPOLL_H
#define ASM_EPOLL_H

#include <u2k/types.h>

struct epoll_event_k {
    uint32_t events;
    uint64_t data;
};

#endif
