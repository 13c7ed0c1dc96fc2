/* SPDX-License-Identifier: Apache-2.0 */
/* Connections being made and refused, listeners and their queues, what poll says meanwhile. */
#include "tcp.h"

static int take_error(int fd)
{
    int error = -1;
    socklen_t len = sizeof error;

    must(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len));
    return error;
}

void connecting(void)
{
    struct sockaddr_in a, nobody, unspecified = {.sin_family = AF_UNSPEC};
    socklen_t len = sizeof a;
    char byte;
    int fd = listener(&a, 5), one, two;

    nobody = a;
    one = listener(&nobody, 1);
    must(close(one)); /* nobody listens there now */
    one = stream_socket();
    result("refused", connect(one, NAME(nobody)));
    result("connect again", connect(one, NAME(a)));
    result("connected already", connect(one, NAME(a)));
    result("listen", listen(one, 1));
    must(close(one));

    one = (int)must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    result("does not wait", connect(one, NAME(a)));
    yes("is done", wait_for(one, POLLOUT) == POLLOUT);
    fact("error", take_error(one));
    must(close(one));
    one = (int)must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    result("to nobody", connect(one, NAME(nobody)));
    printf("poll: %#x\n", wait_for(one, POLLIN | POLLOUT));
    text("error", error_name(take_error(one)));
    fact("told once", take_error(one));
    must(close(one));

    one = stream_socket();
    result("not connected: read", read(one, &byte, 1));
    result("write", write(one, &byte, 1));
    result("shutdown", shutdown(one, SHUT_RDWR));
    result("getpeername", getpeername(one, (void *)&a, &len));
    result("accept", accept(one, NULL, NULL));
    ready("fresh", one);
    result("short address", connect(one, (void *)&a, 4));
    result("of no family", connect(one, NAME(unspecified)));
    a.sin_family = AF_INET6;
    result("of another family", connect(one, NAME(a)));
    a.sin_family = AF_INET;
    must(connect(one, NAME(a)));
    two = (int)must(accept(fd, NULL, NULL));
    must(close(two));
    two = (int)must(accept(fd, NULL, NULL));
    must(close(two));
    two = (int)must(accept(fd, NULL, NULL));
    result("dissolve", connect(one, NAME(unspecified)));
    result("no peer", getpeername(one, (void *)&nobody, &len));
    usleep(50000);
    result("the other end", read(two, &byte, 1));
    result("and connect anew", connect(one, NAME(a)));
    must(close(one));
    must(close(two));
}

/* Without a descriptor for it a connection waits on. */
static void no_descriptor(void)
{
    struct sockaddr_in a;
    struct rlimit few, all;
    int fd = listener(&a, 5), one = stream_socket(), two;
    char byte = 0;

    must(connect(one, NAME(a)));
    getrlimit(RLIMIT_NOFILE, &all);
    few = all;
    few.rlim_cur = (rlim_t)one + 1;
    must(setrlimit(RLIMIT_NOFILE, &few));
    result("no descriptor", accept(fd, NULL, NULL));
    ready("still there", fd);
    must(setrlimit(RLIMIT_NOFILE, &all));
    two = (int)must(accept(fd, NULL, NULL));
    must(write(one, "x", 1));
    must(read(two, &byte, 1));
    printf("it lives: %c\n", byte);
    close(one);
    close(two);
    close(fd);
}

void listening(void)
{
    no_descriptor();
    struct sockaddr_in a, from;
    socklen_t len = sizeof from;
    int fd = listener(&a, 1), one[3], two, n = 1;

    result("non-blocking", fcntl(fd, F_SETFL, O_NONBLOCK));
    result("nobody yet", accept(fd, NULL, NULL));
    ready("nobody", fd);
    one[0] = stream_socket();
    must(connect(one[0], NAME(a)));
    ready("somebody", fd);
    two = (int)must(accept4(fd, (void *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC));
    fact("non-blocking", fcntl(two, F_GETFL) & O_NONBLOCK ? 1 : 0);
    fact("close on exec", fcntl(two, F_GETFD));
    text("from", inet_ntoa(from.sin_addr));
    must(close(two));
    must(close(one[0]));
    result("connect a listener", connect(fd, NAME(a)));
    result("read", read(fd, &n, 1));
    result("FIONREAD", ioctl(fd, FIONREAD, &n));
    result("another backlog", listen(fd, 50));

    two = stream_socket();
    result("bind the same", bind(two, NAME(a)));
    must(setsockopt(two, SOL_SOCKET, SO_REUSEADDR, &n, sizeof n));
    result("with reuse", bind(two, NAME(a)));
    must(close(two));
    must(close(fd));
    two = stream_socket();
    fd = stream_socket();
    n = 1;
    must(setsockopt(two, SOL_SOCKET, SO_REUSEADDR, &n, sizeof n));
    must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &n, sizeof n));
    a = at("127.0.0.1", 0);
    must(bind(two, NAME(a)));
    len = sizeof a;
    must(getsockname(two, (void *)&a, &len));
    result("both bound", bind(fd, NAME(a)));
    result("one listens", listen(fd, 1));
    result("not both", listen(two, 1));
    must(close(fd));
    result("now", listen(two, 1));
    must(close(two));

    fd = listener(&a, 5);
    one[0] = stream_socket();
    must(connect(one[0], NAME(a)));
    must(close(fd)); /* never accepted */
    usleep(50000);
    result("never accepted", read(one[0], &n, 1));
    must(close(one[0]));
}

void ready_states(void)
{
    static char zeros[65536];
    int end[2], small = 4096;
    ssize_t n;

    connection(end);
    must(setsockopt(end[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small));
    must(fcntl(end[0], F_SETFL, O_NONBLOCK));
    ready("empty", end[0]);
    do {
        n = write(end[0], zeros, sizeof zeros);
        if (n < 0) { /* what is under way may still make room */
            usleep(50000);
            n = write(end[0], zeros, sizeof zeros);
        }
    } while (n > 0);
    text("full", error_name(errno));
    ready("full", end[0]);
    must(fcntl(end[1], F_SETFL, O_NONBLOCK));
    do {
        n = read(end[1], zeros, sizeof zeros);
        if (n < 0)
            usleep(1000);
    } while (n > 0 || !(wait_for(end[0], POLLOUT) & POLLOUT));
    ready("drained", end[0]);
    must(close(end[1]));
    usleep(50000);
    ready("peer closed", end[0]);
    must(close(end[0]));
}
