/* SPDX-License-Identifier: Apache-2.0 */
/* What faults look like to a handler: number, code, address, registers. */
#include "../check.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

static sigjmp_buf back;
static volatile int count;
static volatile bool with_address;
static char *volatile base;

static void on_fault(int signo, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    (void)uc;
    count++;
    printf("signal %d code %d errno %d", signo, info->si_code, info->si_errno);
    if (with_address)
        printf(" at +%#lx", (unsigned long)((char *)info->si_addr - base));
#if defined(__x86_64__)
    printf(" trap %lld error %lld", (long long)uc->uc_mcontext.gregs[REG_TRAPNO],
           (long long)uc->uc_mcontext.gregs[REG_ERR]);
#endif
    printf("\n");
    siglongjmp(back, 1);
}

#define TRY(name, address, code) \
    do { \
        printf("%s: ", name); \
        base = (char *)(address); \
        with_address = base != NULL; \
        if (!sigsetjmp(back, 1)) { \
            code; \
            printf("nothing happened\n"); \
        } \
    } while (0)

#if defined(__x86_64__)
static void privileged(void)
{
    unsigned long word = 0;
    unsigned char gate[10];

    TRY("hlt", NULL, __asm__ volatile("hlt"));
    TRY("cli", NULL, __asm__ volatile("cli"));
    TRY("in", NULL, __asm__ volatile("inb $0x80, %%al" ::: "rax"));
    TRY("out", NULL, __asm__ volatile("outb %%al, $0x80" ::));
    TRY("read cr0", NULL, __asm__ volatile("mov %%cr0, %0" : "=r"(word)));
    TRY("write cr3", NULL, __asm__ volatile("mov %0, %%cr3" ::"r"(word)));
    TRY("rdmsr", NULL, __asm__ volatile("rdmsr" ::"c"(0xc0000080) : "rax", "rdx"));
    TRY("wrmsr", NULL, __asm__ volatile("wrmsr" ::"c"(0xc0000080), "a"(0), "d"(0)));
    TRY("lidt", NULL, __asm__ volatile("lidt %0" ::"m"(gate)));
    TRY("invlpg", NULL, __asm__ volatile("invlpg (%0)" ::"r"(&word)));
    TRY("swapgs", NULL, __asm__ volatile("swapgs"));
    TRY("sysret", NULL, __asm__ volatile("sysretq"));
    TRY("iret to ring 0", NULL,
        __asm__ volatile(
            "mov %%rsp, %%rax; pushq $0; push %%rax; pushf; pushq $0x10; lea 1f(%%rip), "
            "%%rax; push %%rax; iretq; 1:" ::
                : "rax", "memory"));
    TRY("int3", NULL, __asm__ volatile("int3"));
    TRY("ud2", NULL, __asm__ volatile("ud2"));
    TRY("divide by zero", NULL,
        __asm__ volatile("xor %%ecx, %%ecx; mov $1, %%eax; cltd; idiv %%ecx" ::
                             : "rax", "rcx", "rdx", "cc"));
    TRY("divide overflow", NULL,
        __asm__ volatile("mov $-1, %%ecx; mov $0x80000000, %%eax; cltd; idiv %%ecx" ::
                             : "rax", "rcx", "rdx", "cc"));
    TRY("single step", NULL,
        __asm__ volatile("pushf; orl $0x100, (%%rsp); popf; nop" ::
                             : "memory"));
}

/* Where emulation is no real processor: it has other error codes, and no SSE exceptions. */
static void hardware_only(void)
{
    TRY("int 0x21", NULL, __asm__ volatile("int $0x21"));
    TRY("icebp or int1", NULL, __asm__ volatile("int $1"));
    TRY("SSE divide by zero", NULL,
        __asm__ volatile("ldmxcsr %0; divss %1, %2" ::"m"((unsigned){0x1d80}), "x"(0.0f),
                         "x"(1.0f)));
    TRY("x87 invalid", NULL,
        __asm__ volatile(
            "fldcw %0; fldz; fldz; fdivrp; fwait; fnclex; fninit" ::"m"((unsigned short){0x37e})));
}

static void kernel_addresses(void)
{
    TRY("write to the kernel", 0xffffffff80000000, *(volatile char *)0xffffffff80100000 = 1);
    TRY("read of the kernel", 0xffffffff80000000, (void)*(volatile char *)0xffffffff80100000);
    TRY("write to the direct map", 0xffff888000000000, *(volatile char *)0xffff888000100000 = 1);
    TRY("not canonical", NULL, *(volatile char *)0x8000000000001000 = 1);
    TRY("last user page", NULL, *(volatile char *)0x7ffffffff000 = 1);
    TRY("jump to the kernel", 0xffffffff80000000, ((void (*)(void))0xffffffff80100000)());
    TRY("jump to NULL", 0x0, with_address = true; ((void (*volatile)(void))0)());
}
#endif

static void accesses(void)
{
    char *at = mmap(NULL, 4096 * 3, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    must((long)at);
    munmap(at + 4096, 4096);
    must(mprotect(at + 8192, 4096, PROT_NONE));
    TRY("write to read-only memory", at, *(volatile char *)(at + 77) = 1);
    TRY("write to nothing", at, *(volatile char *)(at + 4097) = 1);
    TRY("read of nothing", at, (void)*(volatile char *)(at + 4098));
    TRY("read of a guard", at, (void)*(volatile char *)(at + 8195));
    TRY("across a border", at, *(volatile unsigned long *)(at + 4092));
    TRY("run data", at, ((void (*)(void))(at + 16))());
}

int main(int argc, char **argv)
{
    static char stack[65536];
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
    const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};

    sigaltstack(&alternate, NULL);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaction(signals[i], &action, NULL);
#if defined(__x86_64__)
    if (argc > 1 && strcmp(argv[1], "hardware") == 0) {
        hardware_only();
        return 0;
    }
#endif
    (void)argc;
    (void)argv;
    accesses();
#if defined(__x86_64__)
    privileged();
    kernel_addresses();
#endif
    fact("faults", count);
    return 0;
}
