/* SPDX-License-Identifier: Apache-2.0 */
/* A server that looks at its connections in every way: the first byte of each says which. What it finds goes to
 * standard output, natively and in a unikernel, behind a tap and on a published port the same. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PORT = 8080, FILE_SIZE = 300000 };

static int broken_pipes;

static void on_sigpipe(int signo)
{
    (void)signo;
    broken_pipes++;
}

static void say(const char *what, long n)
{
    printf("%s %ld%s%s\n", what, n, n < 0 ? " " : "", n < 0 ? strerror(errno) : "");
}

static void say_poll(const char *what, int fd, int timeout)
{
    struct pollfd p = {fd, POLLIN | POLLOUT | POLLRDHUP, 0};
    int n = poll(&p, 1, timeout);
    printf("%s %d %#x\n", what, n, p.revents);
}

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof value;
    return getsockopt(fd, level, name, &value, &len) ? -errno : value;
}

/* Until there is input or an end. */
static void await(int fd)
{
    struct pollfd p = {fd, POLLIN, 0};
    poll(&p, 1, -1);
}

static void pieces(int fd)
{
    char b[16];
    await(fd);
    usleep(50000);
    say("first", read(fd, b, 4));
    say_poll("between", fd, 0);
    say("peek", recv(fd, b, 4, MSG_PEEK));
    int left = -1;
    say("FIONREAD", ioctl(fd, FIONREAD, &left));
    say("left", left);
    say("second", read(fd, b, 4));
    say_poll("after", fd, 0);
    say("without waiting", recv(fd, b, 4, MSG_DONTWAIT));
    struct timeval t = {0, 20000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    say("time-out", read(fd, b, 4));
    t.tv_usec = 0;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    say("told", write(fd, "go on", 5));
    say("all", recv(fd, b, 10, MSG_WAITALL));
}

static void half_closed(int fd)
{
    char b[16];
    await(fd);
    usleep(50000);
    say_poll("poll", fd, -1);
    say("data", read(fd, b, sizeof b));
    say_poll("poll", fd, -1);
    say("end", read(fd, b, sizeof b));
    say("end again", read(fd, b, sizeof b));
    say("answer", write(fd, "bye", 3));
    say("shutdown", shutdown(fd, SHUT_WR));
    say_poll("poll", fd, -1);
    say("no signal", send(fd, "x", 1, MSG_NOSIGNAL));
    say("signal", write(fd, "x", 1));
    say("signals", broken_pipes);
}

static void reset(int fd)
{
    char b[16];
    await(fd);
    usleep(50000);
    say_poll("poll", fd, -1);
    say("SO_ERROR", option(fd, SOL_SOCKET, SO_ERROR));
    say("SO_ERROR again", option(fd, SOL_SOCKET, SO_ERROR));
    say("read", read(fd, b, sizeof b));
    say("write", send(fd, "x", 1, MSG_NOSIGNAL));
    struct sockaddr_storage a;
    socklen_t len = sizeof a;
    say("getpeername", getpeername(fd, (struct sockaddr *)&a, &len));
}

static void reset_unseen(int fd)
{
    char b[16];
    usleep(100000);
    say("read", read(fd, b, sizeof b));
    say("read again", read(fd, b, sizeof b));
    say("write", send(fd, "x", 1, MSG_NOSIGNAL));
}

static void options(int fd)
{
    int on = 1, idle = 77;
    struct linger l = {1, 3};
    socklen_t len = sizeof l;
    struct sockaddr_in a;
    say("TCP_NODELAY", setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
    say("TCP_NODELAY", option(fd, IPPROTO_TCP, TCP_NODELAY));
    say("SO_KEEPALIVE", setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on));
    say("SO_KEEPALIVE", option(fd, SOL_SOCKET, SO_KEEPALIVE));
    say("TCP_KEEPIDLE", setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle));
    say("TCP_KEEPIDLE", option(fd, IPPROTO_TCP, TCP_KEEPIDLE));
    say("SO_LINGER", setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l));
    l.l_linger = 0;
    say("SO_LINGER", getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &len));
    say("seconds", l.l_linger);
    say("SO_TYPE", option(fd, SOL_SOCKET, SO_TYPE));
    say("SO_PROTOCOL", option(fd, SOL_SOCKET, SO_PROTOCOL));
    say("SO_DOMAIN", option(fd, SOL_SOCKET, SO_DOMAIN));
    say("SO_ACCEPTCONN", option(fd, SOL_SOCKET, SO_ACCEPTCONN));
    len = sizeof a;
    say("getsockname", getsockname(fd, (struct sockaddr *)&a, &len));
    say("port", ntohs(a.sin_port));
    say("listen", listen(fd, 1));
    say("connect", connect(fd, (struct sockaddr *)&a, sizeof a));
}

static void events(int fd)
{
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
    int ep = epoll_create1(0);
    char b[16];
    say("add", epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
    for (int i = 0; i < 3; i++) {
        e.events = 0;
        if (i)
            await(fd);
        say("wait", epoll_wait(ep, &e, 1, 1000));
        printf("events %#x\n", e.events);
        say("nothing new", epoll_wait(ep, &e, 1, 0));
        if (i)
            say("read", recv(fd, b, sizeof b, MSG_DONTWAIT));
        say("told", write(fd, "?", 1));
    }
    close(ep);
}

static void vectors(int fd)
{
    char a[3], b[5], c[16];
    struct iovec v[] = {{a, sizeof a}, {b, sizeof b}, {c, sizeof c}},
                 w[] = {{"<", 1}, {b, 5}, {">", 1}};
    await(fd);
    usleep(50000);
    say("readv", readv(fd, v, 3));
    say("writev", writev(fd, w, 3));
    int copy = dup(fd);
    close(fd);
    say("by the copy", write(copy, "!", 1));
    dup2(copy, fd);
    close(copy);
}

static void file(int fd)
{
    char name[] = "/tmp/fileXXXXXX", block[1000];
    int in = mkstemp(name);
    for (int i = 0; i < FILE_SIZE / 1000; i++) {
        memset(block, 'a' + i % 26, sizeof block);
        if (write(in, block, sizeof block) != sizeof block)
            exit(1);
    }
    off_t at = 0;
    int cork = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_CORK, &cork, sizeof cork);
    say("head", write(fd, "head", 4));
    while (at < FILE_SIZE && sendfile(fd, in, &at, (size_t)(FILE_SIZE - at)) > 0)
        ;
    cork = 0;
    setsockopt(fd, IPPROTO_TCP, TCP_CORK, &cork, sizeof cork);
    say("sent", at);
    close(in);
    unlink(name);
}

static const struct {
    char letter;
    void (*run)(int fd);
} ways[] = {{'p', pieces},  {'h', half_closed}, {'r', reset},   {'u', reset_unseen},
            {'o', options}, {'e', events},      {'v', vectors}, {'f', file}};

int main(void)
{
    int s = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    signal(SIGPIPE, on_sigpipe);
    setbuf(stdout, NULL);
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(s, (struct sockaddr *)&a, sizeof a) || listen(s, 8))
        return 1;
    say("accept without waiting", (fcntl(s, F_SETFL, O_NONBLOCK), accept(s, NULL, NULL)));
    fcntl(s, F_SETFL, 0);
    puts("ready");
    for (;;) {
        struct pollfd p = {s, POLLIN, 0};
        socklen_t len = sizeof a;
        char letter = 0;
        if (poll(&p, 1, -1) != 1)
            return 2;
        int fd = accept(s, (struct sockaddr *)&a, &len);
        if (fd < 0 || read(fd, &letter, 1) != 1) {
            say("no letter", -1);
            return 3;
        }
        if (letter == 'q')
            return 0;
        printf("-- %c from family %d\n", letter, a.sin_family);
        for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
            if (ways[i].letter == letter)
                ways[i].run(fd);
        close(fd);
        puts("done");
    }
}
