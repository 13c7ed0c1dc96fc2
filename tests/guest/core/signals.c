/* SPDX-License-Identifier: Apache-2.0 */
/* Signals as a program sees them. Prints what must be the same on every Linux. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdbool.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define AUTODISARM (int)0x80000000 /* SS_AUTODISARM of linux/signal.h */
#define SAY(...) (printf(__VA_ARGS__), fflush(stdout))

static volatile sig_atomic_t seen, depth, deepest;
static char stack_memory[65536] __attribute__((aligned(4096)));
static sigjmp_buf back;
static int pipe_fds[2];
static bool overflowing;

static void count(int signo)
{
    (void)signo, seen++;
}

static void note(int signo, siginfo_t *info, void *context)
{
    (void)context;
    SAY("got %d code %d value %d from us %d\n", signo, info->si_code, info->si_value.sival_int,
        info->si_pid == getpid());
}

static void install(int signo, void *handler, int flags)
{
    struct sigaction act = {.sa_flags = flags};

    act.sa_sigaction = (void (*)(int, siginfo_t *, void *))handler;
    sigaction(signo, &act, NULL);
}

static void queues(void)
{
    const int rt = SIGRTMIN;
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    for (int s = rt; s <= rt + 2; s++)
        install(s, note, SA_SIGINFO);
    install(SIGUSR1, note, SA_SIGINFO);
    for (int i = 3; i > 0; i--)
        sigqueue(getpid(), rt + i % 3, (union sigval){.sival_int = i});
    sigqueue(getpid(), rt, (union sigval){.sival_int = 7});
    sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 8});
    sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 9}); /* coalesces */
    raise(SIGUSR1); /* to the thread: a queue of its own */
    sigset_t pending;
    sigpending(&pending);
    SAY("pending usr1 %d rt %d %d %d\n", sigismember(&pending, SIGUSR1), sigismember(&pending, rt),
        sigismember(&pending, rt + 1), sigismember(&pending, rt + 3));
    siginfo_t info;
    struct timespec none = {0, 0};
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, rt);
    int got = sigtimedwait(&one, &info, &none);
    SAY("timedwait %d value %d code %d\n", got == rt, info.si_value.sival_int, info.si_code);
    sigemptyset(&one);
    sigaddset(&one, SIGUSR2);
    got = sigtimedwait(&one, &info, &(struct timespec){0, 1000000});
    SAY("timedwait %d %s\n", got, strerrorname_np(errno));
    sigprocmask(SIG_UNBLOCK, &all, NULL);
    SAY("bad kill %d %s\n", kill(getpid(), 65), strerrorname_np(errno));
    SAY("nobody %d", kill(999999, 0));
    SAY(" %s\n", strerrorname_np(errno));
    long r = syscall(SYS_tgkill, getpid(), 999999, SIGUSR1);
    SAY("no thread %ld %s\n", r, strerrorname_np(errno));
}

static void nested(int signo)
{
    if (++depth > deepest)
        deepest = depth;
    if (seen++ < 3)
        raise(signo);
    depth--;
}

static void masks(void)
{
    install(SIGUSR1, nested, 0);
    seen = deepest = 0;
    raise(SIGUSR1);
    SAY("blocked inside: %d times, depth %d\n", (int)seen, (int)deepest);
    install(SIGUSR1, nested, SA_NODEFER);
    seen = deepest = 0;
    raise(SIGUSR1);
    SAY("SA_NODEFER: %d times, depth %d\n", (int)seen, (int)deepest);
    install(SIGUSR1, count, SA_RESETHAND);
    raise(SIGUSR1);
    struct sigaction now;
    sigaction(SIGUSR1, NULL, &now);
    SAY("SA_RESETHAND: default again %d\n", now.sa_handler == SIG_DFL);
    SAY("SIGKILL %d", sigaction(SIGKILL, &now, NULL));
    SAY(" %s\n", strerrorname_np(errno));
    signal(SIGCHLD, SIG_DFL);
    raise(SIGCHLD);
    raise(SIGURG);
    raise(SIGWINCH);
    raise(SIGCONT);
    sigset_t usr, pending;
    sigemptyset(&usr);
    sigaddset(&usr, SIGUSR2);
    sigprocmask(SIG_BLOCK, &usr, NULL);
    raise(SIGUSR2);
    signal(SIGUSR2, SIG_IGN);
    sigpending(&pending);
    SAY("ignoring takes pending away: %d\n", !sigismember(&pending, SIGUSR2));
    raise(SIGUSR2); /* ignored, but blocked: Linux keeps it */
    sigpending(&pending);
    SAY("blocked and ignored stays: %d\n", sigismember(&pending, SIGUSR2));
    sigprocmask(SIG_UNBLOCK, &usr, NULL);
    SAY("alive\n");
}

static void write_byte(int signo)
{
    (void)signo;
    seen++;
    if (write(pipe_fds[1], "x", 1) != 1)
        abort();
}

static void interruptions(void)
{
    char c;
    struct timespec rest = {0};

    if (pipe(pipe_fds))
        abort();
    install(SIGALRM, write_byte, SA_RESTART);
    ualarm(20000, 0);
    SAY("restarted read %zd\n", read(pipe_fds[0], &c, 1));
    install(SIGALRM, count, 0);
    ualarm(20000, 0);
    ssize_t n = read(pipe_fds[0], &c, 1);
    SAY("interrupted read %zd %s\n", n, strerrorname_np(errno));
    install(SIGALRM, count, SA_RESTART);
    ualarm(20000, 0);
    int r = nanosleep(&(struct timespec){5, 0}, &rest);
    SAY("nanosleep %d %s rest %d\n", r, strerrorname_np(errno), rest.tv_sec == 4);
    ualarm(20000, 0);
    errno = clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){5, 0}, &rest);
    SAY("clock_nanosleep %s rest %d\n", strerrorname_np(errno), rest.tv_sec == 4);
    signal(SIGWINCH, SIG_DFL);
    sigset_t alarm_only, old;
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    sigprocmask(SIG_BLOCK, &alarm_only, &old);
    seen = 0;
    ualarm(20000, 0);
    usleep(40000);
    SAY("blocked: %d\n", (int)seen);
    r = sigsuspend(&old);
    SAY("sigsuspend %d %s, seen %d\n", r, strerrorname_np(errno), (int)seen);
    sigset_t now;
    sigprocmask(SIG_SETMASK, NULL, &now);
    SAY("mask is back: %d\n", sigismember(&now, SIGALRM));
    sigprocmask(SIG_SETMASK, &old, NULL);
    alarm(100);
    SAY("alarm left %u\n", alarm(0));
}

static void on_fault(int signo, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    char here;
    bool on_stack = &here >= stack_memory && &here < stack_memory + sizeof(stack_memory);

    /* Where a stack ends is random. */
    SAY("fault %d code %d low address bits %#lx alternate %d flags %d size %zu\n", signo,
        info->si_code, (unsigned long)info->si_addr & (overflowing ? 0 : 0xfff), on_stack,
        uc->uc_stack.ss_flags, uc->uc_stack.ss_size);
    if (signo == SIGSEGV && uc->uc_mcontext.gregs[REG_TRAPNO] == 14)
        SAY("trap %lld error %lld address %d\n", (long long)uc->uc_mcontext.gregs[REG_TRAPNO],
            (long long)uc->uc_mcontext.gregs[REG_ERR],
            uc->uc_mcontext.gregs[REG_CR2] == (long long)(uintptr_t)info->si_addr);
    siglongjmp(back, 1);
}

static void skip_two(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RBX] = 77;
}

static int overflow(int n)
{
    volatile char frame[4096];

    overflowing = true;
    memset((void *)frame, n, sizeof(frame));
    return overflow(n + 1) + frame[1];
}

static void faults(void)
{
    stack_t ss = {.ss_sp = stack_memory, .ss_size = sizeof(stack_memory)}, old;
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    volatile int zero = 0;

    SAY("altstack %d\n", sigaltstack(&ss, &old));
    SAY("old flags %d\n", old.ss_flags);
    for (const int *s = (const int[]){SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGBUS, 0}; *s; s++)
        install(*s, on_fault, SA_SIGINFO | SA_ONSTACK);
    if (!sigsetjmp(back, 1))
        *(volatile int *)0x123 = 1;
    if (!sigsetjmp(back, 1))
        page[0x45] = 1;
    if (!sigsetjmp(back, 1))
        SAY("%d\n", 1 / zero);
    if (!sigsetjmp(back, 1))
        __asm__ volatile("ud2");
    if (!sigsetjmp(back, 1))
        __asm__ volatile("int3");
    if (!sigsetjmp(back, 1))
        __asm__ volatile("hlt");
    if (!sigsetjmp(back, 1))
        SAY("%d\n", *(volatile int *)0x8000000000000000);
    if (!sigsetjmp(back, 1))
        SAY("%d\n", overflow(0));
    install(SIGILL, skip_two, SA_SIGINFO);
    long rbx;
    __asm__ volatile("xor %%ebx, %%ebx\n ud2\n mov %%rbx, %0" : "=r"(rbx) : : "rbx");
    SAY("skipped, rbx %ld\n", rbx);
    ss.ss_size = 100;
    SAY("small %d", sigaltstack(&ss, NULL));
    SAY(" %s\n", strerrorname_np(errno));
    ss.ss_flags = 64;
    SAY("flags %d", sigaltstack(&ss, NULL));
    SAY(" %s\n", strerrorname_np(errno));
    ss.ss_flags = SS_DISABLE;
    sigaltstack(&ss, NULL);
    sigaltstack(NULL, &old);
    SAY("disabled: flags %d size %zu\n", old.ss_flags, old.ss_size);
}

static void on_altstack(int signo)
{
    stack_t ss = {.ss_sp = stack_memory, .ss_size = 32768}, now;

    (void)signo;
    SAY("change on it %d", sigaltstack(&ss, NULL));
    SAY(" %s\n", strerrorname_np(errno));
    sigaltstack(NULL, &now);
    SAY("flags on it %d\n", now.ss_flags);
}

static void altstack(void)
{
    stack_t ss = {.ss_sp = stack_memory, .ss_size = sizeof(stack_memory)};

    sigaltstack(&ss, NULL);
    install(SIGUSR1, on_altstack, SA_ONSTACK);
    raise(SIGUSR1);
    ss.ss_flags = AUTODISARM;
    sigaltstack(&ss, NULL);
    install(SIGUSR1, on_altstack, SA_ONSTACK);
    raise(SIGUSR1);
    sigaltstack(NULL, &ss);
    SAY("after: flags %#x\n", (unsigned)ss.ss_flags);
}

/* Registers and vector state survive a signal at any instruction. */
static void spinning(void)
{
    const struct itimerval soon = {.it_value.tv_usec = 2000, .it_interval.tv_usec = 2000};
    struct itimerval left;
    double sum = 0;

    install(SIGALRM, count, 0);
    seen = 0;
    setitimer(ITIMER_REAL, &soon, NULL);
    while (seen < 10)
        for (int i = 1; i <= 1000; i++) {
            sum += (double)i / 3;
            sum -= (double)i / 3;
        }
    getitimer(ITIMER_REAL, &left);
    SAY("real: sum %.3f interval %ld running %d\n", sum, (long)left.it_interval.tv_usec,
        left.it_value.tv_usec > 0);
    setitimer(ITIMER_REAL, &(struct itimerval){0}, &left);
    install(SIGPROF, count, 0);
    seen = 0;
    setitimer(ITIMER_PROF, &soon, NULL);
    while (seen < 3)
        ;
    setitimer(ITIMER_PROF, &(struct itimerval){0}, NULL);
    install(SIGVTALRM, count, 0);
    seen = 0;
    setitimer(ITIMER_VIRTUAL, &soon, NULL);
    while (seen < 3)
        ;
    setitimer(ITIMER_VIRTUAL, &(struct itimerval){0}, NULL);
    SAY("prof and virtual came\n");
    SAY("bad %d", setitimer(3, &soon, NULL));
    SAY(" %s\n", strerrorname_np(errno));
}

static void die(const char *how)
{
    sigset_t set;

    sigfillset(&set);
    if (!strcmp(how, "abort"))
        abort();
    if (!strcmp(how, "segv"))
        *(volatile int *)8 = 1;
    if (!strcmp(how, "blocked-segv")) {
        install(SIGSEGV, count, 0);
        sigprocmask(SIG_BLOCK, &set, NULL);
        *(volatile int *)8 = 1;
    }
    if (!strcmp(how, "ignored-segv")) {
        signal(SIGSEGV, SIG_IGN);
        *(volatile int *)8 = 1;
    }
    if (!strcmp(how, "bad-stack")) {
        install(SIGUSR1, count, 0);
        __asm__ volatile(
            "mov $0x1000, %%rsp\n mov $39, %%eax\n syscall\n mov %%eax, %%edi\n"
            "mov $10, %%esi\n mov $62, %%eax\n syscall\n" ::
                : "memory");
    }
    if (!strcmp(how, "bad-return")) {
        __asm__ volatile("mov $0x1000, %%rsp\n mov $15, %%eax\n syscall\n" ::: "memory");
    }
    kill(getpid(), atoi(how));
    SAY("still here\n");
    exit(3);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        die(argv[argc - 1]);
    queues();
    masks();
    interruptions();
    faults();
    altstack();
    spinning();
    SAY("end\n");
    return 7;
}
