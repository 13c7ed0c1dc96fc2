/* SPDX-License-Identifier: Apache-2.0 */
/* What a signal handler may see, change and must not disturb: registers, floating point, red zone. */
#include "../check.h"
#include <fenv.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>

#if defined(__x86_64__)
static volatile int handled;
static greg_t seen[NGREG];

static void observe(int signo, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    (void)signo;
    (void)info;
    memcpy(seen, uc->uc_mcontext.gregs, sizeof(seen));
    uc->uc_mcontext.gregs[REG_R12] = 0x5eed;
    uc->uc_mcontext.gregs[REG_RIP] += 2; /* ud2 */
    handled++;
}

static void registers(void)
{
    unsigned long r12 = 0, rbx = 0, flags = 0;
    struct sigaction action = {.sa_sigaction = observe, .sa_flags = SA_SIGINFO};

    sigaction(SIGILL, &action, NULL);
    __asm__ volatile(
        "mov $0x1111, %%rbx; mov $0x2222, %%r12; mov $0x3333, %%r8; mov $0x4444, %%rsi\n"
        "stc; ud2; pushf; pop %2; mov %%r12, %0; mov %%rbx, %1"
        : "=&r"(r12), "=&r"(rbx), "=&r"(flags)
        :
        : "rbx", "r12", "r8", "rsi", "cc", "memory");
    printf("handler saw: %llx %llx %llx %llx\n", seen[REG_RBX], seen[REG_R12], seen[REG_R8],
           seen[REG_RSI]);
    printf("carry in the frame: %lld, after: %lu\n", seen[REG_EFL] & 1, flags & 1);
    printf("changed by the handler: %lx, kept: %lx\n", r12, rbx);
    fact("code segment", seen[REG_CSGSFS] & 0xffff);
}

static void disturb(int signo)
{
    volatile double x = 2.0;

    (void)signo;
    __asm__ volatile(
        "pxor %%xmm0, %%xmm0; pxor %%xmm5, %%xmm5; pxor %%xmm15, %%xmm15; fninit; fldpi" ::
            : "xmm0", "xmm5", "xmm15");
    fesetround(FE_UPWARD);
    x = sqrt(x);
    handled++;
}

static void floating_point(void)
{
    struct sigaction action = {.sa_handler = disturb};
    double in[3] = {1.5, -2.25, 1e300}, out[3] = {0};
    long double x87 = 0;
    unsigned mxcsr = 0;

    sigaction(SIGUSR1, &action, NULL);
    fesetround(FE_DOWNWARD);
    __asm__ volatile(
        "movsd %4, %%xmm0; movsd %5, %%xmm5; movsd %6, %%xmm15; fld1; fldl2t; faddp\n"
        "mov $39, %%eax; syscall; mov %%eax, %%edi; mov $10, %%esi; mov $62, %%eax; syscall\n"
        "movsd %%xmm0, %0; movsd %%xmm5, %1; movsd %%xmm15, %2; fstpt %3"
        : "=m"(out[0]), "=m"(out[1]), "=m"(out[2]), "=m"(x87)
        : "m"(in[0]), "m"(in[1]), "m"(in[2])
        : "rax", "rcx", "r11", "rdi", "rsi", "xmm0", "xmm5", "xmm15", "memory");
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    printf("xmm: %g %g %g\n", out[0], out[1], out[2]);
    printf("x87: %.15Lf\n", x87);
    yes("rounding is mine", fegetround() == FE_DOWNWARD);
    printf("mxcsr control: %#x\n", mxcsr & 0xffc0);
    fesetround(FE_TONEAREST);
}

static void look_at_float(int signo, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    (void)signo;
    (void)info;
    yes("frame has floating point", uc->uc_mcontext.fpregs != NULL);
    yes("aligned", ((uintptr_t)uc->uc_mcontext.fpregs & 15) == 0);
    double value;
    memcpy(&value, &uc->uc_mcontext.fpregs->_xmm[7], sizeof(value));
    printf("xmm7 in the frame: %g\n", value);
    value = 99.5;
    memcpy(&uc->uc_mcontext.fpregs->_xmm[7], &value, sizeof(value));
}

static void frame_of_floats(void)
{
    struct sigaction action = {.sa_sigaction = look_at_float, .sa_flags = SA_SIGINFO};
    double in = 12.25, out = 0;

    sigaction(SIGUSR2, &action, NULL);
    __asm__ volatile(
        "movsd %1, %%xmm7; mov $39, %%eax; syscall; mov %%eax, %%edi; mov $12, %%esi\n"
        "mov $62, %%eax; syscall; movsd %%xmm7, %0"
        : "=m"(out)
        : "m"(in)
        : "rax", "rcx", "r11", "rdi", "rsi", "xmm7", "memory");
    printf("xmm7 after: %g\n", out);
}

static void tick(int signo)
{
    (void)signo;
    handled++;
}

/* 128 bytes below the stack pointer are the program's, whenever a signal comes (psABI 3.2.2). */
static void red_zone(void)
{
    struct sigaction action = {.sa_handler = tick};
    struct itimerval often = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
    unsigned long bad = 0;

    handled = 0;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    while (handled < 20 && !bad)
        __asm__ volatile(
            "mov $200000, %%ecx\n"
            "1: movq %%rcx, -8(%%rsp); movq %%rcx, -128(%%rsp); movq %%rcx, -64(%%rsp)\n"
            "mov $20, %%eax\n2: dec %%eax; jnz 2b\n"
            "cmpq %%rcx, -8(%%rsp); jne 3f; cmpq %%rcx, -128(%%rsp); jne 3f\n"
            "cmpq %%rcx, -64(%%rsp); jne 3f; loop 1b; jmp 4f\n"
            "3: incq %0\n4:"
            : "+r"(bad)
            :
            : "rax", "rcx", "cc", "memory");
    setitimer(ITIMER_REAL, &never, NULL);
    fact("red zone disturbed", (long long)bad);
    yes("interrupted", handled >= 20);
}
#endif

static sigjmp_buf back;

static void leave(int signo)
{
    siglongjmp(back, signo);
}

static void leaving(void)
{
    struct sigaction action = {.sa_handler = leave};
    volatile int times = 0;
    sigset_t mask;

    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    for (volatile int i = 0; i < 1000; i++)
        if (sigsetjmp(back, 1) == 0)
            *(volatile char *)16 = 1;
        else
            times++;
    fact("left by siglongjmp", times);
    if (sigsetjmp(back, 1) == 0)
        raise(SIGTERM);
    sigprocmask(SIG_BLOCK, NULL, &mask);
    fact("mask is back", sigismember(&mask, SIGTERM));
}

static ucontext_t first, second;
static char stack[32768];

static void coroutine(void)
{
    printf("in the other context\n");
    swapcontext(&second, &first);
    printf("in it again\n");
}

int main(void)
{
#if defined(__x86_64__)
    registers();
    floating_point();
    frame_of_floats();
    red_zone();
#endif
    leaving();
    must(getcontext(&second));
    second.uc_stack.ss_sp = stack;
    second.uc_stack.ss_size = sizeof(stack);
    second.uc_link = &first;
    makecontext(&second, coroutine, 0);
    swapcontext(&first, &second);
    printf("back\n");
    swapcontext(&first, &second);
    printf("end\n");
    return 0;
}
