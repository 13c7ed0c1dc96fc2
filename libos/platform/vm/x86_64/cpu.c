/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptor tables, system call registers and CPU features (Intel SDM volume 3, 2, 4.1, 6, 7). */
#include "cpu.h"

#include "fpu.h"
#include "interrupt.h"
#include "layout.h"

enum {
    GATE_INTERRUPT = 0x8e, /* present, DPL 0, interrupts off */
    GATE_FROM_PROGRAM = 0x60,
    IST_FATAL = 1, /* NMI, double fault and machine check may come on any stack */
    EFLAGS_CLEARED = 0x54700, /* by SYSCALL: TF IF DF NT RF AC */
    CPUID1_TSC_DEADLINE = 1 << 24,
    CPUID1_XSAVE = 1 << 26,
    CPUID7_FSGSBASE = 1 << 0,
    CPUID7_SMEP = 1 << 7,
    CPUID7_UMIP = 1 << 2,
    EMERGENCY_STACK = 4096,
};
#define CPUID1_HYPERVISOR (1u << 31)

struct gate {
    uint16_t low, selector;
    uint8_t ist, type;
    uint16_t middle;
    uint32_t high, zero;
};

struct PACKED tss {
    uint32_t reserved0;
    uint64_t rsp0, rsp1, rsp2, reserved1, ist[7], reserved2;
    uint16_t reserved3, io_map;
};

struct PACKED table_pointer {
    uint16_t limit;
    const void *base;
};

struct cpu cpu;

static struct gate idt[VECTORS];
static struct tss tss;
static _Alignas(16) uint8_t emergency_stack[EMERGENCY_STACK];

extern uint64_t gdt[];
extern uintptr_t kstack_top;
void syscall_entry(void);

static void load_tables(void)
{
    uintptr_t stub = (uintptr_t)vector_stubs;

    for (unsigned i = 0; i < VECTORS; i++, stub += STUB_SIZE)
        idt[i] = (struct gate){.low = (uint16_t)stub,
                               .selector = SELECTOR_KERNEL_CODE,
                               .type = GATE_INTERRUPT,
                               .middle = (uint16_t)(stub >> 16),
                               .high = (uint32_t)(stub >> 32)};
    idt[3].type |= GATE_FROM_PROGRAM; /* int3, into */
    idt[4].type |= GATE_FROM_PROGRAM;
    idt[2].ist = idt[8].ist = idt[18].ist = IST_FATAL;
    const struct table_pointer pointer = {sizeof(idt) - 1, idt};
    __asm__ volatile("lidt %0" : : "m"(pointer));

    uintptr_t base = (uintptr_t)&tss;
    tss.ist[IST_FATAL - 1] = (uintptr_t)emergency_stack + sizeof(emergency_stack);
    tss.io_map = sizeof(tss);
    gdt[SELECTOR_TSS / 8] =
        (sizeof(tss) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
    gdt[SELECTOR_TSS / 8 + 1] = base >> 32;
    __asm__ volatile("ltr %w0" : : "r"(SELECTOR_TSS));
}

void cpu_set_kstack(uintptr_t top)
{
    kstack_top = top;
    tss.rsp0 = top;
}

void cpu_start(void)
{
    load_tables();
    wrmsr(MSR_STAR, (uint64_t)SELECTOR_USER_BASE << 48 | (uint64_t)SELECTOR_KERNEL_CODE << 32);
    wrmsr(MSR_LSTAR, (uintptr_t)syscall_entry);
    wrmsr(MSR_FMASK, EFLAGS_CLEARED);

    struct cpuid c = cpuid(0, 0);
    cpu.max_leaf = c.eax;
    c = cpuid(1, 0);
    cpu.features = c.edx;
    cpu.hypervisor = c.ecx & CPUID1_HYPERVISOR;
    cpu.tsc_deadline = c.ecx & CPUID1_TSC_DEADLINE;
    cpu.xsave = c.ecx & CPUID1_XSAVE;
    uint64_t cr4 = read_cr4();
    if (cpu.xsave)
        cr4 |= CR4_OSXSAVE;
    if (cpu.max_leaf >= 7) {
        c = cpuid(7, 0);
        cpu.fsgsbase = c.ebx & CPUID7_FSGSBASE;
        cr4 |= (cpu.fsgsbase ? CR4_FSGSBASE : 0) | (c.ebx & CPUID7_SMEP ? CR4_SMEP : 0) |
               (c.ecx & CPUID7_UMIP ? CR4_UMIP : 0);
    }
    write_cr4(cr4);
    fpu_start();
}
