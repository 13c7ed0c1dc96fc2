/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets among what is watched: hang-ups, half and whole. */
#include "events.h"
#include <sys/socket.h>

static int pair[2];

static void two(void)
{
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair));
}

void check_sockets(void)
{
    int epoll = (int)must(epoll_create1(0));
    char buffer[1000];

    two();
    must(control(epoll, EPOLL_CTL_ADD, pair[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP, 1));
    ready("new", epoll);
    must(send(pair[1], "abc", 3, 0));
    ready("something to read", epoll);
    must(shutdown(pair[1], SHUT_WR));
    ready("half closed", epoll);
    must(recv(pair[0], buffer, sizeof(buffer), 0));
    ready("half closed, read", epoll);
    close(pair[1]);
    ready("closed", epoll);
    close(pair[0]);
    ready("gone", epoll);
    two();
    must(control(epoll, EPOLL_CTL_ADD, pair[0], EPOLLIN | EPOLLET, 2));
    must(control(epoll, EPOLL_CTL_ADD, pair[1], EPOLLIN | EPOLLOUT | EPOLLET, 3));
    ready("new", epoll);
    ready("no edge", epoll);
    must(send(pair[1], "abc", 3, 0));
    ready("edge", epoll);
    ready("no edge", epoll);
    must(send(pair[1], "abc", 3, 0));
    ready("another edge", epoll);
    must(recv(pair[0], buffer, 2, 0));
    must(control(epoll, EPOLL_CTL_MOD, pair[0], EPOLLIN | EPOLLET, 2));
    close(pair[1]);
    ready("closed", epoll);
    close(pair[0]);
    two();
    must(control(epoll, EPOLL_CTL_ADD, pair[0], EPOLLIN | EPOLLONESHOT, 4));
    must(send(pair[1], "abc", 3, 0));
    ready("once", epoll);
    must(send(pair[1], "abc", 3, 0));
    ready("no more", epoll);
    must(control(epoll, EPOLL_CTL_MOD, pair[0], EPOLLIN | EPOLLONESHOT, 4));
    ready("again", epoll);
    close(pair[1]);
    ready("not even a hang-up", epoll);
    close(pair[0]);
    /* A socket that is passed on stays watched until nobody has it. */
    two();
    int other = (int)must(dup(pair[0]));
    must(control(epoll, EPOLL_CTL_ADD, other, EPOLLIN, 5));
    close(other);
    must(send(pair[1], "abc", 3, 0));
    ready("its other number is closed", epoll);
    close(pair[0]);
    ready("closed", epoll);
}
