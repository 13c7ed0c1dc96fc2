/* SPDX-License-Identifier: Apache-2.0 */
/* timerfd_create(2). */
#include "events.h"
#include <poll.h>
#include <signal.h>
#include <sys/timerfd.h>

static int set(int fd, int flags, long value, long interval)
{
    struct itimerspec to = {{interval / 1000000000, interval % 1000000000},
                            {value / 1000000000, value % 1000000000}};

    return timerfd_settime(fd, flags, &to, NULL);
}

static void polled(const char *name, int fd, int timeout)
{
    struct pollfd one = {fd, POLLIN | POLLOUT, 0};
    int count = poll(&one, 1, timeout);

    printf("%s: %d, %#x\n", name, count, (unsigned)one.revents);
}

static long get(int fd)
{
    uint64_t count;
    ssize_t size = read(fd, &count, sizeof(count));

    return size == 8 ? (long)count : size;
}

static void nap(long milli)
{
    nanosleep(&(struct timespec){milli / 1000, milli % 1000 * 1000000}, NULL);
}

static void left(const char *name, int fd)
{
    struct itimerspec now;

    must(timerfd_gettime(fd, &now));
    printf("%s: %s, every %ld.%09ld\n", name,
           now.it_value.tv_sec || now.it_value.tv_nsec ? "runs" : "does not run",
           (long)now.it_interval.tv_sec, now.it_interval.tv_nsec);
}

static void refusals(int fd)
{
    struct itimerspec to = {{0, 0}, {0, 1000000000}};

    works("realtime", timerfd_create(CLOCK_REALTIME, 0));
    works("boottime", timerfd_create(CLOCK_BOOTTIME, 0));
    result("CPU time", timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0));
    result("raw", timerfd_create(CLOCK_MONOTONIC_RAW, 0));
    result("no clock", timerfd_create(77, 0));
    result("unknown flag", timerfd_create(CLOCK_MONOTONIC, 1));
    fact("close on exec", fcntl(must(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)), F_GETFD));
    result("bad time", timerfd_settime(fd, 0, &to, NULL));
    to.it_value.tv_nsec = -1;
    result("negative time", timerfd_settime(fd, 0, &to, NULL));
    to.it_value.tv_nsec = 0;
    result("unknown flag", timerfd_settime(fd, 4, &to, NULL));
    result("not a timer", timerfd_settime(0, 0, &to, NULL));
    result("closed", timerfd_settime(99, 0, &to, NULL));
    result("from nowhere", timerfd_settime(fd, 0, (struct itimerspec *)8, NULL));
    result("old one to nowhere", timerfd_settime(fd, 0, &to, (struct itimerspec *)8));
    result("what is left to nowhere", timerfd_gettime(fd, (struct itimerspec *)8));
    result("what is left of no timer", timerfd_gettime(0, &to));
    result("write", write(fd, &to, 8));
    result("short read", read(fd, &to, 7));
    result("cancel on set", set(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, 0, 0));
}

void check_timerfd(void)
{
    int fd = (int)must(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)), epoll;
    struct itimerspec old, to = {{0, 0}, {0, 1}};
    struct timespec now;

    refusals(fd);
    left("new", fd);
    result("not set", get(fd));
    polled("not set", fd, 0);
    result("far away", set(fd, 0, 1000000000000, 0));
    left("far away", fd);
    polled("far away", fd, 0);
    result("not yet", get(fd));
    result("once",
           (must(timerfd_settime(fd, 0, &(struct itimerspec){{7, 8}, {0, 20000000}}, &old)), 0));
    yes("the old one had time left", old.it_value.tv_sec > 990 && old.it_value.tv_sec <= 1000);
    polled("comes", fd, 5000);
    left("periodic", fd);
    result("count", get(fd));
    result("read", get(fd));
    result("stop", set(fd, 0, 0, 5));
    left("stopped", fd);
    result("once", set(fd, 0, 1000000, 0));
    nap(5);
    left("over", fd);
    result("count", get(fd));
    result("no more", get(fd));
    result("set again before it is read",
           (set(fd, 0, 1, 0), nap(2), set(fd, 0, 1000000000000, 0), get(fd)));
    result("period", set(fd, 0, 1000000, 1000000));
    nap(30);
    yes("many", get(fd) >= 29);
    must(timerfd_settime(fd, TFD_TIMER_ABSTIME, &to, NULL));
    polled("in the past", fd, 0);
    result("count", get(fd));
    clock_gettime(CLOCK_MONOTONIC, &now);
    result("absolute",
           set(fd, TFD_TIMER_ABSTIME, now.tv_sec * 1000000000 + now.tv_nsec + 20000000, 0));
    polled("absolute", fd, 5000);
    struct timespec after;
    clock_gettime(CLOCK_MONOTONIC, &after);
    yes("not too early",
        (after.tv_sec - now.tv_sec) * 1000000000 + after.tv_nsec - now.tv_nsec >= 20000000);
    fcntl(fd, F_SETFL, 0);
    result("count", get(fd));
    result("soon", set(fd, 0, 10000000, 0));
    result("waited for", get(fd));
    int wall = (int)must(timerfd_create(CLOCK_REALTIME, 0));
    clock_gettime(CLOCK_REALTIME, &now);
    result("absolute",
           set(wall, TFD_TIMER_ABSTIME, now.tv_sec * 1000000000 + now.tv_nsec + 10000000, 0));
    result("waited for", get(wall));
    /* Without a read a period has one edge. */
    epoll = (int)must(epoll_create1(0));
    must(control(epoll, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET, 1));
    must(set(fd, 0, 1000000, 1000000));
    nap(10);
    ready("edge", epoll);
    nap(10);
    ready("no edge", epoll);
    yes("all periods", get(fd) >= 20);
    nap(10);
    ready("edge", epoll);
    close(fd);
    nap(5);
    ready("closed", epoll);
}
