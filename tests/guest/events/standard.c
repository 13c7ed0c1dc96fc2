/* SPDX-License-Identifier: Apache-2.0 */
/* Standard input and output among what is watched. */
#include "events.h"

/* However it comes in pieces: the whole input arrives, then its end. */
static void drain(const char *name, unsigned how, size_t piece)
{
    int epoll = (int)must(epoll_create1(0));
    static char buffer[100000];
    struct epoll_event list[2];
    unsigned long total = 0, sum = 0;
    ssize_t size = 1;

    fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
    must(control(epoll, EPOLL_CTL_ADD, 0, EPOLLIN | how, 1));
    while (size != 0 && epoll_wait(epoll, list, 2, 10000) == 1) {
        if (how & EPOLLONESHOT)
            must(control(epoll, EPOLL_CTL_MOD, 0, EPOLLIN | how, 1));
        while ((size = read(0, buffer, piece)) > 0) {
            total += (unsigned long)size;
            for (ssize_t i = 0; i < size; i++)
                sum = sum * 31 + (unsigned char)buffer[i];
            if (!(how & EPOLLET))
                break;
        }
    }
    printf("%s: %lu bytes, sum %lu, end %ld\n", name, total, sum, (long)size);
    control(epoll, EPOLL_CTL_DEL, 0, 0, 0);
    must(control(epoll, EPOLL_CTL_ADD, 1, EPOLLOUT, 2));
    ready("output", epoll);
    close(epoll);
}

void check_input_level(void)
{
    drain("level", 0, 1000);
}

void check_input_edge(void)
{
    drain("edge", EPOLLET, 70000);
}

void check_input_once(void)
{
    drain("once", EPOLLONESHOT, 5000);
}
