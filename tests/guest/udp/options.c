/* SPDX-License-Identifier: Apache-2.0 */
/* Options of IP, ancillary data, interfaces. */
#include "udp.h"
#include <time.h>

static void show(int fd, const char *name, int option)
{
    int value = -77;
    socklen_t len = sizeof value;

    if (getsockopt(fd, IPPROTO_IP, option, &value, &len) < 0)
        text(name, error_name(errno));
    else
        printf("%s: %d, %u bytes\n", name, value, (unsigned)len);
}

static void put(int fd, const char *name, int option, int value)
{
    printf("set ");
    result(name, setsockopt(fd, IPPROTO_IP, option, &value, sizeof value));
    show(fd, name, option);
}

void options(void)
{
    struct sockaddr_in a;
    int fd = bound("127.0.0.1", &a), value;
    unsigned char byte = 3;
    socklen_t len;

    show(fd, "IP_TTL", IP_TTL);
    show(fd, "IP_TOS", IP_TOS);
    show(fd, "IP_MTU_DISCOVER", IP_MTU_DISCOVER);
    show(fd, "IP_MULTICAST_TTL", IP_MULTICAST_TTL);
    show(fd, "IP_MULTICAST_LOOP", IP_MULTICAST_LOOP);
    show(fd, "IP_PKTINFO", IP_PKTINFO);
    show(fd, "IP_RECVERR", IP_RECVERR);
    show(fd, "IP_MTU", IP_MTU);
    put(fd, "IP_TTL", IP_TTL, 33);
    put(fd, "IP_TTL", IP_TTL, 0);
    put(fd, "IP_TTL", IP_TTL, 256);
    put(fd, "IP_TTL", IP_TTL, -1);
    put(fd, "IP_TOS", IP_TOS, 0x10);
    put(fd, "IP_MTU_DISCOVER", IP_MTU_DISCOVER, IP_PMTUDISC_DO);
    put(fd, "IP_MTU_DISCOVER", IP_MTU_DISCOVER, 9);
    put(fd, "IP_PKTINFO", IP_PKTINFO, 7);
    put(fd, "IP_RECVTTL", IP_RECVTTL, 1);
    put(fd, "IP_RECVTOS", IP_RECVTOS, 1);
    put(fd, "IP_RECVERR", IP_RECVERR, 1);
    put(fd, "IP_FREEBIND", IP_FREEBIND, 1);
    put(fd, "IP_MULTICAST_TTL", IP_MULTICAST_TTL, 5);
    put(fd, "IP_MULTICAST_TTL", IP_MULTICAST_TTL, -1);
    put(fd, "IP_MULTICAST_TTL", IP_MULTICAST_TTL, 300);
    put(fd, "IP_MULTICAST_LOOP", IP_MULTICAST_LOOP, 0);
    put(fd, "unknown", 222, 1);
    result("a byte", setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &byte, 1));
    len = 1;
    result("get a byte", getsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &byte, &len));
    printf("%d, %u\n", byte, (unsigned)len);
    value = 1;
    result("level of TCP", setsockopt(fd, IPPROTO_TCP, 1, &value, sizeof value));
    result("level of IPv6", setsockopt(fd, IPPROTO_IPV6, 26, &value, sizeof value));
    result("unknown level", setsockopt(fd, 4711, 1, &value, sizeof value));
    len = sizeof value;
    result("get level of TCP", getsockopt(fd, IPPROTO_TCP, 1, &value, &len));
    connect(fd, NAME(a));
    len = sizeof value;
    result("IP_MTU connected", getsockopt(fd, IPPROTO_IP, IP_MTU, &value, &len));
    fact("mtu of loopback", value);
    struct ip_mreq m = {{inet_addr("239.1.2.3")}, {htonl(INADDR_LOOPBACK)}};
    result("join", setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof m));
    result("join again", setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof m));
    result("leave", setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &m, sizeof m));
    result("leave again", setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &m, sizeof m));
    m.imr_multiaddr.s_addr = inet_addr("10.1.2.3");
    result("no group", setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof m));
    m = (struct ip_mreq){{inet_addr("239.1.2.3")}, {inet_addr("192.0.2.7")}};
    result("no such device", setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof m));
    result("short", setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, 4));
    result("bind to lo", setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
    char name[20] = "?";
    len = sizeof name;
    result("bound", getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len));
    text("device", name);
    fact("length", len);
    result("bind to none", setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0));
    result("bind to another", setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "nodev7", 7));
}

static char space[512] __attribute__((aligned(8)));

static void receive(const char *name, int fd, size_t control)
{
    char bytes[32];
    struct sockaddr_in from;
    struct iovec vec = {bytes, sizeof bytes};
    struct msghdr m = {&from, sizeof from, &vec, 1, space, control, 0};
    ssize_t n = recvmsg(fd, &m, 0);

    printf("%s: %zd, name %u, control %zu, flags %#x\n", name, n, (unsigned)m.msg_namelen,
           (size_t)m.msg_controllen, (unsigned)m.msg_flags);
    for (struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        printf("  level %d, type %d, length %zu:", c->cmsg_level, c->cmsg_type,
               (size_t)c->cmsg_len);
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            printf(" device %d, %s", info.ipi_ifindex, inet_ntoa(info.ipi_spec_dst));
            printf(", %s\n", inet_ntoa(info.ipi_addr));
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) {
            int ttl;
            memcpy(&ttl, CMSG_DATA(c), sizeof ttl);
            printf(" %d\n", ttl);
        } else if (c->cmsg_level == SOL_SOCKET) {
            struct timespec stamp, now;
            memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
            clock_gettime(CLOCK_REALTIME, &now);
            printf(" just now: %d\n",
                   stamp.tv_sec >= now.tv_sec - 30 && stamp.tv_sec <= now.tv_sec);
        } else {
            printf(" %d\n", *CMSG_DATA(c));
        }
    }
}

static ssize_t send_with(int fd, const struct sockaddr_in *to, int type, const void *data,
                         size_t len)
{
    struct iovec vec = {"with", 4};
    struct msghdr m = {(void *)to, sizeof *to, &vec, 1, space, CMSG_SPACE(len), 0};
    struct cmsghdr *c = (void *)space;

    memset(space, 0, sizeof space);
    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(len);
    memcpy(CMSG_DATA(c), data, len);
    return sendmsg(fd, &m, 0);
}

void ancillary(void)
{
    struct sockaddr_in a, b;
    int one = bound("127.0.0.1", &a), two = bound("0.0.0.0", &b), on = 1, ttl = 9;
    unsigned char tos = 0x20;
    struct sockaddr_in to = at("127.0.0.1", ntohs(b.sin_port));

    sendto(one, "plain", 5, 0, NAME(to));
    receive("nothing asked for", two, sizeof space);
    result("SO_TIMESTAMP", setsockopt(two, SOL_SOCKET, SO_TIMESTAMP, &on, sizeof on));
    sendto(one, "stamp", 5, 0, NAME(to));
    receive("stamp", two, sizeof space);
    result("SO_TIMESTAMPNS", setsockopt(two, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on));
    sendto(one, "stamp", 5, 0, NAME(to));
    receive("stamp of nanoseconds", two, sizeof space);
    result("no more", setsockopt(two, SOL_SOCKET, SO_TIMESTAMPNS, &(int){0}, sizeof on));
    setsockopt(two, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
    setsockopt(two, IPPROTO_IP, IP_RECVTTL, &on, sizeof on);
    sendto(one, "info", 4, 0, NAME(to));
    receive("info", two, sizeof space);
    setsockopt(two, IPPROTO_IP, IP_RECVTOS, &on, sizeof on);
    setsockopt(one, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
    to = at("127.9.9.9", ntohs(b.sin_port));
    sendto(one, "more", 4, 0, NAME(to));
    receive("another address of ours", two, sizeof space);
    sendto(one, "less", 4, 0, NAME(to));
    receive("less room", two, CMSG_SPACE(12));
    sendto(one, "none", 4, 0, NAME(to));
    receive("no room", two, 4);
    ttl = 77;
    result("ttl", send_with(one, &to, IP_TTL, &ttl, sizeof ttl));
    receive("ttl", two, sizeof space);
    result("tos", send_with(one, &to, IP_TOS, &tos, 1));
    receive("tos", two, sizeof space);
    struct in_pktinfo info = {.ipi_spec_dst = {inet_addr("127.0.0.7")}};
    int any = must(socket(AF_INET, SOCK_DGRAM, 0));
    result("source", send_with(any, &to, IP_PKTINFO, &info, sizeof info));
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    recvfrom(two, space, 10, 0, (void *)&from, &len);
    text("from", inet_ntoa(from.sin_addr));
    info.ipi_spec_dst.s_addr = inet_addr("192.0.2.7");
    works("not ours", send_with(any, &to, IP_PKTINFO, &info, sizeof info));
    ttl = 256;
    result("wrong ttl", send_with(one, &to, IP_TTL, &ttl, sizeof ttl));
    result("short info", send_with(one, &to, IP_PKTINFO, &info, 4));
    result("unknown", send_with(one, &to, 99, &info, 4));
}

void interfaces(void)
{
    struct ifreq r[8];
    struct ifconf c = {.ifc_len = sizeof r, .ifc_ifcu = {.ifcu_buf = (void *)r}};
    struct ifreq one = {0};
    int fd = must(socket(AF_INET, SOCK_DGRAM, 0));

    result("SIOCGIFCONF", ioctl(fd, SIOCGIFCONF, &c));
    text("first", r[0].ifr_name);
    text("address", inet_ntoa(((struct sockaddr_in *)&r[0].ifr_addr)->sin_addr));
    strcpy(one.ifr_name, "lo");
    result("flags", ioctl(fd, SIOCGIFFLAGS, &one));
    printf("%#x\n", (unsigned)one.ifr_flags);
    result("mtu", ioctl(fd, SIOCGIFMTU, &one));
    fact("is", one.ifr_mtu);
    result("index", ioctl(fd, SIOCGIFINDEX, &one));
    fact("is", one.ifr_ifindex);
    result("mask", ioctl(fd, SIOCGIFNETMASK, &one));
    text("is", inet_ntoa(((struct sockaddr_in *)&one.ifr_addr)->sin_addr));
    result("address", ioctl(fd, SIOCGIFADDR, &one));
    text("is", inet_ntoa(((struct sockaddr_in *)&one.ifr_addr)->sin_addr));
    result("hardware", ioctl(fd, SIOCGIFHWADDR, &one));
    fact("family", one.ifr_hwaddr.sa_family);
    one.ifr_ifindex = 1;
    result("name", ioctl(fd, SIOCGIFNAME, &one));
    text("is", one.ifr_name);
    one.ifr_ifindex = 9999;
    result("no such index", ioctl(fd, SIOCGIFNAME, &one));
    strcpy(one.ifr_name, "nodev7");
    result("no such name", ioctl(fd, SIOCGIFFLAGS, &one));
    result("bad pointer", ioctl(fd, SIOCGIFFLAGS, (void *)8));
    fact("if_nametoindex", if_nametoindex("lo"));
    char name[IF_NAMESIZE];
    text("if_indextoname", if_indextoname(1, name));
}
