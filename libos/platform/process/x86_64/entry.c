/* SPDX-License-Identifier: Apache-2.0 */
/* From the program into the library OS and back: by the host's signals. README.md tells the flow. */
#include "../process.h"
#include "fast.h"
#include "host_frame.h"
#include "hostcall.h"
#include <asm/switch.h>
#include <u2k/errno.h>
#include <u2k/sched.h>
#include <u2k/uaccess.h>

struct ucontext *entry_context;
uint64_t signals_put_off;

const char *const register_names[] = {"r15", "r14",      "r13", "r12", "rbp",    "rbx", "r11",
                                      "r10", "r9",       "r8",  "rax", "rcx",    "rdx", "rsi",
                                      "rdi", "orig_rax", "rip", "cs",  "eflags", "rsp", "ss"};
_Static_assert(ARRAY_SIZE(register_names) * 8 == sizeof(struct regs), "a name each");

enum { TRAP_ILLEGAL = 6, TRAP_GP = 13, TRAP_PAGE = 14, PF_WRITE = 2, PF_FETCH = 16 };
enum { SYS_SECCOMP = 1, SIG_BLOCK = 0 };

NORETURN void process_start(uintptr_t *stack);

__asm__(
    ".pushsection .text._start, \"ax\"\n\t"
    ".globl _start\n"
    "_start:\n\t"
    "movq %rsp, %rdi\n\t"
    "andq $-16, %rsp\n\t"
    "call process_start\n"
    ".globl signal_restorer\n\t"
    ".hidden signal_restorer\n"
    "signal_restorer:\n\t"
    "movl $15, %eax\n\t" /* rt_sigreturn: rsp is behind pretcode */
    "syscall\n\t"
    ".globl first_return\n\t"
    ".hidden first_return\n"
    "first_return:\n\t"
    "movq %rbx, %rdi\n\t"
    "call thread_begins\n\t"
    ".popsection");

NORETURN void host_frame_return(struct ucontext *uc)
{
    __asm__ volatile("movq %0, %%rsp\n\tjmp signal_restorer" ::"r"(uc) : "memory");
    __builtin_unreachable();
}

NORETURN void run_on_stack(void *top, void (*entry)(void))
{
    __asm__ volatile("movq %0, %%rsp\n\txorl %%ebp, %%ebp\n\tcall *%1" ::"r"(top), "r"(entry)
                     : "memory");
    __builtin_unreachable();
}

/* cs, ss and the privileged flags stay the host's: it would not take others. */
void host_frame_set_regs(struct ucontext *uc, const struct regs *regs)
{
    sigcontext_from_regs(&uc->context, regs);
}

void regs_of(struct regs *regs, const struct ucontext *uc)
{
    regs_from_sigcontext(regs, &uc->context);
    regs->orig_rax = UINT64_MAX;
    regs->eflags = uc->context.eflags;
    regs->cs = uc->context.cs;
    regs->ss = uc->context.ss;
}

static struct fault decode_fault(int signo, const struct siginfo *info, const struct ucontext *uc)
{
    const struct sigcontext *c = &uc->context;
    struct fault f = {
        .addr = c->rip, .trapno = (unsigned)c->trapno, .code = c->err, .si_code = info->code};
    switch (signo) {
    case SIGFPE: f.kind = FAULT_ARITHMETIC; break;
    case SIGILL: f.kind = FAULT_ILLEGAL; break;
    case SIGTRAP: f.kind = FAULT_BREAKPOINT; break;
    default:
        if (c->trapno == TRAP_PAGE) {
            f.kind = FAULT_PAGE;
            f.addr = c->cr2;
            f.access = c->err & PF_FETCH ? PROT_EXEC : c->err & PF_WRITE ? PROT_WRITE : PROT_READ;
            f.si_code = 0; /* core knows whether there is a mapping */
        } else {
            f.kind =
                signo == SIGBUS && info->code == BUS_ADRALN ? FAULT_ALIGNMENT : FAULT_PROTECTION;
        }
    }
    return f;
}

/* What the host thinks of as ours: the program has no business with a stack in here. */
static bool in_kernel(const struct ucontext *uc)
{
    return uc->context.rsp >= LIBOS_BASE && uc->context.rsp < LIBOS_END;
}

/* A synchronous signal while the library OS runs: the program's memory was touched. */
static void kernel_fault(int signo, const struct siginfo *info, struct ucontext *uc)
{
    struct fault f = decode_fault(signo, info, uc);
    uintptr_t fixup = arch_fixup(uc->context.rip);
    if (f.kind == FAULT_PAGE && f.addr < plat_info->user_hi && core_fault_kernel(f.addr, f.access))
        return;
    if (fixup) {
        uc->context.rip = fixup;
        return;
    }
    struct regs regs;
    regs_of(&regs, uc);
    plat_panic(signo == SIGBUS ? "the host is out of memory, or the unikernel file was cut short"
                               : "fault in the library OS",
               &regs);
}

/* The vDSO asks the host when it has no clock to read itself; then it is trapped like the program. */
static void kernel_call(const struct siginfo *info, struct ucontext *uc)
{
    if (info->sys.syscall != HOST_clock_gettime) {
        struct regs regs;
        regs_of(&regs, uc);
        plat_panic("system call of the library OS outside of its text", &regs);
    }
    uc->context.rax = (uint64_t)host_call(clock_gettime, uc->context.rdi, uc->context.rsi);
}

static void program_call(struct regs *regs, const struct siginfo *info)
{
    regs->orig_rax = (uint64_t)(int64_t)info->sys.syscall;
    regs->rax = (uint64_t)-ENOSYS;
    /* `int $0x80`: numbers of another architecture, as on a kernel without IA-32 emulation. */
    if (info->sys.arch == ARCH_AUDIT)
        core_syscall(regs);
}

static bool from_host(const struct siginfo *info)
{
    return info->code <= 0;
}

static void tell_event(int signo)
{
    if (signo == SIGWINCH)
        core_resize_event();
    else if (signo == SIGPROF)
        network_tick();
    else if (signo == SIGALRM)
        timer_over();
    else
        core_signal_event(signo);
}

bool tell_signals(void)
{
    uint64_t signals = __atomic_exchange_n(&signals_put_off, 0, __ATOMIC_RELAXED);

    for (int signo = 1; signals >> (signo - 1); signo++)
        if (signals & SIGBIT(signo))
            tell_event(signo);
    return signals;
}

void tell_put_off(struct regs *regs)
{
    while (tell_signals()) {
        arch_forget_syscall(regs);
        core_interrupt(regs);
    }
}

/* Signals are closed first: between a look at what was put off and the program nothing may come. */
NORETURN void host_frame_leave(struct ucontext *uc, struct regs *regs)
{
    static const uint64_t mask = ASYNC_SIGNALS;

    do {
        tell_put_off(regs);
        if (signals_open)
            (void)host_call(rt_sigprocmask, SIG_BLOCK, &mask, 0, sizeof(mask));
        signals_open = false;
    } while (signals_put_off);
    host_frame_set_regs(uc, regs);
    uc->context.rip = site_continuation(regs->rip);
    signals_open = true;
    host_frame_return(uc);
}

NORETURN void thread_begins(struct ucontext *uc);

NORETURN void thread_begins(struct ucontext *uc)
{
    struct regs regs;

    regs_of(&regs, uc);
    host_frame_leave(uc, &regs);
}

/* Why the program was stopped. */
struct stop {
    struct ucontext *uc;
    struct regs regs;
    struct fault fault;
    int signo;
    bool is_fault, is_call;
    struct siginfo info;
};

/* On the thread's own kernel stack: from here on other threads may run, and be stopped. */
static NORETURN void stopped(struct stop *s)
{
    if (s->is_call) {
        site_trapped(s->regs.rip, s->info.sys.syscall);
        program_call(&s->regs, &s->info);
    } else if (s->is_fault) {
        core_fault(&s->regs, &s->fault);
    } else {
        tell_event(s->signo);
        (void)tell_signals();
        core_interrupt(&s->regs);
    }
    host_frame_leave(s->uc, &s->regs);
}

static NORETURN void run_stopped(struct stop *s)
{
    __asm__ volatile("movq %0, %%rsp\n\txorl %%ebp, %%ebp\n\tcall *%1" ::"r"(s), "r"(stopped),
                     "D"(s)
                     : "memory");
    __builtin_unreachable();
}

/* Kept until the library OS is between two things: asynchronous signals while they are open to us, and
 * kill(2) with SIGSEGV and its like, which cannot be blocked. */
static void put_off(int signo, struct ucontext *uc)
{
    (void)__atomic_fetch_or(&signals_put_off, SIGBIT(signo), __ATOMIC_RELAXED);
    fast_interrupted(uc);
}

/* Every signal of the host. */
void host_signal(int signo, const struct siginfo *info, struct ucontext *uc)
{
    bool fault = SIGBIT(signo) & FAULT_SIGNALS && !from_host(info);
    bool call = signo == SIGSYS && info->code == SYS_SECCOMP;
    if (in_kernel(uc)) {
        if (fault)
            kernel_fault(signo, info, uc);
        else if (call)
            kernel_call(info, uc);
        else
            put_off(signo, uc);
        return;
    }

    fast_rewind(uc);
    if (fault && signo == SIGTRAP &&
        site_entered(uc)) /* at the instruction behind a rewritten call */
        return;
    signals_open = false;
    entry_context = host_frame_take(uc);
    struct stop *s = (struct stop *)ALIGN_DOWN((uintptr_t)entry_context - sizeof(*s), 16);
    s->uc = entry_context;
    s->signo = signo;
    s->info = *info;
    s->is_fault = fault;
    s->is_call = call;
    regs_of(&s->regs, uc);
    if (fault)
        s->fault = decode_fault(signo, info, uc);
    run_stopped(s);
}
