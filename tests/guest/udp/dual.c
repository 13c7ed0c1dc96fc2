/* SPDX-License-Identifier: Apache-2.0 */
/* Ancillary data on a socket of both versions: each version has options of its own. */
#include "udp.h"

static void told(int fd)
{
    char bytes[16];
    _Alignas(struct cmsghdr) char space[512];
    struct iovec vec = {bytes, sizeof bytes};
    struct msghdr m = {
        .msg_iov = &vec, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};

    result("recvmsg", recvmsg(fd, &m, MSG_DONTWAIT));
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        printf("level %d, type %d:", c->cmsg_level, c->cmsg_type);
        for (size_t i = 0; i < c->cmsg_len - CMSG_LEN(0); i++)
            printf(" %02x", CMSG_DATA(c)[i]);
        printf("\n");
    }
}

static void asked(const char *what, int v4, int v6)
{
    static const int names4[] = {IP_PKTINFO, IP_RECVTTL, IP_RECVTOS};
    static const int names6[] = {IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS};
    struct sockaddr_in6 all = {.sin6_family = AF_INET6}, to6 = {.sin6_family = AF_INET6};
    socklen_t len = sizeof all;
    int fd = (int)must(socket(AF_INET6, SOCK_DGRAM, 0));
    int four = (int)must(socket(AF_INET, SOCK_DGRAM, 0)),
        six = (int)must(socket(AF_INET6, SOCK_DGRAM, 0));

    printf("%s\n", what);
    for (int i = 0; i < 3; i++) {
        int value = -1;
        socklen_t size = sizeof value;
        must(setsockopt(fd, IPPROTO_IP, names4[i], &v4, sizeof v4));
        must(setsockopt(fd, IPPROTO_IPV6, names6[i], &v6, sizeof v6));
        must(getsockopt(fd, IPPROTO_IP, names4[i], &value, &size));
        printf("%d", value);
        must(getsockopt(fd, IPPROTO_IPV6, names6[i], &value, &size));
        printf(" %d\n", value);
    }
    must(bind(fd, NAME(all)));
    must(getsockname(fd, (struct sockaddr *)&all, &len));
    struct sockaddr_in to4 = at("127.0.0.1", ntohs(all.sin6_port));
    to6.sin6_addr = in6addr_loopback;
    to6.sin6_port = all.sin6_port;
    result("to IPv4", sendto(four, "four", 4, 0, NAME(to4)));
    told(fd);
    result("to IPv6", sendto(six, "six", 3, 0, NAME(to6)));
    told(fd);
    close(fd);
    close(four);
    close(six);
}

void dual(void)
{
    asked("none", 0, 0);
    asked("of IPv6", 0, 1);
    asked("of IPv4", 1, 0);
    asked("of both", 1, 1);
}
