/* SPDX-License-Identifier: Apache-2.0 */
/* The groups of checks, one a file. */
#ifndef GUEST_EVENTS_H
#define GUEST_EVENTS_H

#include "../check.h"
#include <sys/epoll.h>
#include <time.h>

void check_epoll(void);
void check_epoll_nested(void);
void check_epoll_threads(void);
void check_eventfd(void);
void check_timerfd(void);
void check_signalfd(void);
void check_splice(void);
void check_inotify(void);
void check_timers(void);
void check_sockets(void);
void check_sendfile(void);
void check_input_level(void);
void check_input_edge(void);
void check_input_once(void);

/* Add, change or take away a watch whose data is `data`. */
static inline int control(int epoll, int op, int fd, unsigned events, uint64_t data)
{
    struct epoll_event event = {.events = events, .data.u64 = data};

    return epoll_ctl(epoll, op, fd, &event);
}

/* What is ready now, in the order of its data. */
static inline void ready(const char *name, int epoll)
{
    struct epoll_event list[64];
    int count = epoll_wait(epoll, list, 64, 0);

    printf("%s: %d", name, count);
    for (uint64_t next = 0; next < 64; next++)
        for (int i = 0; i < count; i++)
            if (list[i].data.u64 == next)
                printf(" %llu:%#x", (unsigned long long)next, list[i].events);
    printf("\n");
}

static inline long long milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

#endif
