/* SPDX-License-Identifier: Apache-2.0 */
/* Epolls that watch epolls, and poll(2) of an epoll. */
#include "events.h"
#include <poll.h>
#include <sys/eventfd.h>

static int new_epoll(void)
{
    return (int)must(epoll_create1(0));
}

static void chain(const char *name, bool from_inside)
{
    int one[9];

    for (int i = 0; i < 9; i++)
        one[i] = new_epoll();
    printf("%s:", name);
    for (int i = 0; i < 8; i++) {
        int at = from_inside ? 7 - i : i;
        printf(" %s",
               control(one[at], EPOLL_CTL_ADD, one[at + 1], EPOLLIN, 0) ? error_name(errno) : "ok");
    }
    printf("\n");
}

static void polled(const char *name, int fd)
{
    struct pollfd one = {fd, POLLIN | POLLOUT, 0};
    int count = poll(&one, 1, 0);

    printf("%s: %d, %#x\n", name, count, (unsigned)one.revents);
}

void check_epoll_nested(void)
{
    int outer = new_epoll(), inner = new_epoll(), third = new_epoll();
    int event = (int)must(eventfd(0, EFD_NONBLOCK));
    eventfd_t value;

    result("nest", control(outer, EPOLL_CTL_ADD, inner, EPOLLIN, 1));
    result("circle", control(inner, EPOLL_CTL_ADD, outer, EPOLLIN, 1));
    result("nest again", control(inner, EPOLL_CTL_ADD, third, EPOLLIN | EPOLLET, 2));
    result("larger circle", control(third, EPOLL_CTL_ADD, outer, EPOLLIN, 1));
    result("not a circle", control(outer, EPOLL_CTL_ADD, third, EPOLLIN, 3));
    result("watch", control(third, EPOLL_CTL_ADD, event, EPOLLIN, 4));
    polled("poll, nothing", outer);
    ready("nothing", outer);
    must(eventfd_write(event, 1));
    polled("poll", outer);
    polled("poll inside", third);
    ready("outer", outer);
    ready("inner, edge", inner);
    ready("inner, no edge", inner);
    ready("outer", outer);
    ready("third", third);
    must(eventfd_read(event, &value));
    polled("poll, nothing", outer);
    ready("nothing", outer);
    must(eventfd_write(event, 1));
    ready("outer", outer);
    close(event);
    ready("closed", outer);
    close(third);
    close(inner);
    ready("all closed", outer);
    chain("from the outside", false);
    chain("from the inside", true);
}
