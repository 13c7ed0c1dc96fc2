/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that wait on one epoll, and that change it while another waits. */
#include "events.h"
#include <pthread.h>
#include <sys/eventfd.h>

static int epoll, event;
static int woken;

static void *wait_one(void *argument)
{
    struct epoll_event one;
    int count = epoll_wait(epoll, &one, 1, 5000);
    eventfd_t value;

    if (count == 1 && eventfd_read(event, &value) == 0)
        __sync_fetch_and_add(&woken, (int)value);
    return argument;
}

static void *add_watch(void *argument)
{
    must(control(epoll, EPOLL_CTL_ADD, event, EPOLLIN, 1));
    return argument;
}

static void *change_watch(void *argument)
{
    must(control(epoll, EPOLL_CTL_MOD, event, EPOLLIN, 2));
    return argument;
}

static void *write_some(void *argument)
{
    for (int i = 0; i < 1000; i++)
        must(eventfd_write(event, 1));
    return argument;
}

static void one_each(void)
{
    enum { COUNT = 8 };
    pthread_t all[COUNT];

    event = (int)must(eventfd(0, EFD_SEMAPHORE));
    must(control(epoll, EPOLL_CTL_ADD, event, EPOLLIN, 1));
    for (int i = 0; i < COUNT; i++)
        pthread_create(&all[i], NULL, wait_one, NULL);
    for (int i = 0; i < COUNT; i++)
        must(eventfd_write(event, 1));
    for (int i = 0; i < COUNT; i++)
        pthread_join(all[i], NULL);
    fact("each had one", woken);
    close(event);
}

static void while_waiting(void *(*change)(void *), unsigned before)
{
    pthread_t other;
    struct epoll_event one;

    event = (int)must(eventfd(1, 0));
    if (before != 1)
        must(control(epoll, EPOLL_CTL_ADD, event, before, 0));
    pthread_create(&other, NULL, change, NULL);
    result("comes while waiting", epoll_wait(epoll, &one, 1, 5000));
    fact("data", (long long)one.data.u64);
    pthread_join(other, NULL);
    close(event);
}

static void stream_of_events(void)
{
    pthread_t other;
    struct epoll_event one;
    eventfd_t value, total = 0;

    event = (int)must(eventfd(0, EFD_NONBLOCK));
    must(control(epoll, EPOLL_CTL_ADD, event, EPOLLIN | EPOLLET, 1));
    pthread_create(&other, NULL, write_some, NULL);
    while (total < 1000 && epoll_wait(epoll, &one, 1, 5000) == 1)
        while (eventfd_read(event, &value) == 0)
            total += value;
    pthread_join(other, NULL);
    fact("all came", (long long)total);
}

void check_epoll_threads(void)
{
    epoll = (int)must(epoll_create1(0));
    one_each();
    while_waiting(add_watch, 1);
    while_waiting(change_watch, EPOLLPRI);
    stream_of_events();
}
