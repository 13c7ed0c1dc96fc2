/* SPDX-License-Identifier: Apache-2.0 */
/* epoll on its own: what is watched, how it triggers, what it refuses. */
#include "events.h"
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

static volatile int signals;

static void on_signal(int signo)
{
    signals += signo > 0;
}

static int new_event(unsigned count)
{
    return (int)must(eventfd(count, EFD_NONBLOCK));
}

static void add(int fd)
{
    must(eventfd_write(fd, 1));
}

static void take(int fd)
{
    eventfd_t value;

    must(eventfd_read(fd, &value));
}

static void refusals(void)
{
    int epoll = (int)must(epoll_create1(0)), event = new_event(0), end[2];
    struct epoll_event list[2];

    result("create with size 0", epoll_create(0));
    works("create with a size", epoll_create(7));
    result("unknown flag", epoll_create1(1));
    fact("close on exec", fcntl(must(epoll_create1(EPOLL_CLOEXEC)), F_GETFD));
    result("read an epoll", read(epoll, list, sizeof(list)));
    result("write an epoll", write(epoll, list, sizeof(list)));
    result("regular file",
           control(epoll, EPOLL_CTL_ADD, must(open("f", O_CREAT | O_RDWR, 0600)), EPOLLIN, 0));
    result("directory", control(epoll, EPOLL_CTL_ADD, must(open(".", O_RDONLY)), EPOLLIN, 0));
    result("path only", control(epoll, EPOLL_CTL_ADD, must(open(".", O_PATH)), EPOLLIN, 0));
    result("null device",
           control(epoll, EPOLL_CTL_ADD, must(open("/dev/null", O_RDWR)), EPOLLIN, 0));
    result("itself", control(epoll, EPOLL_CTL_ADD, epoll, EPOLLIN, 0));
    result("closed", control(epoll, EPOLL_CTL_ADD, 99, EPOLLIN, 0));
    result("closed epoll", control(99, EPOLL_CTL_ADD, event, EPOLLIN, 0));
    result("not an epoll", control(event, EPOLL_CTL_ADD, epoll, EPOLLIN, 0));
    result("bad pointer", epoll_ctl(epoll, EPOLL_CTL_ADD, event, (struct epoll_event *)8));
    result("bad pointer, closed", epoll_ctl(epoll, EPOLL_CTL_ADD, 99, (struct epoll_event *)8));
    result("delete what is not there", control(epoll, EPOLL_CTL_DEL, event, 0, 0));
    result("change what is not there", control(epoll, EPOLL_CTL_MOD, event, EPOLLIN, 0));
    result("unknown operation", control(epoll, 4, event, EPOLLIN, 0));
    result("add", control(epoll, EPOLL_CTL_ADD, event, EPOLLIN, 1));
    result("twice", control(epoll, EPOLL_CTL_ADD, event, EPOLLIN, 1));
    result("unknown operation", control(epoll, 4, event, EPOLLIN, 0));
    result("by another number", control(epoll, EPOLL_CTL_ADD, must(dup(event)), EPOLLIN, 2));
    result("exclusive change", control(epoll, EPOLL_CTL_MOD, event, EPOLLIN | EPOLLEXCLUSIVE, 1));
    result("delete without an event", epoll_ctl(epoll, EPOLL_CTL_DEL, event, NULL));
    result("exclusive and once",
           control(epoll, EPOLL_CTL_ADD, event, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT, 1));
    result("exclusive and hang-up half",
           control(epoll, EPOLL_CTL_ADD, event, EPOLLIN | EPOLLEXCLUSIVE | EPOLLRDHUP, 1));
    result("exclusive", control(epoll, EPOLL_CTL_ADD, event, EPOLLIN | EPOLLEXCLUSIVE, 1));
    result("change of an exclusive one", control(epoll, EPOLL_CTL_MOD, event, EPOLLIN, 1));
    result("wait for none", epoll_wait(epoll, list, 0, 0));
    result("wait for less", epoll_wait(epoll, list, -1, 0));
    result("wait for too many", epoll_wait(epoll, list, 0x7fffffff, 0));
    result("wait on another kind", epoll_wait(event, list, 1, 0));
    result("wait on a closed one", epoll_wait(99, list, 1, 0));
    add(event);
    result("nowhere to put it", epoll_wait(epoll, (struct epoll_event *)8, 1, 0));
    ready("still there", epoll);
    must(pipe(end));
    result("exclusive epoll",
           control(epoll, EPOLL_CTL_ADD, must(epoll_create1(0)), EPOLLIN | EPOLLEXCLUSIVE, 1));
    char path[40];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", epoll);
    works("open by its name", open(path, O_RDONLY));
}

static void level(void)
{
    int epoll = (int)must(epoll_create1(0)), event = new_event(0), end[2];

    must(control(epoll, EPOLL_CTL_ADD, event, EPOLLIN, 1));
    ready("nothing", epoll);
    add(event);
    ready("level", epoll);
    ready("level again", epoll);
    must(control(epoll, EPOLL_CTL_MOD, event, EPOLLOUT, 2));
    ready("asked for the other", epoll);
    must(control(epoll, EPOLL_CTL_MOD, event, 0, 2));
    ready("asked for nothing", epoll);
    must(control(epoll, EPOLL_CTL_MOD, event, EPOLLIN | EPOLLOUT, 3));
    ready("asked for both", epoll);
    take(event);
    ready("taken", epoll);
    must(pipe(end));
    must(control(epoll, EPOLL_CTL_ADD, end[0], EPOLLIN, 10));
    must(control(epoll, EPOLL_CTL_ADD, end[1], EPOLLOUT, 11));
    must(control(epoll, EPOLL_CTL_DEL, event, 0, 0));
    ready("pipe", epoll);
    must(write(end[1], "abc", 3));
    ready("filled", epoll);
    close(end[1]);
    ready("hung up", epoll);
    must(read(end[0], &(char[4]){0}, 3));
    ready("hung up, empty", epoll);
    close(end[0]);
    ready("closed", epoll);
    must(pipe(end));
    must(control(epoll, EPOLL_CTL_ADD, end[1], 0, 12));
    close(end[0]);
    ready("no reader, not asked for", epoll);
}

static void edge(void)
{
    int epoll = (int)must(epoll_create1(0)), event = new_event(0), end[2];
    char buffer[70000];

    must(control(epoll, EPOLL_CTL_ADD, event, EPOLLIN | EPOLLET, 1));
    add(event);
    ready("edge", epoll);
    ready("no edge", epoll);
    add(event);
    ready("another edge", epoll);
    must(control(epoll, EPOLL_CTL_MOD, event, EPOLLIN | EPOLLET, 2));
    ready("changed", epoll);
    ready("no edge", epoll);
    add(event);
    take(event);
    ready("gone before it was asked for", epoll);
    must(pipe2(end, O_NONBLOCK));
    must(control(epoll, EPOLL_CTL_ADD, end[0], EPOLLIN | EPOLLET | EPOLLRDHUP, 3));
    must(control(epoll, EPOLL_CTL_ADD, end[1], EPOLLOUT | EPOLLET, 4));
    ready("pipe", epoll);
    must(write(end[1], buffer, 4096));
    ready("filled", epoll);
    must(read(end[0], buffer, 10));
    ready("read a part", epoll);
    must(write(end[1], buffer, 60000));
    ready("more", epoll);
    while (read(end[0], buffer, sizeof(buffer)) > 0)
        ;
    ready("emptied", epoll);
    while (write(end[1], buffer, 4096) > 0)
        ;
    ready("full", epoll);
    must(read(end[0], buffer, 4096));
    ready("room again", epoll);
    close(end[1]);
    ready("hung up", epoll);
    ready("told", epoll);
}

static void once(void)
{
    int epoll = (int)must(epoll_create1(0)), event = new_event(1);

    must(control(epoll, EPOLL_CTL_ADD, event, EPOLLIN | EPOLLONESHOT, 1));
    ready("once", epoll);
    ready("no more", epoll);
    add(event);
    ready("still no more", epoll);
    must(control(epoll, EPOLL_CTL_MOD, event, EPOLLIN | EPOLLONESHOT | EPOLLET, 2));
    ready("armed again", epoll);
    ready("no more", epoll);
    must(control(epoll, EPOLL_CTL_DEL, event, 0, 0));
    ready("deleted", epoll);
    result("nowhere to put it",
           (must(control(epoll, EPOLL_CTL_ADD, event, EPOLLIN | EPOLLONESHOT, 3)),
            epoll_wait(epoll, (struct epoll_event *)8, 1, 0)));
    ready("not lost", epoll);
}

static void lives(void)
{
    int epoll = (int)must(epoll_create1(0)), event = new_event(1), other = (int)must(dup(event));

    must(control(epoll, EPOLL_CTL_ADD, event, EPOLLIN, 1));
    close(event);
    ready("another descriptor is open", epoll);
    result("its number is gone", control(epoll, EPOLL_CTL_DEL, event, 0, 0));
    result("it is known by that number", control(epoll, EPOLL_CTL_DEL, other, 0, 0));
    close(other);
    ready("the last one is closed", epoll);
    event = new_event(1);
    must(control(epoll, EPOLL_CTL_ADD, event, EPOLLIN, 2));
    ready("a new file with the number", epoll);
    other = (int)must(dup(epoll));
    close(epoll);
    ready("by a duplicate", other);
    close(other);
    add(event);
    epoll = (int)must(epoll_create1(0));
    result("watched by another", control(epoll, EPOLL_CTL_ADD, event, EPOLLIN, 3));
    ready("by another", epoll);
}

static void many(void)
{
    enum { COUNT = 500 };
    int epoll = (int)must(epoll_create1(0)), all[COUNT], seen[COUNT] = {0}, total = 0;
    struct epoll_event list[7];

    for (int i = 0; i < COUNT; i++) {
        all[i] = new_event(0);
        must(control(epoll, EPOLL_CTL_ADD, all[i], EPOLLIN, (uint64_t)i));
    }
    for (int i = 0; i < COUNT; i += 5)
        add(all[i]);
    for (int round = 0; round < 15; round++) {
        int count = epoll_wait(epoll, list, 7, 0);
        for (int i = 0; i < count; i++)
            seen[list[i].data.u64]++;
    }
    for (int i = 0; i < COUNT; i++)
        total += seen[i] == (i % 5 == 0);
    fact("each had its turn", total);
    for (int i = 0; i < COUNT; i += 2)
        close(all[i]);
    total = 0;
    for (int i = 0; i < COUNT; i++)
        if (i % 2)
            add(all[i]);
    struct epoll_event plenty[COUNT];
    fact("what is open", epoll_wait(epoll, plenty, COUNT, 0));
    for (int i = 1; i < COUNT; i += 2)
        close(all[i]);
    fact("nothing is", epoll_wait(epoll, plenty, COUNT, 0));
}

static void waiting(void)
{
    int epoll = (int)must(epoll_create1(0)), event = new_event(0);
    struct epoll_event one;
    long long before = milliseconds();
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigset_t blocked, none;

    must(control(epoll, EPOLL_CTL_ADD, event, EPOLLIN, 1));
    result("time-out", epoll_wait(epoll, &one, 1, 30));
    yes("waited", milliseconds() - before >= 29);
    before = milliseconds();
    result("finer time-out",
           syscall(SYS_epoll_pwait2, epoll, &one, 1, &(struct timespec){0, 30000000}, NULL, 8));
    yes("waited", milliseconds() - before >= 29);
    result("bad time",
           syscall(SYS_epoll_pwait2, epoll, &one, 1, &(struct timespec){0, 1000000000}, NULL, 8));
    result("bad time", syscall(SYS_epoll_pwait2, epoll, &one, 1, (struct timespec *)8, NULL, 8));
    sigaction(SIGALRM, &action, NULL);
    ualarm(20000, 0);
    result("a signal ends it, restart or not", epoll_wait(epoll, &one, 1, 2000));
    fact("signals", signals);
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGALRM);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    raise(SIGALRM);
    result("blocked", epoll_pwait(epoll, &one, 1, 10, NULL));
    result("let in", epoll_pwait(epoll, &one, 1, 2000, &none));
    fact("signals", signals);
    raise(SIGALRM);
    result("let in without waiting", epoll_pwait(epoll, &one, 1, 0, &none));
    fact("signals", signals);
    result("mask of another size", syscall(SYS_epoll_pwait, epoll, &one, 1, 0, &none, 4));
    result("mask nowhere", syscall(SYS_epoll_pwait, epoll, &one, 1, 0, 8, 8));
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    yes("blocked as before", sigismember(&now, SIGALRM));
    add(event);
    result("for ever", epoll_wait(epoll, &one, 1, -1));
    result("for ever, finer", syscall(SYS_epoll_pwait2, epoll, &one, 1, NULL, NULL, 8));
}

void check_epoll(void)
{
    refusals();
    level();
    edge();
    once();
    lives();
    many();
    waiting();
}
