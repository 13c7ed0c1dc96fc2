/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this guest share. */
#ifndef GUEST_TCP_H
#define GUEST_TCP_H

#include "../check.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

void stream(void);
void closing(void);
void connecting(void);
void listening(void);
void options(void);
void urgent(void);
void bulk(void);
void ready_states(void);
void version6(void);

#define NAME(a) (struct sockaddr *)&(a), sizeof(a)

static inline struct sockaddr_in at(const char *address, int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    inet_pton(AF_INET, address, &a.sin_addr);
    return a;
}

static inline int stream_socket(void)
{
    return (int)must(socket(AF_INET, SOCK_STREAM, 0));
}

static inline int listener(struct sockaddr_in *where, int backlog)
{
    socklen_t len = sizeof *where;
    int fd = stream_socket();

    *where = at("127.0.0.1", 0);
    must(bind(fd, NAME(*where)));
    must(listen(fd, backlog));
    must(getsockname(fd, (struct sockaddr *)where, &len));
    return fd;
}

/* A connection: both ends, the listener gone. */
static inline void connection(int end[2])
{
    struct sockaddr_in a;
    int fd = listener(&a, 5);

    end[0] = stream_socket();
    must(connect(end[0], NAME(a)));
    end[1] = (int)must(accept(fd, NULL, NULL));
    must(close(fd));
}

/* Segments take a moment, even here. */
static inline unsigned wait_for(int fd, short events)
{
    struct pollfd one = {fd, events, 0};

    must(poll(&one, 1, 2000));
    return (unsigned)one.revents;
}

static inline void ready(const char *name, int fd)
{
    struct pollfd one = {fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM | POLLWRNORM, 0};
    int count;

    usleep(20000);
    count = poll(&one, 1, 0);
    printf("%s: %d, %#x\n", name, count, (unsigned)one.revents);
}

#endif
