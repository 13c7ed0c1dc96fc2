/* SPDX-License-Identifier: Apache-2.0 */
/* signalfd(2). */
#include "events.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>

static int handled;

static void on_signal(int signo)
{
    handled = signo;
}

static void polled(const char *name, int fd)
{
    struct pollfd one = {fd, POLLIN | POLLOUT, 0};
    int count = poll(&one, 1, 0);

    printf("%s: %d, %#x\n", name, count, (unsigned)one.revents);
}

static void get(const char *name, int fd)
{
    struct signalfd_siginfo list[4];
    ssize_t size = read(fd, list, sizeof(list));

    printf("%s:", name);
    if (size < 0)
        printf(" %s", error_name(errno));
    for (ssize_t i = 0; i < size / (ssize_t)sizeof(list[0]); i++)
        printf(" [%u code %d sender %d value %d %llu overrun %u]", list[i].ssi_signo,
               list[i].ssi_code, list[i].ssi_pid == (unsigned)getpid(), list[i].ssi_int,
               (unsigned long long)list[i].ssi_ptr, list[i].ssi_overrun);
    printf("\n");
}

static void *send_later(void *to)
{
    if (to)
        pthread_kill(*(pthread_t *)to, SIGUSR2);
    else
        kill(getpid(), SIGUSR1);
    return NULL;
}

void check_signalfd(void)
{
    sigset_t all, one;
    int fd, epoll;
    struct sigevent event = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1, .sigev_value.sival_int = 77};
    timer_t timer;
    pthread_t other, self = pthread_self();

    sigemptyset(&all);
    sigaddset(&all, SIGUSR1);
    sigaddset(&all, SIGUSR2);
    sigaddset(&all, SIGCHLD);
    for (int i = 0; i < 3; i++)
        sigaddset(&all, SIGRTMIN + i);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    result("unknown flag", signalfd(-1, &all, 1));
    result("not a signalfd", signalfd(0, &all, 0));
    result("closed", signalfd(99, &all, 0));
    result("size", syscall(SYS_signalfd4, -1, &all, 4, 0));
    result("from nowhere", syscall(SYS_signalfd4, -1, 8, 8, 0));
    fd = (int)must(signalfd(-1, &all, SFD_NONBLOCK | SFD_CLOEXEC));
    fact("close on exec", fcntl(fd, F_GETFD));
    octal("flags", (unsigned long)fcntl(fd, F_GETFL));
    result("short read", read(fd, &all, 127));
    result("write", write(fd, &all, 128));
    polled("none", fd);
    get("none", fd);
    raise(SIGUSR1);
    kill(getpid(), SIGUSR2);
    kill(getpid(), SIGUSR2);
    polled("two", fd);
    get("two", fd);
    polled("none", fd);
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 5});
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 6});
    kill(getpid(), SIGUSR1);
    get("queued", fd);
    kill(getpid(), SIGCHLD);
    get("ignored by default, but blocked", fd);
    must(timer_create(CLOCK_MONOTONIC, &event, &timer));
    must(timer_settime(timer, 0, &(struct itimerspec){{0, 0}, {0, 1}}, NULL));
    nanosleep(&(struct timespec){0, 5000000}, NULL);
    get("timer", fd);
    sigemptyset(&one);
    sigaddset(&one, SIGUSR2);
    sigaddset(&one, SIGKILL);
    kill(getpid(), SIGUSR1);
    polled("another", fd);
    yes("changed", signalfd(fd, &one, 0) == fd);
    polled("not this one", fd);
    epoll = (int)must(epoll_create1(0));
    must(control(epoll, EPOLL_CTL_ADD, fd, EPOLLIN, 1));
    ready("not this one", epoll);
    kill(getpid(), SIGUSR2);
    ready("this one", epoll);
    get("this one", fd);
    ready("read", epoll);
    yes("changed back", signalfd(fd, &all, 0) == fd);
    ready("what waited", epoll);
    get("what waited", fd);
    struct epoll_event list[1];
    pthread_create(&other, NULL, send_later, NULL);
    result("waits for one from a thread", epoll_wait(epoll, list, 1, 5000));
    pthread_join(other, NULL);
    get("from a thread", fd);
    fcntl(fd, F_SETFL, 0);
    pthread_create(&other, NULL, send_later, &self);
    get("read waits for one", fd);
    pthread_join(other, NULL);
    signal(SIGUSR1, on_signal);
    raise(SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &one, NULL);
    fact("handled", handled);
    sigaddset(&one, SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &one, NULL);
    fact("handled", handled);
}
