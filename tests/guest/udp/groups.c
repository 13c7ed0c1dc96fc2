/* SPDX-License-Identifier: Apache-2.0 */
/* Groups on the loopback device. */
#include "udp.h"

static int port;

static int listener(const char *group)
{
    struct ip_mreqn m = {.imr_ifindex = 1};
    struct sockaddr_in a = at("0.0.0.0", port);
    socklen_t len = sizeof a;
    int fd = must(socket(AF_INET, SOCK_DGRAM, 0)), on = 1;

    must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    must(bind(fd, NAME(a)));
    must(getsockname(fd, (void *)&a, &len));
    port = ntohs(a.sin_port);
    if (group) {
        inet_pton(AF_INET, group, &m.imr_multiaddr);
        must(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof m));
    }
    return fd;
}

static void hears(const char *what, int fd)
{
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    char bytes[32];
    struct pollfd one = {fd, POLLIN, 0};

    poll(&one, 1, 100);
    ssize_t n = recvfrom(fd, bytes, sizeof bytes, MSG_DONTWAIT, (void *)&from, &len);
    printf("%s: %zd%s%s\n", what, n, n < 0 ? "" : ", from ", n < 0 ? "" : inet_ntoa(from.sin_addr));
}

void groups(void)
{
    int first = listener("239.77.1.1"), second = listener("239.77.1.2"), none = listener(NULL),
        off = 0;
    int sender = must(socket(AF_INET, SOCK_DGRAM, 0));
    struct sockaddr_in one = at("239.77.1.1", port), third = at("239.77.1.3", port);
    struct ip_mreqn m = {.imr_ifindex = 1};
    struct group_req req = {.gr_interface = 1};

    m.imr_address.s_addr = htonl(INADDR_LOOPBACK);
    result("IP_MULTICAST_IF", setsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, &m, sizeof m));
    result("send", sendto(sender, "all", 3, 0, NAME(one)));
    hears("its member", first);
    hears("a member of another", second);
    hears("a member of none", none);
    result("only own groups", setsockopt(second, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off));
    result("send", sendto(sender, "own", 3, 0, NAME(one)));
    hears("its member", first);
    hears("a member of another", second);
    result("nobody's group", sendto(sender, "x", 1, 0, NAME(third)));
    hears("not heard", first);
    result("not to ourselves", setsockopt(sender, IPPROTO_IP, IP_MULTICAST_LOOP, &off, sizeof off));
    result("leave", (memcpy(&req.gr_group, &one, sizeof one),
                     setsockopt(first, IPPROTO_IP, MCAST_LEAVE_GROUP, &req, sizeof req)));
    result("leave again", setsockopt(first, IPPROTO_IP, MCAST_LEAVE_GROUP, &req, sizeof req));
    result("join", setsockopt(first, IPPROTO_IP, MCAST_JOIN_GROUP, &req, sizeof req));
    result("join again", setsockopt(first, IPPROTO_IP, MCAST_JOIN_GROUP, &req, sizeof req));
    struct sockaddr_in named = at("239.77.1.1", 0);
    int exact = must(socket(AF_INET, SOCK_DGRAM, 0));
    result("bind to a group", bind(exact, NAME(named)));
    result("connect to a group", connect(sender, NAME(one)));
    socklen_t len = sizeof named;
    getsockname(sender, (void *)&named, &len);
    text("own address", inet_ntoa(named.sin_addr));
}
