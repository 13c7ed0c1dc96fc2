/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, sleeps and timers. Prints what must be the same on every Linux. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#define SAY(...) (printf(__VA_ARGS__), fflush(stdout))
static const char *name_of(int error)
{
    return error ? strerrorname_np(error) : "0";
}
#define NAME(e) name_of((int)(e))
#define MS 1000000L

static volatile sig_atomic_t seen, overrun, code, value;

static long long now(clockid_t clock)
{
    struct timespec t;

    /* By the call itself: the C library would ask the vDSO. */
    if (syscall(SYS_clock_gettime, clock, &t))
        return -errno;
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void clocks(void)
{
    struct timespec t;

    for (int i = 0; i < 13; i++) {
        if (i == CLOCK_REALTIME_ALARM || i == CLOCK_BOOTTIME_ALARM)
            continue; /* there if the machine has an RTC that can wake it */
        long r = syscall(SYS_clock_getres, i, &t);
        SAY("clock %d: %s, resolution %s", i, now(i) > 0 ? "runs" : NAME(-(int)now(i)),
            r                ? NAME(errno)
            : t.tv_nsec == 1 ? "1 ns\n"
                             : "coarse\n");
        if (r)
            SAY("\n");
    }
    long long vdso, direct = now(CLOCK_MONOTONIC);
    clock_gettime(CLOCK_MONOTONIC, &t);
    vdso = t.tv_sec * 1000000000LL + t.tv_nsec;
    SAY("vDSO and call are one clock: %d\n", vdso >= direct && vdso - direct < 1000 * MS);
    direct = now(CLOCK_REALTIME);
    clock_gettime(CLOCK_REALTIME, &t);
    vdso = t.tv_sec * 1000000000LL + t.tv_nsec;
    SAY("wall too: %d\n", vdso >= direct && vdso - direct < 1000 * MS);
    SAY("after 2023: %d\n", time(NULL) > 1700000000);
    long long cpu = now(CLOCK_PROCESS_CPUTIME_ID), thread = now(CLOCK_THREAD_CPUTIME_ID);
    for (volatile int i = 0; i < 20000000; i++)
        ;
    SAY("cpu time passes: %d %d\n", now(CLOCK_PROCESS_CPUTIME_ID) > cpu + MS,
        now(CLOCK_THREAD_CPUTIME_ID) > thread + MS);
    clockid_t own;
    clock_getcpuclockid(0, &own);
    SAY("own cpu clock: %d\n", now(own) > cpu);
    SAY("other's: %s\n", NAME(-(int)now(~99999 * 8 + 2)));
    SAY("device: %s\n", NAME(-(int)now(~0 * 8 + 3)));
    SAY("nowhere: %d", (int)syscall(SYS_clock_gettime, 0, 8L));
    SAY(" %s\n", NAME(errno));
    struct tms tms;
    SAY("times %d\n", times(&tms) != -1 && tms.tms_cutime == 0);
}

static void sleeps(void)
{
    struct timespec t = {0, 5 * MS};
    long long before = now(CLOCK_MONOTONIC);

    SAY("nanosleep %d", nanosleep(&t, NULL));
    SAY(", slept %d\n", now(CLOCK_MONOTONIC) - before >= 5 * MS);
    before = now(CLOCK_REALTIME);
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += 5 * MS;
    if (t.tv_nsec >= 1000 * MS)
        t.tv_sec++, t.tv_nsec -= 1000 * MS;
    SAY("until %s", NAME(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL)));
    SAY(", slept %d\n", now(CLOCK_REALTIME) - before >= 5 * MS);
    t = (struct timespec){1, 0};
    SAY("until long ago %s\n", NAME(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL)));
    t = (struct timespec){0, 1000 * MS};
    SAY("nanosleep %d", nanosleep(&t, NULL));
    SAY(" %s\n", NAME(errno));
    t = (struct timespec){-1, 0};
    SAY("nanosleep %d", nanosleep(&t, NULL));
    SAY(" %s\n", NAME(errno));
    SAY("raw %s\n", NAME(clock_nanosleep(CLOCK_MONOTONIC_RAW, 0, &(struct timespec){0}, NULL)));
    SAY("own cpu %s\n",
        NAME(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &(struct timespec){0}, NULL)));
    SAY("none %s\n", NAME(clock_nanosleep(12, 0, &(struct timespec){0}, NULL)));
}

static void fired(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)context;
    seen++;
    overrun = info->si_overrun;
    code = info->si_code;
    value = info->si_value.sival_int;
}

static void timers(void)
{
    struct sigaction act = {.sa_sigaction = fired, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct sigevent ev = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 42};
    struct itimerspec its = {.it_value.tv_nsec = 5 * MS}, left;
    sigset_t block, old;
    timer_t id;

    sigaction(SIGRTMIN, &act, NULL);
    SAY("create %d\n", timer_create(CLOCK_MONOTONIC, &ev, &id));
    timer_gettime(id, &left);
    SAY("idle %ld\n", (long)left.it_value.tv_nsec);
    timer_settime(id, 0, &its, NULL);
    while (!seen)
        pause();
    SAY("once: code %d value %d overrun %d\n", (int)code, (int)value, (int)overrun);
    sigemptyset(&block);
    sigaddset(&block, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &block, &old);
    its.it_value.tv_nsec = its.it_interval.tv_nsec = 2 * MS;
    timer_settime(id, 0, &its, NULL);
    struct timespec t = {0, 50 * MS};
    nanosleep(&t, NULL);
    timer_gettime(id, &left);
    SAY("periodic: interval %ld left %d\n", (long)left.it_interval.tv_nsec,
        left.it_value.tv_nsec > 0 && left.it_value.tv_nsec <= 2 * MS);
    seen = 0;
    sigprocmask(SIG_SETMASK, &old, NULL);
    int before = overrun;
    SAY("blocked for long: overrun counted %d, told %d\n", before >= 10, timer_getoverrun(id) >= 0);
    seen = 0;
    while (seen < 3)
        pause();
    memset(&its, 0, sizeof(its));
    timer_settime(id, 0, &its, &left);
    SAY("old interval %ld\n", (long)left.it_interval.tv_nsec);
    signal(SIGRTMIN, SIG_IGN);
    its.it_value.tv_nsec = its.it_interval.tv_nsec = MS;
    timer_settime(id, 0, &its, NULL);
    nanosleep(&t, NULL);
    sigaction(SIGRTMIN, &act, NULL);
    seen = 0;
    while (!seen)
        pause();
    SAY("ignored, then not: still runs\n");
    SAY("delete %d", timer_delete(id));
    SAY(" %d", (int)syscall(SYS_timer_delete, 12345));
    SAY(" %s\n", NAME(errno));
    ev.sigev_signo = 65;
    SAY("bad signal %d", timer_create(CLOCK_MONOTONIC, &ev, &id));
    SAY(" %s\n", NAME(errno));
    ev = (struct sigevent){.sigev_notify = SIGEV_NONE};
    timer_create(CLOCK_REALTIME, &ev, &id);
    its = (struct itimerspec){.it_value.tv_sec = 100};
    timer_settime(id, 0, &its, NULL);
    timer_gettime(id, &left);
    SAY("silent: %ld\n", (long)left.it_value.tv_sec);
    ev = (struct sigevent){.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    timer_create(CLOCK_PROCESS_CPUTIME_ID, &ev, &id);
    its = (struct itimerspec){.it_value.tv_nsec = 5 * MS};
    seen = 0;
    timer_settime(id, 0, &its, NULL);
    while (!seen)
        ;
    SAY("cpu timer came\n");
}

int main(void)
{
    clocks();
    sleeps();
    timers();
    SAY("end\n");
    return 0;
}
