/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams, connected and not; what ICMP says of them. */
#include "udp.h"
#include <signal.h>

static char big[70000];

void basic(void)
{
    struct sockaddr_in a, b, from;
    socklen_t len = sizeof from;
    char buffer[64] = {0};
    int one = bound("127.0.0.1", &a), two = bound("0.0.0.0", &b), n = -1;

    signal(SIGPIPE, SIG_DFL);
    yes("ephemeral", ntohs(a.sin_port) >= 32768 && ntohs(a.sin_port) <= 60999);
    yes("another", a.sin_port != b.sin_port);
    ready("fresh", one);
    from = at("127.0.0.1", ntohs(b.sin_port));
    result("send", sendto(one, "hello", 5, 0, NAME(from)));
    ready("to read", two);
    result("FIONREAD", ioctl(two, FIONREAD, &n));
    fact("bytes", n);
    result("peek", recvfrom(two, buffer, 2, MSG_PEEK, (void *)&from, &len));
    text("from", inet_ntoa(from.sin_addr));
    yes("its port", from.sin_port == a.sin_port);
    fact("length of name", len);
    result("length", recv(two, buffer, 2, MSG_PEEK | MSG_TRUNC));
    result("receive", recv(two, buffer, sizeof buffer, 0));
    text("bytes", buffer);
    result("nothing", recv(two, buffer, 1, MSG_DONTWAIT));
    result("empty datagram", sendto(one, "", 0, 0, NAME(b)));
    n = -1;
    ioctl(two, FIONREAD, &n);
    fact("bytes", n);
    ready("empty datagram", two);
    result("receive it", recv(two, buffer, sizeof buffer, 0));
    result("to any address is to ourselves", sendto(one, "any", 3, 0, NAME(b)));
    result("receive", recv(two, buffer, sizeof buffer, 0));
    from = at("127.5.6.7", ntohs(b.sin_port));
    result("all of 127/8", sendto(two, "127", 3, 0, NAME(from)));
    len = sizeof from;
    result("receive", recvfrom(two, buffer, sizeof buffer, 0, (void *)&from, &len));
    text("from", inet_ntoa(from.sin_addr));
    from = at("127.0.0.1", ntohs(b.sin_port));
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 7 + i / 251);
    result("longest", sendto(one, big, 65507, 0, NAME(from)));
    static char got[70000];
    result("receive", recv(two, got, sizeof got, 0));
    yes("same bytes", memcmp(big, got, 65507) == 0);
    result("longer", sendto(one, big, 65508, 0, NAME(from)));
    result("much longer", sendto(one, big, 65536, 0, NAME(from)));
    from.sin_port = 0;
    result("port 0", sendto(one, "x", 1, 0, NAME(from)));
    result("no address", send(one, "x", 1, 0));
    result("short address", sendto(one, "x", 1, 0, (void *)&a, 8));
    from = at("127.0.0.1", ntohs(b.sin_port));
    from.sin_family = AF_INET6;
    result("another family", sendto(one, "x", 1, 0, NAME(from)));
    from = at("255.255.255.255", 4000);
    works("broadcast without leave", sendto(one, "x", 1, 0, NAME(from)));
    result("out of band", sendto(one, "x", 1, MSG_OOB, NAME(b)));
    result("bad buffer", sendto(one, (void *)8, 10, 0, NAME(b)));
    sendto(one, "x", 1, 0, NAME(b));
    result("bad buffer to receive", recv(two, (void *)8, 1, 0));
    result("it is lost or there", recv(two, buffer, 1, MSG_DONTWAIT) >= -1);
    result("peer", getpeername(one, (void *)&from, &len));
    result("listen", listen(one, 1));
    result("accept", accept(one, NULL, NULL));
    result("shutdown unconnected", shutdown(one, SHUT_WR));
    result("send after it", sendto(one, "x", 1, 0, NAME(b)));
    result(
        "nobody there",
        sendto(two, "x", 1, 0,
               NAME(*(&(struct sockaddr_in){AF_INET, htons(1), {htonl(INADDR_LOOPBACK)}, {0}}))));
    result("no error, not connected", recv(two, buffer, 1, MSG_DONTWAIT));
    for (n = 0; n < 100; n++)
        if (sendto(two, "many", 4, 0, NAME(a)) != 4)
            break;
    fact("sent", n);
    for (n = 0; recv(one, buffer, sizeof buffer, MSG_DONTWAIT) == 4; n++)
        ;
    fact("received", n);
    n = 2304;
    setsockopt(one, SOL_SOCKET, SO_RCVBUF, &n, sizeof n);
    for (n = 0; n < 300; n++)
        if (sendto(two, big, 1000, 0, NAME(a)) != 1000)
            break;
    fact("sent", n);
    for (n = 0; recv(one, buffer, sizeof buffer, MSG_DONTWAIT) > 0; n++)
        ;
    yes("some were dropped", n > 0 && n < 20);
}

void connected(void)
{
    struct sockaddr_in a, b, c, name;
    socklen_t len = sizeof name;
    char buffer[64] = {0};
    int one = must(socket(AF_INET, SOCK_DGRAM, 0)), two = bound("127.0.0.1", &b),
        three = bound("127.0.0.1", &c), n;

    result("name before", getsockname(one, (void *)&name, &len));
    printf("%s %d\n", inet_ntoa(name.sin_addr), ntohs(name.sin_port));
    result("connect", connect(one, NAME(b)));
    getsockname(one, (void *)&a, &len);
    text("own address", inet_ntoa(a.sin_addr));
    yes("own port", a.sin_port != 0);
    result("peer", getpeername(one, (void *)&name, &len));
    yes("is", name.sin_port == b.sin_port && name.sin_addr.s_addr == b.sin_addr.s_addr);
    result("send", send(one, "hi", 2, 0));
    result("write", write(one, "there", 5));
    result("receive", recv(two, buffer, sizeof buffer, 0));
    result("receive", recv(two, buffer, sizeof buffer, 0));
    result("a stranger", sendto(three, "strange", 7, 0, NAME(a)));
    result("is not heard", recv(one, buffer, sizeof buffer, MSG_DONTWAIT));
    result("the peer", sendto(two, "peer", 4, 0, NAME(a)));
    result("is", recv(one, buffer, sizeof buffer, 0));
    result("still elsewhere", sendto(one, "else", 4, 0, NAME(c)));
    result("receive", recv(three, buffer, sizeof buffer, 0));
    close(two);
    result("to nobody", send(one, "x", 1, 0));
    ready("an error", one);
    n = 0;
    len = sizeof n;
    getsockopt(one, SOL_SOCKET, SO_ERROR, &n, &len);
    text("SO_ERROR", error_name(n));
    ready("told", one);
    result("to nobody", send(one, "x", 1, 0));
    result("receive tells", recv(one, buffer, 1, 0));
    result("to nobody", send(one, "x", 1, 0));
    result("send tells", send(one, "x", 1, 0));
    result("and goes on", send(one, "x", 1, 0));
    result("connect elsewhere", connect(one, NAME(c)));
    result("old error", recv(one, buffer, 1, MSG_DONTWAIT));
    len = sizeof name;
    getsockname(one, (void *)&name, &len);
    yes("same port", name.sin_port == a.sin_port);
    name.sin_family = AF_UNSPEC;
    result("disconnect", connect(one, NAME(name)));
    result("peer", getpeername(one, (void *)&name, &len));
    getsockname(one, (void *)&name, &len);
    printf("%s, port is 0: %d\n", inet_ntoa(name.sin_addr), name.sin_port == 0);
    result("send", send(one, "x", 1, 0));
    result("connect, short", connect(one, (void *)&c, 8));
    name = at("127.0.0.1", 9);
    name.sin_family = AF_UNIX;
    result("connect, family", connect(one, NAME(name)));
    name = at("0.0.0.0", ntohs(c.sin_port));
    result("connect to any", connect(one, NAME(name)));
    len = sizeof name;
    getpeername(one, (void *)&name, &len);
    text("is", inet_ntoa(name.sin_addr));
    result("send", send(one, "x", 1, 0));
    result("receive", recv(three, buffer, 1, 0));
    name = at("255.255.255.255", 77);
    works("broadcast", connect(one, NAME(name)));
    result("connect to port 0",
           connect(one, NAME(*(&(struct sockaddr_in){AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {0}}))));
    result("send", send(one, "x", 1, 0));
    result("shut", (connect(three, NAME(c)), shutdown(three, SHUT_RDWR)));
    ready("shut", three);
    result("receive", recv(three, buffer, 1, MSG_DONTWAIT));
    result("receive, waiting", recv(three, buffer, 1, 0));
    result("send", send(three, "x", 1, MSG_NOSIGNAL));
}

static int try(const char *what, const char *address, int port, int reuse, int reuseport)
{
    struct sockaddr_in a = at(address, port);
    int fd = must(socket(AF_INET, SOCK_DGRAM, 0));

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &reuseport, sizeof reuseport);
    result(what, bind(fd, NAME(a)));
    return fd;
}

void ports(void)
{
    struct sockaddr_in a, name;
    socklen_t len = sizeof name;
    int first = bound("127.0.0.1", &a), port = ntohs(a.sin_port), fd;
    char buffer[16];

    result("bind twice", bind(first, NAME(a)));
    try("same", "127.0.0.1", port, 0, 0);
    try("same, reuse by one", "127.0.0.1", port, 1, 0);
    try("any", "0.0.0.0", port, 0, 0);
    close(try("another address", "127.0.0.2", port, 0, 0));
    close(first);
    first = try("both reuse", "127.0.0.1", port, 1, 0);
    int second = try("both reuse", "127.0.0.1", port, 1, 0);
    fd = must(socket(AF_INET, SOCK_DGRAM, 0));
    sendto(fd, "last", 4, 0, NAME(a));
    result("first", recv(first, buffer, sizeof buffer, MSG_DONTWAIT));
    result("the last one gets it", recv(second, buffer, sizeof buffer, MSG_DONTWAIT));
    close(first);
    close(second);
    first = try("reuseport", "127.0.0.1", port, 0, 1);
    second = try("reuseport", "127.0.0.1", port, 0, 1);
    try("without", "127.0.0.1", port, 0, 0);
    int one = 0, two = 0;
    for (int i = 0; i < 40; i++) {
        fd = must(socket(AF_INET, SOCK_DGRAM, 0));
        sendto(fd, "x", 1, 0, NAME(a));
        sendto(fd, "x", 1, 0, NAME(a));
        close(fd);
    }
    while (recv(first, buffer, 1, MSG_DONTWAIT) == 1)
        one++;
    while (recv(second, buffer, 1, MSG_DONTWAIT) == 1)
        two++;
    fact("together", one + two);
    yes("each has some", one > 0 && two > 0);
    yes("each sender has one", one % 2 == 0);
    close(first);
    close(second);
    int any = try("any", "0.0.0.0", port, 1, 0);
    int exact = try("exact", "127.0.0.1", port, 1, 0);
    fd = must(socket(AF_INET, SOCK_DGRAM, 0));
    sendto(fd, "x", 1, 0, NAME(a));
    result("exact wins", recv(exact, buffer, 1, MSG_DONTWAIT));
    result("any", recv(any, buffer, 1, MSG_DONTWAIT));
    name = at("127.0.0.3", port);
    sendto(fd, "x", 1, 0, NAME(name));
    result("exact", recv(exact, buffer, 1, MSG_DONTWAIT));
    result("any has the rest", recv(any, buffer, 1, MSG_DONTWAIT));
    name = at("192.0.2.1", 0);
    fd = must(socket(AF_INET, SOCK_DGRAM, 0));
    result("not ours", bind(fd, NAME(name)));
    result("short", bind(fd, (void *)&name, 8));
    name = at("127.0.0.1", 0);
    name.sin_family = AF_UNIX;
    result("family", bind(fd, NAME(name)));
    name = at("0.0.0.0", 0);
    name.sin_family = AF_UNSPEC;
    result("AF_UNSPEC and any", bind(fd, NAME(name)));
    len = sizeof name;
    getsockname(fd, (void *)&name, &len);
    fact("family", name.sin_family);
    fd = must(socket(AF_INET, SOCK_DGRAM, 0));
    name = at("127.0.0.1", 0);
    name.sin_family = AF_UNSPEC;
    result("AF_UNSPEC and an address", bind(fd, NAME(name)));
    result("protocol of streams", socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
    result("streams of UDP", socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    result("sequenced packets", socket(AF_INET, SOCK_SEQPACKET, 0));
    result("raw of no protocol", socket(AF_INET, SOCK_RAW, 0));
    result("negative protocol", socket(AF_INET, SOCK_DGRAM, -1));
    result("large protocol", socket(AF_INET, SOCK_DGRAM, 1000));
}
