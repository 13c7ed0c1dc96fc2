/* SPDX-License-Identifier: Apache-2.0 */
/* From the program into the library OS and back: by the host's signals. README.md tells the flow. */
#include "../process.h"
#include "host_frame.h"
#include "hostcall.h"
#include <asm/switch.h>
#include <u2k/errno.h>
#include <u2k/sched.h>
#include <u2k/uaccess.h>

struct ucontext *entry_context;

const char *const register_names[] = {"r15", "r14",      "r13", "r12", "rbp",    "rbx", "r11",
                                      "r10", "r9",       "r8",  "rax", "rcx",    "rdx", "rsi",
                                      "rdi", "orig_rax", "rip", "cs",  "eflags", "rsp", "ss"};
_Static_assert(ARRAY_SIZE(register_names) * 8 == sizeof(struct regs), "a name each");

enum { TRAP_ILLEGAL = 6, TRAP_GP = 13, TRAP_PAGE = 14, PF_WRITE = 2, PF_FETCH = 16 };
enum { SYS_SECCOMP = 1 };

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
    "movq %rbx, %rsp\n\t"
    "jmp signal_restorer\n\t"
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

static void regs_of(struct regs *regs, const struct ucontext *uc)
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
    else if (signo != SIGALRM)
        core_signal_event(signo);
}

/* kill(2) with SIGSEGV and its like comes in at any time, since these cannot be blocked: kept until
 * the library OS is between two things. */
static uint64_t deferred;

void tell_deferred(void)
{
    for (int signo = 1; deferred; signo++) {
        if (deferred & SIGBIT(signo))
            tell_event(signo);
        deferred &= ~SIGBIT(signo);
    }
}

/* Every signal of the host. The asynchronous ones only come while the program runs or plat_idle()
 * waits, the mask of their handlers sees to that. */
void host_signal(int signo, const struct siginfo *info, struct ucontext *uc)
{
    bool fault = SIGBIT(signo) & FAULT_SIGNALS && !from_host(info);
    bool call = signo == SIGSYS && info->code == SYS_SECCOMP;
    if (in_kernel(uc)) {
        if (fault)
            kernel_fault(signo, info, uc);
        else if (call)
            kernel_call(info, uc);
        else if (SIGBIT(signo) & ASYNC_SIGNALS)
            tell_event(signo);
        else
            deferred |= SIGBIT(signo);
        return;
    }

    entry_context = uc;
    struct regs regs;
    regs_of(&regs, uc);
    if (call) {
        program_call(&regs, info);
    } else if (fault) {
        struct fault f = decode_fault(signo, info, uc);
        core_fault(&regs, &f);
    } else {
        tell_event(signo);
        tell_deferred();
        core_interrupt(&regs);
    }
    host_frame_set_regs(uc, &regs);
}
