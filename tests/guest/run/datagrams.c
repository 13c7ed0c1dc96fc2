/* SPDX-License-Identifier: Apache-2.0 */
/* What servers ask of datagrams that come to published ports: on UDP 5353 (IPv4) and 5354 (both versions) each is
 * answered with what its ancillary data says, by sendmsg(2) from the address that it came to, as DNS servers do.
 * Before, the queue of errors is looked at, where the datagram must not be. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct facts {
    char address[INET6_ADDRSTRLEN], device[IF_NAMESIZE];
    int ttl, tos, recent;
};

static int bound(int family, in_port_t port)
{
    static const struct {
        int family, level, name;
    } asked[] = {
        {AF_INET, IPPROTO_IP, IP_PKTINFO},           {AF_INET, IPPROTO_IP, IP_RECVTTL},
        {AF_INET, IPPROTO_IP, IP_RECVTOS},           {AF_INET6, IPPROTO_IPV6, IPV6_RECVPKTINFO},
        {AF_INET6, IPPROTO_IPV6, IPV6_RECVHOPLIMIT}, {AF_INET6, IPPROTO_IPV6, IPV6_RECVTCLASS},
        {AF_INET, SOL_SOCKET, SO_TIMESTAMPNS},       {AF_INET6, SOL_SOCKET, SO_TIMESTAMPNS},
    };
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(family, SOCK_DGRAM, 0), on = 1, error = 0;
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        if (asked[i].family == family)
            error |= setsockopt(fd, asked[i].level, asked[i].name, &on, sizeof on);
    if (family == AF_INET)
        error |= bind(fd, (struct sockaddr *)&four, sizeof four);
    else
        error |= bind(fd, (struct sockaddr *)&six, sizeof six);
    if (error) {
        perror("datagrams");
        exit(1);
    }
    return fd;
}

static void note(struct facts *f, const struct cmsghdr *c)
{
    const void *data = CMSG_DATA(c);
    const struct in_pktinfo *four = data;
    const struct in6_pktinfo *six = data;
    const struct timespec *t = data;
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
        inet_ntop(AF_INET, &four->ipi_addr, f->address, sizeof f->address);
        if_indextoname((unsigned)four->ipi_ifindex, f->device);
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
        inet_ntop(AF_INET6, &six->ipi6_addr, f->address, sizeof f->address);
        if_indextoname(six->ipi6_ifindex, f->device);
    } else if (c->cmsg_type == (c->cmsg_level == IPPROTO_IP ? IP_TTL : IPV6_HOPLIMIT)) {
        memcpy(&f->ttl, data, sizeof f->ttl);
    } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
        f->tos = *(const unsigned char *)data;
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
        memcpy(&f->tos, data, sizeof f->tos);
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
        long age = time(NULL) - t->tv_sec;
        f->recent = age >= -1 && age < 60;
    }
}

/* Only what says where from goes back with the answer. */
static void keep_source(struct msghdr *m)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
        if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) ||
            (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)) {
            size_t len = CMSG_ALIGN(c->cmsg_len);
            memmove(m->msg_control, c, len);
            m->msg_controllen = len;
            return;
        }
    m->msg_controllen = 0;
}

static void answer(int fd)
{
    _Alignas(struct cmsghdr) char control[512];
    char text[256];
    struct sockaddr_in6 from;
    struct iovec v = {text, sizeof text};
    struct msghdr m = {.msg_name = &from,
                       .msg_namelen = sizeof from,
                       .msg_iov = &v,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof control};
    struct facts f = {.address = "none", .device = "none", .ttl = -1, .tos = -1};
    int errors = recv(fd, text, sizeof text, MSG_ERRQUEUE | MSG_DONTWAIT) < 0 ? errno : 0;
    if (recvmsg(fd, &m, 0) < 0)
        return;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
        note(&f, c);
    v.iov_len = (size_t)snprintf(text, sizeof text, "%s %s ttl %d tos %d%s; errors: %s", f.device,
                                 f.address, f.ttl, f.tos, f.recent ? " now" : "",
                                 errors == EAGAIN ? "none" : "wrong");
    keep_source(&m);
    if (sendmsg(fd, &m, 0) < 0)
        perror("sendmsg");
}

int main(void)
{
    struct pollfd fds[] = {{bound(AF_INET, 5353), POLLIN, 0}, {bound(AF_INET6, 5354), POLLIN, 0}};
    if (write(1, "ready\n", 6) != 6)
        return 1;
    for (;;) {
        poll(fds, 2, -1);
        for (int i = 0; i < 2; i++)
            if (fds[i].revents)
                answer(fds[i].fd);
    }
}
