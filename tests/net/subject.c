/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a script makes a TCP stack do: one command a line on standard input, one answer a line on standard
 * output. The same program runs on the host's Linux and in a unikernel; descriptors are small numbers.
 *
 *   listen PORT BACKLOG -> ok FD        connect A.B.C.D PORT -> ok FD | error ERRNO   (blocks)
 *   start A.B.C.D PORT -> ok FD         accept FD -> ok FD | error ERRNO              (blocks)
 *   write FD N -> ok N                  (blocks until all is taken; bytes count up from 0)
 *   read FD N -> ok N SUM               (at most N, blocks for the first)
 *   shutdown FD -> ok                   close FD -> ok             reset FD -> ok     (SO_LINGER 0)
 *   set FD NAME VALUE -> ok             error FD -> ok ERRNO       poll FD -> ok EVENTS
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void say(long result)
{
    if (result < 0)
        printf("error %d\n", errno);
    else
        printf("ok %ld\n", result);
}

static struct sockaddr_in address(const char *host, int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    inet_pton(AF_INET, host, &a.sin_addr);
    return a;
}

static long do_listen(int port, int backlog)
{
    struct sockaddr_in a = address("0.0.0.0", port);
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, backlog) < 0)
        return -1;
    return fd;
}

static long do_connect(const char *host, int port, int flags)
{
    struct sockaddr_in a = address(host, port);
    int fd = socket(AF_INET, SOCK_STREAM | flags, 0);

    if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0 && errno != EINPROGRESS)
        return -1;
    return fd;
}

static long do_write(int fd, long n)
{
    static unsigned char bytes[65536 + 256];
    long done = 0;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    while (done < n) {
        size_t part = n - done < 65536 ? (size_t)(n - done) : 65536;
        ssize_t got = write(fd, bytes + done % 256, part);
        if (got < 0)
            return -1;
        done += got;
    }
    return done;
}

static void do_read(int fd, long n)
{
    unsigned char *bytes = malloc((size_t)n);
    unsigned long sum = 0;
    ssize_t got = read(fd, bytes, (size_t)n);

    for (ssize_t i = 0; i < got; i++)
        sum = sum * 31 + bytes[i];
    if (got < 0)
        say(-1);
    else
        printf("ok %zd %lu\n", got, sum & 0xffffffff);
    free(bytes);
}

static long do_set(int fd, const char *name, int value)
{
    struct timeval time = {.tv_sec = value / 1000, .tv_usec = value % 1000 * 1000};

    if (!strcmp(name, "nodelay"))
        return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value);
    if (!strcmp(name, "rcvbuf"))
        return setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, sizeof value);
    if (!strcmp(name, "sndbuf"))
        return setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &value, sizeof value);
    if (!strcmp(name, "keepalive")) {
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &value, sizeof value);
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &value, sizeof value);
        return setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    }
    if (!strcmp(name, "rcvtimeo"))
        return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    errno = EINVAL;
    return -1;
}

static void command(char *line)
{
    char name[32] = "", word[64] = "";
    int a = 0, b = 0;

    sscanf(line, "%31s", name);
    if (!strcmp(name, "listen") && sscanf(line, "%*s %d %d", &a, &b) == 2) {
        say(do_listen(a, b));
    } else if (!strcmp(name, "connect") && sscanf(line, "%*s %63s %d", word, &a) == 2) {
        say(do_connect(word, a, 0));
    } else if (!strcmp(name, "start") && sscanf(line, "%*s %63s %d", word, &a) == 2) {
        say(do_connect(word, a, SOCK_NONBLOCK));
    } else if (!strcmp(name, "set") && sscanf(line, "%*s %d %63s %d", &a, word, &b) == 3) {
        say(do_set(a, word, b));
    } else if (!strcmp(name, "accept") && sscanf(line, "%*s %d", &a) == 1) {
        say(accept(a, NULL, NULL));
    } else if (!strcmp(name, "write") && sscanf(line, "%*s %d %d", &a, &b) == 2) {
        say(do_write(a, b));
    } else if (!strcmp(name, "read") && sscanf(line, "%*s %d %d", &a, &b) == 2) {
        do_read(a, b);
    } else if (!strcmp(name, "shutdown") && sscanf(line, "%*s %d", &a) == 1) {
        say(shutdown(a, SHUT_WR));
    } else if (!strcmp(name, "close") && sscanf(line, "%*s %d", &a) == 1) {
        say(close(a));
    } else if (!strcmp(name, "reset") && sscanf(line, "%*s %d", &a) == 1) {
        struct linger at_once = {.l_onoff = 1};
        setsockopt(a, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        say(close(a));
    } else if (!strcmp(name, "error") && sscanf(line, "%*s %d", &a) == 1) {
        socklen_t size = sizeof b;
        say(getsockopt(a, SOL_SOCKET, SO_ERROR, &b, &size) < 0 ? -1 : b);
    } else if (!strcmp(name, "poll") && sscanf(line, "%*s %d", &a) == 1) {
        struct pollfd p = {.fd = a, .events = POLLIN | POLLOUT | POLLRDHUP};
        say(poll(&p, 1, 0) < 0 ? -1 : p.revents);
    } else {
        printf("unknown %s", line);
    }
}

int main(void)
{
    char line[256];

    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof line, stdin))
        command(line);
    return 0;
}
