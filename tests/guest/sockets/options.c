/* SPDX-License-Identifier: Apache-2.0 */
/* Options of SOL_SOCKET, arguments that are wrong, and waiting. */
#include "sockets.h"
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>

static void show(int fd, const char *name, int option)
{
    int value = -77;
    socklen_t len = sizeof value;

    if (getsockopt(fd, SOL_SOCKET, option, &value, &len) < 0)
        text(name, error_name(errno));
    else
        printf("%s: %d, %u bytes\n", name, value, (unsigned)len);
}

static void put(int fd, const char *name, int option, int value)
{
    printf("set ");
    result(name, setsockopt(fd, SOL_SOCKET, option, &value, sizeof value));
    show(fd, name, option);
}

static char space_for_long[600] = {1};

void options(void)
{
    int fd = must(socket(AF_UNIX, SOCK_STREAM, 0)), value = 1;
    socklen_t len;
    struct timeval tv;
    struct linger linger;

    show(fd, "SO_TYPE", SO_TYPE);
    show(fd, "SO_DOMAIN", SO_DOMAIN);
    show(fd, "SO_PROTOCOL", SO_PROTOCOL);
    show(fd, "SO_ACCEPTCONN", SO_ACCEPTCONN);
    show(fd, "SO_ERROR", SO_ERROR);
    show(fd, "SO_SNDBUF", SO_SNDBUF);
    show(fd, "SO_RCVBUF", SO_RCVBUF);
    show(fd, "SO_RCVLOWAT", SO_RCVLOWAT);
    show(fd, "SO_SNDLOWAT", SO_SNDLOWAT);
    show(fd, "SO_PRIORITY", SO_PRIORITY);
    show(fd, "SO_MARK", SO_MARK);
    show(fd, "SO_BUSY_POLL", SO_BUSY_POLL);
    show(fd, "SO_NO_CHECK", 11);
    put(fd, "SO_REUSEADDR", SO_REUSEADDR, 5);
    put(fd, "SO_KEEPALIVE", SO_KEEPALIVE, 1);
    put(fd, "SO_BROADCAST", SO_BROADCAST, -1);
    put(fd, "SO_DONTROUTE", SO_DONTROUTE, 1);
    put(fd, "SO_OOBINLINE", SO_OOBINLINE, 1);
    put(fd, "SO_SNDBUF", SO_SNDBUF, 10000);
    put(fd, "SO_SNDBUF", SO_SNDBUF, 0);
    put(fd, "SO_SNDBUF", SO_SNDBUF, 100);
    put(fd, "SO_RCVBUF", SO_RCVBUF, 0);
    put(fd, "SO_RCVBUF", SO_RCVBUF, 50000);
    put(fd, "SO_RCVLOWAT", SO_RCVLOWAT, 0);
    put(fd, "SO_PRIORITY", SO_PRIORITY, 6);
    put(fd, "SO_TYPE", SO_TYPE, 1);
    put(fd, "SO_ERROR", SO_ERROR, 1);
    put(fd, "SO_ACCEPTCONN", SO_ACCEPTCONN, 1);
    put(fd, "SO_SNDLOWAT", SO_SNDLOWAT, 1);
    put(fd, "unknown", 1234, 1);
    put(fd, "SO_PEERCRED", SO_PEERCRED, 1);
    len = sizeof tv;
    result("SO_RCVTIMEO", getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &len));
    printf("%ld.%06ld, %u\n", (long)tv.tv_sec, (long)tv.tv_usec, (unsigned)len);
    tv = (struct timeval){3, 500000};
    result("set", setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv));
    getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &len);
    printf("%ld.%06ld\n", (long)tv.tv_sec, (long)tv.tv_usec);
    tv = (struct timeval){0, 1000000};
    result("a second of microseconds", setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv));
    result("short", setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, 8));
    tv = (struct timeval){-1, 0};
    result("negative", setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv));
    len = sizeof linger;
    result("SO_LINGER", getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len));
    printf("%d %d, %u\n", linger.l_onoff, linger.l_linger, (unsigned)len);
    linger = (struct linger){7, 13};
    result("set", setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
    getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len);
    printf("%d %d\n", linger.l_onoff, linger.l_linger);
    result("short", setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, 4));
    result("short int", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, 2));
    result("long int",
           setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, space_for_long, sizeof space_for_long));
    result("negative length", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, (socklen_t)-1));
    result("bad pointer", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, (void *)8, 4));
    len = 2;
    value = 0x77777777;
    result("short get", getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &len));
    printf("%#x, %u\n", (unsigned)value, (unsigned)len);
    len = 0;
    result("empty get", getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &len));
    len = (socklen_t)-4;
    result("negative get", getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &len));
    len = 4;
    result("bad get", getsockopt(fd, SOL_SOCKET, SO_TYPE, (void *)8, &len));
    result("bad length", getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, (void *)8));
    result("level of IP", getsockopt(fd, 0, 1, &value, &len));
    result("level of IP", setsockopt(fd, 0, 1, &value, sizeof value));
    result("level of TCP", setsockopt(fd, 6, 1, &value, sizeof value));
    result("no socket", getsockopt(0, SOL_SOCKET, SO_TYPE, &value, &len));
    result("no file", getsockopt(777, SOL_SOCKET, SO_TYPE, &value, &len));
    result("bind to device", setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0));
    result("no such device", setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "nodev7", 7));
    len = 20;
    char name[20];
    result("bound device", getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len));
    fact("length", len);
}

void arguments(void)
{
    int fds[2];
    char a[200] = {0};
    socklen_t len = sizeof a;

    result("family", socket(99, SOCK_STREAM, 0));
    result("family in the table", socket(12, SOCK_STREAM, 0));
    result("negative family", socket(-1, SOCK_STREAM, 0));
    result("type 0", socket(AF_UNIX, 0, 0));
    result("type 4", socket(AF_UNIX, SOCK_RDM, 0));
    result("type 11", socket(AF_UNIX, 11, 0));
    result("flags", socket(AF_UNIX, SOCK_STREAM | 0x100, 0));
    result("protocol", socket(AF_UNIX, SOCK_STREAM, 7));
    works("own protocol", socket(AF_UNIX, SOCK_STREAM, PF_UNIX));
    result("pair of another family", socketpair(AF_INET, SOCK_STREAM, 0, fds));
    result("bad pair", socketpair(AF_UNIX, SOCK_STREAM, 0, (void *)8));
    int fd = must(socket(AF_UNIX, SOCK_STREAM, 0));
    result("no socket", bind(0, (void *)a, 10));
    result("no file", bind(888, (void *)a, 10));
    result("O_PATH", listen(open("/", O_PATH), 1));
    result("bad name", bind(fd, (void *)8, 10));
    result("negative length", bind(fd, (void *)a, (socklen_t)-1));
    result("long name", bind(fd, (void *)a, 129));
    result("connect, bad name", connect(fd, (void *)8, 10));
    result("connect, no name", connect(fd, (void *)a, 0));
    result("shutdown", shutdown(fd, 3));
    result("shutdown", shutdown(fd, -1));
    result("accept flags", accept4(fd, NULL, NULL, 1));
    result("name, bad length", getsockname(fd, (void *)a, (void *)8));
    result("name, bad room", getsockname(fd, (void *)8, &len));
    len = (socklen_t)-1;
    result("name, negative", getsockname(fd, (void *)a, &len));
    result("send on a pipe", (pipe(fds), send(fds[1], "x", 1, 0)));
    result("message", sendmsg(fd, (void *)8, 0));
    result("ioctl", ioctl(fd, 0x1234, a));
    result("truncate", ftruncate(fd, 0));
    result("sync", fsync(fd));
}

static volatile int alarms;

static void on_alarm(int signo)
{
    (void)signo;
    alarms++;
}

static int ends[2];

static void *later(void *arg)
{
    struct timespec t = {0, 50000000};

    for (const char *p = arg; *p; p++) {
        nanosleep(&t, NULL);
        write(ends[1], p, 1);
    }
    return NULL;
}

static void *drain(void *arg)
{
    static char sink[1 << 16];
    struct timespec t = {0, 20000000};
    long left = (long)arg;

    while (left > 0) {
        nanosleep(&t, NULL);
        ssize_t n = read(ends[1], sink, sizeof sink);
        if (n <= 0)
            break;
        left -= n;
    }
    return NULL;
}

static void interrupted(const char *name, int flags)
{
    struct sigaction act = {.sa_handler = on_alarm, .sa_flags = flags};
    struct itimerval soon = {{0, 0}, {0, 100000}};
    char c;
    pthread_t t;

    sigaction(SIGALRM, &act, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    if (flags) {
        pthread_create(&t, NULL, later, "   z");
        result(name, recv(ends[0], &c, 1, 0));
        pthread_join(t, NULL);
        while (recv(ends[0], &c, 1, MSG_DONTWAIT) > 0)
            ;
    } else {
        result(name, recv(ends[0], &c, 1, 0));
    }
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
}

void waiting(void)
{
    struct timeval tv = {0, 50000};
    char buffer[16] = {0};
    pthread_t t;

    alarm(0);
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    result("time-out", read(ends[0], buffer, 1));
    tv = (struct timeval){0, 0};
    setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    interrupted("interrupted", 0);
    interrupted("restarted", SA_RESTART);
    tv = (struct timeval){10, 0};
    setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    interrupted("with a time-out it is not", 0);
    tv = (struct timeval){0, 0};
    setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);

    pthread_create(&t, NULL, later, "abcde");
    result("all of them", recv(ends[0], buffer, 5, MSG_WAITALL));
    text("bytes", buffer);
    pthread_join(t, NULL);
    pthread_create(&t, NULL, later, "fgh");
    result("peek at all", recv(ends[0], buffer, 3, MSG_WAITALL | MSG_PEEK));
    result("some at once", recv(ends[0], buffer, 16, 0));
    text("bytes", buffer);
    pthread_join(t, NULL);
    int low = 3;
    result("SO_RCVLOWAT", setsockopt(ends[0], SOL_SOCKET, SO_RCVLOWAT, &low, sizeof low));
    pthread_create(&t, NULL, later, "ijk");
    result("at least three", read(ends[0], buffer, 16));
    pthread_join(t, NULL);
    low = 1;
    setsockopt(ends[0], SOL_SOCKET, SO_RCVLOWAT, &low, sizeof low);
    static char big[1 << 20];
    pthread_create(&t, NULL, drain, (void *)sizeof big);
    result("a long write waits for room", write(ends[0], big, sizeof big));
    pthread_join(t, NULL);
    tv = (struct timeval){0, 50000};
    setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
    yes("a write that times out gives what went in", write(ends[0], big, sizeof big) > 0);
    result("and then nothing", write(ends[0], big, sizeof big));
    fact("alarms", alarms > 0);
}
