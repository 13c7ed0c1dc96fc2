/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6, and IPv4 by its sockets (RFC 3493, 3.7). */
#include "tcp.h"

static struct sockaddr_in6 at6(const char *address, int port)
{
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};

    inet_pton(AF_INET6, address, &a.sin6_addr);
    return a;
}

static int listener6(const char *address, struct sockaddr_in6 *where, int only)
{
    socklen_t len = sizeof *where;
    int fd = (int)must(socket(AF_INET6, SOCK_STREAM, 0));

    must(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only));
    *where = at6(address, 0);
    must(bind(fd, NAME(*where)));
    must(listen(fd, 5));
    must(getsockname(fd, (struct sockaddr *)where, &len));
    return fd;
}

/* From where the next one comes, and that bytes go both ways. */
static void accept_one(int fd, int client)
{
    struct sockaddr_in6 from;
    socklen_t len = sizeof from;
    char name[INET6_ADDRSTRLEN], byte = 0;
    int end = (int)must(accept(fd, (void *)&from, &len));

    fact("family", from.sin6_family);
    fact("length", len);
    text("from", inet_ntop(AF_INET6, &from.sin6_addr, name, sizeof name));
    must(write(client, "a", 1));
    result("there", read(end, &byte, 1));
    must(write(end, "b", 1));
    result("and back", read(client, &byte, 1));
    must(close(end));
    result("end", read(client, &byte, 1));
    must(close(client));
}

void version6(void)
{
    struct sockaddr_in6 a, any;
    struct sockaddr_in a4;
    int fd = listener6("::", &any, 0), one = (int)must(socket(AF_INET6, SOCK_STREAM, 0));

    a = at6("::1", ntohs(any.sin6_port));
    result("::1", connect(one, NAME(a)));
    accept_one(fd, one);
    one = stream_socket();
    a4 = at("127.0.0.1", ntohs(any.sin6_port));
    result("IPv4", connect(one, NAME(a4)));
    accept_one(fd, one);
    one = (int)must(socket(AF_INET6, SOCK_STREAM, 0));
    a = at6("::ffff:127.0.0.1", ntohs(any.sin6_port));
    result("mapped", connect(one, NAME(a)));
    accept_one(fd, one);
    must(close(fd));

    fd = listener6("::", &any, 1);
    one = stream_socket();
    a4 = at("127.0.0.1", ntohs(any.sin6_port));
    result("IPv6 only", connect(one, NAME(a4)));
    must(close(one));
    must(close(fd));

    fd = listener6("::1", &any, 0);
    one = (int)must(socket(AF_INET6, SOCK_STREAM, 0));
    result("bound to ::1", connect(one, NAME(any)));
    accept_one(fd, one);
    must(close(fd));
    one = (int)must(socket(AF_INET6, SOCK_STREAM, 0));
    result("refused", connect(one, NAME(any)));
    must(close(one));
}
