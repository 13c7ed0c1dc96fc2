/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6, and both versions on one socket. */
#include "udp.h"

#define NAME6(a) (struct sockaddr *)&(a), sizeof(a)

static struct sockaddr_in6 at6(const char *address, int port)
{
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};

    inet_pton(AF_INET6, address, &a.sin6_addr);
    return a;
}

static const char *shown(const struct sockaddr_in6 *a)
{
    static char text[INET6_ADDRSTRLEN];

    return inet_ntop(AF_INET6, &a->sin6_addr, text, sizeof text);
}

static int bound6(const char *address, struct sockaddr_in6 *where, int only)
{
    socklen_t len = sizeof *where;
    int fd = (int)must(socket(AF_INET6, SOCK_DGRAM, 0));

    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
    *where = at6(address, 0);
    must(bind(fd, NAME6(*where)));
    must(getsockname(fd, (struct sockaddr *)where, &len));
    return fd;
}

static void from(const char *what, int fd)
{
    struct sockaddr_in6 name;
    socklen_t len = sizeof name;
    char bytes[64];
    ssize_t n = recvfrom(fd, bytes, sizeof bytes, MSG_DONTWAIT, (void *)&name, &len);

    printf("%s: %zd", what, n);
    if (n >= 0)
        printf(", %u bytes of name, family %d, from %s", (unsigned)len, name.sin6_family,
               name.sin6_family == AF_INET6 ? shown(&name) : "IPv4");
    printf("\n");
}

static void show(int fd, const char *name, int option)
{
    int value = -77;
    socklen_t len = sizeof value;

    if (getsockopt(fd, IPPROTO_IPV6, option, &value, &len) < 0)
        text(name, error_name(errno));
    else
        printf("%s: %d, %u bytes\n", name, value, (unsigned)len);
}

static void put(int fd, const char *name, int option, int value)
{
    printf("set ");
    result(name, setsockopt(fd, IPPROTO_IPV6, option, &value, sizeof value));
    show(fd, name, option);
}

static struct sockaddr_in6 scoped(const char *address, int port, unsigned device)
{
    struct sockaddr_in6 a = at6(address, port);

    a.sin6_scope_id = device;
    return a;
}

static void bound_to_nowhere(int type, const char *far)
{
    struct sockaddr_in6 nowhere = scoped(far, 9, 99), name;
    static const char *const own[] = {"::ffff:127.0.0.1", "::ffff:0.0.0.0", "::1", "::"};

    for (unsigned i = 0; i < sizeof own / sizeof *own; i++) {
        int fd = (int)must(socket(AF_INET6, type, 0));
        result("connect by no device", connect(fd, NAME6(nowhere)));
        name = at6(own[i], 0);
        result(own[i], bind(fd, NAME6(name)));
        close(fd);
    }
}

static void device(int fd)
{
    int value = -77;
    socklen_t len = sizeof value;

    getsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &value, &len);
    printf("device %d\n", value);
}

/* A destination's device is for one datagram; that of a connection stays. */
void scopes(void)
{
    struct sockaddr_in6 home, name, own;
    int one = bound6("::1", &home, 1), fd = (int)must(socket(AF_INET6, SOCK_DGRAM, 0));
    socklen_t len = sizeof own;

    name = scoped("ff02::1", 9, 99);
    result("a group by no device", sendto(fd, "x", 1, 0, NAME6(name)));
    name = scoped("fe80::1", 9, 99);
    result("a neighbour by no device", sendto(fd, "x", 1, 0, NAME6(name)));
    result("home", sendto(fd, "home", 4, 0, NAME6(home)));
    from("receive", one);
    name = scoped("ff02::1", 9, 1);
    result("a group by loopback", sendto(fd, "x", 1, 0, NAME6(name)));
    result("home", sendto(fd, "home", 4, 0, NAME6(home)));
    from("receive", one);
    name = scoped("::1", ntohs(home.sin6_port), 99);
    result("the device of what needs none", sendto(fd, "home", 4, 0, NAME6(name)));
    from("receive", one);
    bound_to_nowhere(SOCK_DGRAM, "ff02::1");
    bound_to_nowhere(SOCK_DGRAM, "fe80::1");
    bound_to_nowhere(SOCK_STREAM, "fe80::1");
    fd = (int)must(socket(AF_INET6, SOCK_DGRAM, 0));
    name = scoped("fe80::1", 0, 99);
    result("bind by no device", bind(fd, NAME6(name)));
    name = at6("::1", 0);
    result("bind", bind(fd, NAME6(name)));
    fd = (int)must(socket(AF_INET6, SOCK_DGRAM, 0));
    name = scoped("ff02::1", 9, 1);
    result("connect to a group", connect(fd, NAME6(name)));
    getsockname(fd, (void *)&own, &len);
    printf("scope %u\n", own.sin6_scope_id);
    device(fd);
    name = scoped("ff02::1", 9, 99);
    result("and by another device", connect(fd, NAME6(name)));
    device(fd);
    result("send by another", sendto(fd, "x", 1, 0, NAME6(name)));
    name = scoped("ff05::1", 9, 99);
    result("a wider group by another", connect(fd, NAME6(name)));
    result("to nobody", connect(fd, (const void *)&(struct sockaddr){.sa_family = AF_UNSPEC}, 16));
    device(fd);
    name = at6("ff02::1", 9);
    result("connect by any", connect(fd, NAME6(name)));
    device(fd);
}

void v6(void)
{
    struct sockaddr_in6 a, b, both, name;
    struct sockaddr_in four;
    socklen_t len = sizeof name;
    int one = bound6("::1", &a, 1), dual = bound6("::", &both, 0), only = bound6("::", &b, 1);

    text("own name", shown(&a));
    result("send", sendto(one, "six", 3, 0, NAME6(a)));
    from("receive", one);
    name = at6("::1", ntohs(both.sin6_port));
    result("to both", sendto(one, "six", 3, 0, NAME6(name)));
    from("receive", dual);
    four = at("127.0.0.1", ntohs(both.sin6_port));
    int v4 = must(socket(AF_INET, SOCK_DGRAM, 0));
    result("IPv4 to both", sendto(v4, "four", 4, 0, NAME(four)));
    from("is mapped", dual);
    four = at("127.0.0.1", ntohs(b.sin6_port));
    sendto(v4, "four", 4, 0, NAME(four));
    from("not for IPv6 only", only);
    struct sockaddr_in where;
    int receiver = bound("127.0.0.1", &where);
    name = at6("::ffff:127.0.0.1", ntohs(where.sin_port));
    result("a mapped destination", sendto(dual, "map", 3, 0, NAME6(name)));
    len = sizeof four;
    char bytes[64];
    result("receive", recvfrom(receiver, bytes, sizeof bytes, 0, (void *)&four, &len));
    printf("%s, port is the sender's: %d\n", inet_ntoa(four.sin_addr),
           four.sin_port == both.sin6_port);
    result("mapped, IPv6 only", sendto(only, "map", 3, 0, NAME6(name)));
    result("an address of IPv4", sendto(dual, "four", 4, 0, NAME(where)));
    from("receive", receiver);
    result("connect mapped", connect(dual, NAME6(name)));
    len = sizeof name;
    getsockname(dual, (void *)&name, &len);
    text("own", shown(&name));
    len = sizeof name;
    getpeername(dual, (void *)&name, &len);
    text("peer", shown(&name));
    name = at6("::", ntohs(a.sin6_port));
    int fresh = must(socket(AF_INET6, SOCK_DGRAM, 0));
    len = sizeof name;
    struct sockaddr_in6 own;
    getsockname(fresh, (void *)&own, &len);
    printf("before: %s, %u\n", shown(&own), (unsigned)len);
    result("connect to any", connect(fresh, NAME6(name)));
    getpeername(fresh, (void *)&name, &len);
    text("is", shown(&name));
    result("send", send(fresh, "any", 3, 0));
    from("receive", one);
    close(one);
    result("nobody there", send(fresh, "x", 1, 0));
    result("told", recv(fresh, bytes, 1, 0));
    fresh = must(socket(AF_INET6, SOCK_DGRAM, 0));
    result("short name", bind(fresh, (void *)&a, 20));
    result("of IPv4", bind(fresh, NAME(where)));
    name = at6("2001:db8::1", 0);
    result("not ours", bind(fresh, NAME6(name)));
    name = at6("fe80::1", 0);
    result("link-local without a device", bind(fresh, NAME6(name)));
    name = at6("::ffff:127.0.0.1", 0);
    result("mapped", bind(fresh, NAME6(name)));
    len = sizeof name;
    getsockname(fresh, (void *)&name, &len);
    text("is", shown(&name));
    result("late", setsockopt(fresh, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int)));
    fresh = must(socket(AF_INET6, SOCK_DGRAM, 0));
    setsockopt(fresh, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int));
    name = at6("::ffff:127.0.0.1", 0);
    result("mapped, IPv6 only", bind(fresh, NAME6(name)));
    name = at6("::", ntohs(where.sin_port));
    result("beside one of IPv4", bind(fresh, NAME6(name)));
    fresh = must(socket(AF_INET6, SOCK_DGRAM, 0));
    result("both, beside one of IPv4", bind(fresh, NAME6(name)));
    four = at("0.0.0.0", ntohs(b.sin6_port));
    fresh = must(socket(AF_INET, SOCK_DGRAM, 0));
    result("IPv4 beside IPv6 only", bind(fresh, NAME(four)));
    four = at("0.0.0.0", ntohs(both.sin6_port));
    fresh = must(socket(AF_INET, SOCK_DGRAM, 0));
    result("IPv4 beside both", bind(fresh, NAME(four)));

    fresh = must(socket(AF_INET6, SOCK_DGRAM, 0));
    show(fresh, "IPV6_V6ONLY", IPV6_V6ONLY);
    show(fresh, "IPV6_UNICAST_HOPS", IPV6_UNICAST_HOPS);
    show(fresh, "IPV6_MULTICAST_HOPS", IPV6_MULTICAST_HOPS);
    show(fresh, "IPV6_MULTICAST_LOOP", IPV6_MULTICAST_LOOP);
    show(fresh, "IPV6_TCLASS", IPV6_TCLASS);
    show(fresh, "IPV6_MTU_DISCOVER", IPV6_MTU_DISCOVER);
    put(fresh, "IPV6_UNICAST_HOPS", IPV6_UNICAST_HOPS, 12);
    put(fresh, "IPV6_UNICAST_HOPS", IPV6_UNICAST_HOPS, 300);
    put(fresh, "IPV6_TCLASS", IPV6_TCLASS, 0x20);
    put(fresh, "IPV6_RECVPKTINFO", IPV6_RECVPKTINFO, 1);
    put(fresh, "IPV6_RECVERR", IPV6_RECVERR, 1);
    put(fresh, "unknown", 222, 1);
    result("short", setsockopt(fresh, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &(int){1}, 2));

    setsockopt(only, IPPROTO_IPV6, IPV6_RECVPKTINFO, &(int){1}, sizeof(int));
    setsockopt(only, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &(int){1}, sizeof(int));
    name = at6("::1", ntohs(b.sin6_port));
    sendto(fresh, "info", 4, 0, NAME6(name));
    char space[256];
    struct iovec vec = {bytes, sizeof bytes};
    struct msghdr m = {
        .msg_iov = &vec, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    result("recvmsg", recvmsg(only, &m, MSG_DONTWAIT));
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        printf("level %d, type %d, length %zu", c->cmsg_level, c->cmsg_type, (size_t)c->cmsg_len);
        if (c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            printf(" device %u", info.ipi6_ifindex);
        } else if (c->cmsg_type == IPV6_HOPLIMIT) {
            printf(" %d", *(int *)(void *)CMSG_DATA(c));
        }
        printf("\n");
    }
}
