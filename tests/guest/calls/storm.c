/* SPDX-License-Identifier: Apache-2.0 */
/* Signals that come anywhere: in the program, on its way into a call, in the call, on its way back. */
#include "calls.h"
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>

static volatile sig_atomic_t alarms, nested, elsewhere, calls_wrong;
static int pipe_fds[2];

static void inner(int signo)
{
    (void)signo;
    nested++;
    if (site_call(SYS_getpid, 0, 0, 0) != getpid())
        calls_wrong++;
}

static void outer(int signo, siginfo_t *info, void *context)
{
    const ucontext_t *uc = context;
    uintptr_t rip = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];

    (void)signo, (void)info;
    /* What a program sees of itself is its own code, or a library's, and never a place between two. */
    if (rip >= (uintptr_t)site_instruction && rip < (uintptr_t)site_end &&
        rip != (uintptr_t)site_instruction && rip < (uintptr_t)site_target)
        elsewhere++;
    int error = errno;
    alarms++;
    if (alarms % 3 == 0)
        raise(SIGUSR1);
    if (alarms % 7 == 0 && close(-1) != -1)
        calls_wrong++;
    errno = error;
}

static void install(int signo, void *handler, int flags)
{
    struct sigaction act = {.sa_flags = flags};

    act.sa_sigaction = (void (*)(int, siginfo_t *, void *))handler;
    sigaction(signo, &act, NULL);
}

static void every(long microseconds)
{
    const struct itimerval it = {{0, microseconds}, {0, microseconds}};

    setitimer(ITIMER_REAL, &it, NULL);
}

void storm(void)
{
    static char stack[65536];
    const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
    unsigned wrong = 0, rounds = 0;
    char byte;

    install(SIGUSR1, (void *)inner, 0);
    if (pipe(pipe_fds))
        return;
    sigaltstack(&alternate, NULL);
    for (int on_stack = 0; on_stack < 2; on_stack++) {
        install(SIGALRM, (void *)outer, SA_SIGINFO | SA_RESTART | (on_stack ? SA_ONSTACK : 0));
        int enough = alarms + 150;
        every(200);
        while (alarms < enough) {
            rounds++;
            wrong += site_call(SYS_getppid, 0, 0, 0) != getppid();
            wrong += site_plain(SYS_gettid) != site_plain_late(SYS_gettid);
            wrong += site_call(SYS_close, -1, 0, 0) != 1000000 + EBADF;
            wrong += write(pipe_fds[1], "x", 1) != 1;
            wrong += read(pipe_fds[0], &byte, 1) != 1 || byte != 'x';
            wrong += !fp_survives(0x5555000000000000 + rounds, 5);
        }
        every(0);
    }
    printf("wrong: %u %d, elsewhere: %d, nested: %d\n", wrong, (int)calls_wrong, (int)elsewhere,
           nested >= 90);

    /* Only the timer ends this: it comes while the program runs, without any call. */
    int before = alarms;
    every(1000);
    while (alarms < before + 20)
        ;
    every(0);
    puts("computing: interrupted");

    /* And a call that waits. */
    install(SIGALRM, (void *)outer, SA_SIGINFO);
    every(2000);
    int interrupted = 0;
    for (int i = 0; i < 20; i++)
        interrupted += read(pipe_fds[0], &byte, 1) == -1 && errno == EINTR;
    every(0);
    printf("waiting: %d\n", interrupted);
}

static void put_byte(int signo)
{
    (void)signo;
    alarms++;
    if (write(pipe_fds[1], "r", 1) != 1)
        abort();
}

void restart(void)
{
    char byte;
    unsigned right = 0;

    if (pipe(pipe_fds))
        return;
    install(SIGALRM, (void *)put_byte, SA_RESTART);
    every(1500); /* again and again: one may come before the call that it is meant for */
    for (int i = 0; i < 30; i++) {
        right += read(pipe_fds[0], &byte, 1) == 1;
        right += site_call(SYS_read, pipe_fds[0], (long)&byte, 1) == 1;
    }
    every(0);
    printf("restarted: %u\n", right);
    fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
    while (read(pipe_fds[0], &byte, 1) == 1)
        ;
    fcntl(pipe_fds[0], F_SETFL, 0);
    right = 0;
    install(SIGALRM, (void *)inner, 0);
    every(1500);
    for (int i = 0; i < 30; i++) {
        const struct timespec rest = {1, 0};
        right += site_call(SYS_read, pipe_fds[0], (long)&byte, 1) == 1000000 + EINTR;
        right += nanosleep(&rest, NULL) == -1 && errno == EINTR;
    }
    every(0);
    printf("interrupted: %u\n", right);
    /* What goes on by restart_syscall(2). */
    right = 0;
    signal(SIGALRM, SIG_IGN);
    signal(SIGCONT, SIG_DFL);
    for (int i = 0; i < 10; i++) {
        const struct timespec rest = {0, 4000000};
        ualarm(1000, 0);
        right += nanosleep(&rest, NULL) == 0;
    }
    printf("slept: %u\n", right);
}
