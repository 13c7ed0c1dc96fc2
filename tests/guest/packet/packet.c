/* SPDX-License-Identifier: Apache-2.0 */
/* AF_PACKET on the loopback device: what it sees of our own datagrams, and what it sends. */
#include "../check.h"
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static const char mark[] = "guest packet frame";
static int udp, other;
static struct sockaddr_in to;

static void send_marked(void)
{
    must(sendto(udp, mark, sizeof mark, 0, (void *)&to, sizeof to));
}

/* The next frame that is ours, within a second: others use the host's loopback too. */
static ssize_t next(int fd, unsigned char *frame, size_t room, struct sockaddr_ll *from, int flags)
{
    for (int tries = 0; tries < 200; tries++) {
        struct pollfd one = {fd, POLLIN, 0};
        socklen_t len = sizeof *from;
        if (poll(&one, 1, 1000) == 0)
            return -2;
        ssize_t n = recvfrom(fd, frame, room, flags, (void *)from, &len);
        if (n < 0 || memmem(frame, (size_t)n < room ? (size_t)n : room, "guest packet", 12)) {
            fact("name", len);
            return n;
        }
    }
    return -3;
}

static void show(const char *what, int fd)
{
    unsigned char frame[2000];
    struct sockaddr_ll from;
    ssize_t n = next(fd, frame, sizeof frame, &from, 0);

    printf("%s: %zd, protocol %#x, device %d, hardware %d, kind %d, address of %d\n", what, n,
           ntohs(from.sll_protocol), from.sll_ifindex, from.sll_hatype, from.sll_pkttype,
           from.sll_halen);
}

int main(void)
{
    struct sockaddr_ll ll = {.sll_family = AF_PACKET,
                             .sll_protocol = htons(ETH_P_ALL),
                             .sll_ifindex = 1},
                       got;
    socklen_t len = sizeof got;
    unsigned char frame[2000];

    setvbuf(stdout, NULL, _IOLBF, 0);
    alarm(60);
    to = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    udp = must(socket(AF_INET, SOCK_DGRAM, 0));
    other = must(socket(AF_INET, SOCK_DGRAM, 0));
    must(bind(other, (void *)&to, sizeof to));
    len = sizeof to;
    must(getsockname(other, (void *)&to, &len));

    result("streams", socket(AF_PACKET, SOCK_STREAM, 0));
    int all = must(socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)));
    len = sizeof got;
    result("name", getsockname(all, (void *)&got, &len));
    printf("%u: protocol %#x, device %d\n", (unsigned)len, ntohs(got.sll_protocol),
           got.sll_ifindex);
    result("bind", bind(all, (void *)&ll, sizeof ll));
    len = sizeof got;
    getsockname(all, (void *)&got, &len);
    printf("%u: protocol %#x, device %d, hardware %d, address of %d\n", (unsigned)len,
           ntohs(got.sll_protocol), got.sll_ifindex, got.sll_hatype, got.sll_halen);
    result("peer", getpeername(all, (void *)&got, &len));
    result("short name", bind(all, (void *)&ll, 10));
    ll.sll_ifindex = 9999;
    result("no device", bind(all, (void *)&ll, sizeof ll));
    ll.sll_ifindex = 1;
    ll.sll_family = AF_INET;
    result("family", bind(all, (void *)&ll, sizeof ll));
    ll.sll_family = AF_PACKET;
    send_marked();
    show("as it goes out", all);
    show("as it comes in", all);
    int ip = must(socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP)));
    ll.sll_protocol = htons(ETH_P_IP);
    must(bind(ip, (void *)&ll, sizeof ll));
    send_marked();
    ssize_t n = next(ip, frame, sizeof frame, &got, 0);
    printf("without the header: %zd, version %d, kind %d\n", n, frame[0] >> 4, got.sll_pkttype);
    send_marked();
    n = next(ip, frame, 60, &got, MSG_TRUNC);
    fact("cut", n);
    result("statistics", (len = sizeof(struct tpacket_stats),
                          getsockopt(ip, SOL_PACKET, PACKET_STATISTICS, frame, &len)));
    fact("length", len);
    while (recv(all, frame, sizeof frame, MSG_DONTWAIT) >= 0)
        ;

    /* A frame of our own: to ourselves over the loopback device. */
    send_marked();
    n = next(all, frame, sizeof frame, &got, 0);
    fact("a frame", n);
    while (recv(all, frame + 1000, 1000, MSG_DONTWAIT) >= 0)
        ;
    while (recv(ip, frame + 1000, 1000, MSG_DONTWAIT) >= 0)
        ;
    ll.sll_protocol = 0;
    frame[14 + 20 + 6] = frame[14 + 20 + 7] = 0; /* as it was seen its checksum was not made yet */
    result("send it again", sendto(all, frame, (size_t)n, 0, (void *)&ll, sizeof ll));
    show("it comes in", ip);
    result("bound: send", send(all, frame, (size_t)n, 0));
    show("it comes in", ip);
    ll.sll_protocol = htons(ETH_P_IP);
    ll.sll_halen = 6;
    result("header made", sendto(ip, frame + 14, (size_t)n - 14, 0, (void *)&ll, sizeof ll));
    show("others see it go out", all);
    show("and come in", all);
    result("no address for a header", send(ip, frame, 60, 0));
    result("too short", send(all, frame, 10, 0));
    int unbound = must(socket(AF_PACKET, SOCK_RAW, 0));
    result("no device", send(unbound, frame, 60, 0));
    static unsigned char big[70000];
    result("too long", send(all, big, sizeof big, 0));
    struct packet_mreq m = {.mr_ifindex = 1, .mr_type = PACKET_MR_PROMISC};
    result("promiscuous", setsockopt(all, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &m, sizeof m));
    result("no more", setsockopt(all, SOL_PACKET, PACKET_DROP_MEMBERSHIP, &m, sizeof m));
    result("was not", setsockopt(all, SOL_PACKET, PACKET_DROP_MEMBERSHIP, &m, sizeof m));
    m.mr_ifindex = 9999;
    result("no device", setsockopt(all, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &m, sizeof m));
    result("unknown option", setsockopt(all, SOL_PACKET, 999, &m, sizeof m));
    result("listen", listen(all, 1));
    result("connect", connect(all, (void *)&ll, sizeof ll));
    result("shutdown", shutdown(all, SHUT_RD));
    return 0;
}
