/* SPDX-License-Identifier: Apache-2.0 */
/* Raw ICMP sockets over the loopback device. */
#include "../check.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/socket.h>

#ifndef ICMP_FILTER /* of linux/icmp.h, which does not go with netinet/ip_icmp.h */
#define ICMP_FILTER 1
#endif

static uint16_t sum(const void *data, size_t len)
{
    const uint8_t *p = data;
    uint32_t s = 0;

    for (size_t i = 0; i < len; i += 2)
        s += (uint32_t)(p[i] << 8 | (i + 1 < len ? p[i + 1] : 0));
    while (s >> 16)
        s = (s & 0xffff) + (s >> 16);
    return htons((uint16_t)~s);
}

static struct icmphdr echo(uint16_t id, uint16_t sequence)
{
    struct icmphdr h = {.type = ICMP_ECHO, .un.echo = {htons(id), htons(sequence)}};

    h.checksum = sum(&h, sizeof h);
    return h;
}

/* The next message of ours: others may use the host's loopback. */
static void next(const char *what, int fd, uint16_t id, bool header)
{
    unsigned char b[2000];
    struct sockaddr_in from;

    for (int tries = 0; tries < 100; tries++) {
        struct pollfd one = {fd, POLLIN, 0};
        socklen_t len = sizeof from;
        if (poll(&one, 1, 500) == 0)
            break;
        ssize_t n = recvfrom(fd, b, sizeof b, 0, (void *)&from, &len);
        size_t skip = header && n > 0 ? (b[0] & 15) * 4u : 0;
        struct icmphdr h;
        if (n < (ssize_t)(skip + sizeof h))
            continue;
        memcpy(&h, b + skip, sizeof h);
        if (h.un.echo.id != htons(id))
            continue;
        printf("%s: %zd, type %d, code %d, sequence %d, from %s port %d, sum %s\n", what, n, h.type,
               h.code, ntohs(h.un.echo.sequence), inet_ntoa(from.sin_addr), ntohs(from.sin_port),
               sum(b + skip, (size_t)n - skip) == 0 ? "good" : "bad");
        return;
    }
    printf("%s: nothing\n", what);
}

int main(void)
{
    struct sockaddr_in lo = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}}, name;
    socklen_t len = sizeof name;
    uint16_t id = (uint16_t)(0x4000 | (getpid() & 0xfff));
    struct icmphdr h = echo(id, 1);
    uint32_t filter = 1u << ICMP_ECHO;
    int on = 1, got;

    setvbuf(stdout, NULL, _IOLBF, 0);
    alarm(60);
    result("no protocol", socket(AF_INET, SOCK_RAW, 0));
    int fd = must(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
    result("name", getsockname(fd, (void *)&name, &len));
    printf("%s %d\n", inet_ntoa(name.sin_addr), ntohs(name.sin_port));
    result("send", sendto(fd, &h, sizeof h, 0, (void *)&lo, sizeof lo));
    next("request", fd, id, true);
    next("reply", fd, id, true);
    result("filter", setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof filter));
    len = sizeof filter;
    filter = 0;
    result("is", getsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, &len));
    printf("%#x, %u\n", filter, (unsigned)len);
    h = echo(id, 2);
    result("connect", connect(fd, (void *)&lo, sizeof lo));
    result("send", send(fd, &h, sizeof h, 0));
    next("only the reply", fd, id, true);
    result("peer", getpeername(fd, (void *)&name, &len));
    result("listen", listen(fd, 1));
    struct sockaddr_in other = lo;
    other.sin_addr.s_addr = inet_addr("192.0.2.1");
    result("bind elsewhere", bind(fd, (void *)&other, sizeof other));

    int whole = must(socket(AF_INET, SOCK_RAW, IPPROTO_RAW));
    len = sizeof got;
    result("IP_HDRINCL", getsockopt(whole, IPPROTO_IP, IP_HDRINCL, &got, &len));
    fact("is", got);
    result("set", setsockopt(fd, IPPROTO_IP, IP_HDRINCL, &on, sizeof on));
    struct {
        struct iphdr ip;
        struct icmphdr icmp;
    } packet = {
        {.version = 4, .ihl = 5, .ttl = 9, .protocol = IPPROTO_ICMP, .daddr = lo.sin_addr.s_addr},
        echo(id, 3)};
    result("a header of our own", sendto(whole, &packet, sizeof packet, 0, (void *)&lo, sizeof lo));
    next("reply", fd, id, true);
    result("too short", sendto(whole, &packet, 10, 0, (void *)&lo, sizeof lo));

    int mine = must(socket(AF_INET, SOCK_RAW, 253)), second = must(socket(AF_INET, SOCK_RAW, 253));
    result("another protocol", sendto(mine, "experiment", 10, 0, (void *)&lo, sizeof lo));
    struct pollfd wait = {second, POLLIN, 0};
    poll(&wait, 1, 500);
    unsigned char b[100];
    result("comes with its header", recv(second, b, sizeof b, MSG_DONTWAIT));
    printf("%#x, protocol %d, ttl %d, length %d\n", b[0], b[9], b[8], b[2] << 8 | b[3]);
    result("to its sender too", recv(mine, b, sizeof b, MSG_DONTWAIT));
    return 0;
}
