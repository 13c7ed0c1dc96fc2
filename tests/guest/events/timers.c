/* SPDX-License-Identifier: Apache-2.0 */
/* timer_create(2): clocks, ways of telling, periods and overruns. */
#include "events.h"
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>

/* The calls themselves: C libraries put other things in between. */
static long create(int clock, struct sigevent *event, int *id)
{
    return syscall(SYS_timer_create, clock, event, id);
}

static long set(int id, int flags, long value, long interval, struct itimerspec *old)
{
    struct itimerspec to = {{interval / 1000000000, interval % 1000000000},
                            {value / 1000000000, value % 1000000000}};

    return syscall(SYS_timer_settime, id, flags, &to, old);
}

static void nap(long milli)
{
    struct timespec left = {milli / 1000, milli % 1000 * 1000000};

    while (nanosleep(&left, &left))
        ;
}

static volatile int count, last_code, last_value, last_overrun, last_id, thread_id;

static void on_signal(int signo, siginfo_t *info, void *context)
{
    (void)context;
    count += signo > 0;
    last_code = info->si_code;
    last_value = info->si_value.sival_int;
    last_overrun = info->si_overrun;
    last_id = info->si_timerid;
    thread_id = (int)syscall(SYS_gettid);
}

static void clocks(void)
{
    static const struct {
        int clock;
        const char *name;
    } all[] = {
        {CLOCK_REALTIME, "realtime"},
        {CLOCK_MONOTONIC, "monotonic"},
        {CLOCK_BOOTTIME, "boottime"},
        {CLOCK_TAI, "tai"},
        {CLOCK_PROCESS_CPUTIME_ID, "process time"},
        {CLOCK_THREAD_CPUTIME_ID, "thread time"},
        {CLOCK_MONOTONIC_RAW, "raw"},
        {CLOCK_MONOTONIC_COARSE, "coarse"},
        {77, "none"},
    };
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        int id;
        errno = 0;
        if (create(all[i].clock, &event, &id)) {
            text(all[i].name, error_name(errno));
            continue;
        }
        count = 0;
        must(set(id, 0, 2000000, 0, NULL));
        for (int turns = 0; !count && turns < 2000; turns++) {
            if (i == 4 || i == 5)
                for (volatile int spin = 0; spin < 100000; spin++)
                    ;
            else
                nap(1);
        }
        fact(all[i].name, count);
        must(syscall(SYS_timer_delete, id));
    }
}

static void refusals(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 65};
    struct itimerspec now = {{0, 0}, {0, 1000000000}};
    int id;

    result("bad signal", create(CLOCK_MONOTONIC, &event, &id));
    event.sigev_signo = 0;
    result("no signal", create(CLOCK_MONOTONIC, &event, &id));
    event.sigev_notify = 9;
    result("bad way", create(CLOCK_MONOTONIC, &event, &id));
    result("event nowhere", create(CLOCK_MONOTONIC, (struct sigevent *)8, &id));
    result("number nowhere", create(CLOCK_MONOTONIC, NULL, (int *)8));
    result("no timer", syscall(SYS_timer_gettime, 99, &now));
    result("no timer", syscall(SYS_timer_getoverrun, 99));
    result("no timer", syscall(SYS_timer_delete, 99));
    result("no timer", set(99, 0, 1, 0, NULL));
    event.sigev_notify = SIGEV_NONE;
    result("without telling", create(CLOCK_MONOTONIC, &event, &id));
    result("bad time", syscall(SYS_timer_settime, id, 0, &now, NULL));
    now.it_value.tv_nsec = -1;
    result("negative time", syscall(SYS_timer_settime, id, 0, &now, NULL));
    result("no time", syscall(SYS_timer_settime, id, 0, NULL, NULL));
    result("time nowhere", syscall(SYS_timer_settime, id, 0, 8, NULL));
    result("left nowhere", syscall(SYS_timer_gettime, id, 8));
    must(syscall(SYS_timer_delete, id));
    result("deleted", syscall(SYS_timer_delete, id));
}

static void periods(void)
{
    struct sigevent event = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 5};
    struct itimerspec now, old;
    struct timespec time;
    sigset_t blocked;
    int id;

    must(create(CLOCK_MONOTONIC, &event, &id));
    must(syscall(SYS_timer_gettime, id, &now));
    printf("new: %ld %ld\n", (long)now.it_value.tv_sec, now.it_value.tv_nsec);
    must(set(id, 0, 1000000000000, 3000000000, NULL));
    must(syscall(SYS_timer_gettime, id, &now));
    yes("runs", now.it_value.tv_sec > 990 && now.it_interval.tv_sec == 3);
    must(set(id, 0, 0, 0, &old));
    yes("the old one", old.it_value.tv_sec > 990 && old.it_interval.tv_sec == 3);
    must(syscall(SYS_timer_gettime, id, &now));
    printf("stopped: %ld %ld, %ld\n", (long)now.it_value.tv_sec, now.it_value.tv_nsec,
           (long)now.it_interval.tv_sec);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    count = 0;
    must(set(id, 0, 1000000, 1000000, NULL));
    nap(30);
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
    must(set(id, 0, 0, 0, NULL));
    yes("one signal for many periods, or few", count >= 1 && count < 20);
    yes("whose overrun tells of the others", last_overrun + count >= 20 || count > 1);
    printf("code %d, value %d, own timer %d\n", last_code, last_value, last_id == id);
    count = 0;
    clock_gettime(CLOCK_MONOTONIC, &time);
    must(set(id, TIMER_ABSTIME, time.tv_sec * 1000000000 + time.tv_nsec - 1000000, 0, NULL));
    for (int turns = 0; !count && turns < 2000; turns++)
        nap(1);
    fact("in the past", count);
    result("overrun", syscall(SYS_timer_getoverrun, id));
    must(set(id, 0, 1000000, 0, NULL));
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    nap(5);
    must(syscall(SYS_timer_delete, id));
    count = 0;
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
    yes("deleted with its signal", count <= 1);
}

static void *with_thread(void *argument)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN};
    int id, own = (int)syscall(SYS_gettid);

    ((int *)&event)[4] = own; /* sigev_notify_thread_id */
    must(create(CLOCK_MONOTONIC, &event, &id));
    count = 0;
    must(set(id, 0, 1000000, 0, NULL));
    for (int turns = 0; !count && turns < 2000; turns++)
        nap(1);
    yes("to this thread", thread_id == own);
    must(syscall(SYS_timer_delete, id));
    ((int *)&event)[4] = 99999;
    result("to no thread", create(CLOCK_MONOTONIC, &event, &id));
    return argument;
}

void check_timers(void)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
    pthread_t other;

    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGRTMIN, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    clocks();
    refusals();
    periods();
    pthread_create(&other, NULL, with_thread, NULL);
    pthread_join(other, NULL);
    int id;
    must(create(CLOCK_MONOTONIC, NULL, &id));
    count = 0;
    must(set(id, 0, 1000000, 0, NULL));
    for (int turns = 0; !count && turns < 2000; turns++)
        nap(1);
    printf("by default: %d, its number %d\n", count, last_value == id);
}
