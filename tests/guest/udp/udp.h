/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this guest share. */
#ifndef GUEST_UDP_H
#define GUEST_UDP_H

#include "../check.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

void basic(void);
void connected(void);
void ports(void);
void options(void);
void ancillary(void);
void interfaces(void);
void v6(void);
void scopes(void);
void dual(void);
void groups(void);

static inline struct sockaddr_in at(const char *address, int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    inet_pton(AF_INET, address, &a.sin_addr);
    return a;
}
#define NAME(a) (struct sockaddr *)&(a), sizeof(a)

/* A datagram socket on a port of its own. */
static inline int bound(const char *address, struct sockaddr_in *where)
{
    socklen_t len = sizeof *where;
    int fd = (int)must(socket(AF_INET, SOCK_DGRAM, 0));

    *where = at(address, 0);
    must(bind(fd, NAME(*where)));
    must(getsockname(fd, (struct sockaddr *)where, &len));
    return fd;
}

static inline void ready(const char *name, int fd)
{
    struct pollfd one = {fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM | POLLWRNORM, 0};
    int count = poll(&one, 1, 0);

    printf("%s: %d, %#x\n", name, count, (unsigned)one.revents);
}

#endif
