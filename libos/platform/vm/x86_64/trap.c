/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions and interrupts. What the program does wrong is told to core as Linux would see it
 * (arch/x86/kernel/traps.c has the same table of signals and codes); what the library OS does wrong
 * is a panic, but for copies of the program's memory, which core or a fixup mends.
 */
#include <u2k/arch.h>
#include <u2k/log.h>
#include <u2k/platform.h>
#include <u2k/uaccess.h>

#include "../disk_root/disk_root.h"
#include "cpu.h"
#include "fpu.h"
#include "interrupt.h"
#include "layout.h"

enum {
    DIVIDE = 0,
    DEBUG = 1,
    NMI = 2,
    BREAKPOINT = 3,
    OVERFLOW = 4,
    BOUND = 5,
    UNDEFINED = 6,
    COPROCESSOR_OVERRUN = 9,
    BAD_TSS = 10,
    NOT_PRESENT = 11,
    STACK = 12,
    PROTECTION = 13,
    PAGE = 14,
    FLOAT = 16,
    ALIGNMENT = 17,
    SIMD = 19,
    FIRST_INTERRUPT = 32
};
#define TASK_SIZE_MAX 0x7ffffffff000ull /* of Linux, without 5-level tables */
enum { CODE_PRESENT = 1, CODE_WRITE = 2, CODE_FETCH = 16 };
enum { ILL_ILLOPN = 2, FPE_INTDIV = 1, TRAP_BRKPT = 1, TRAP_TRACE = 2, TRAP_HWBKPT = 4 };
enum { BUS_ADRALN_CODE = 1, SI_KERNEL_CODE = 0x80 };
enum { DR6_BREAKPOINTS = 15, DR6_STEP = 1 << 14 };
#define DR6_START 0xffff0ff0ull
enum {
    /* What flags a program can have: all it can set by itself, always IF. */
    EFLAGS_PROGRAM = 0x250dd5,
    EFLAGS_ALWAYS = 0x202,
};

static unsigned access_of(uint64_t code)
{
    return code & CODE_FETCH ? PROT_EXEC : code & CODE_WRITE ? PROT_WRITE : PROT_READ;
}

static int debug_code(void)
{
    uint64_t dr6;

    __asm__ volatile("movq %%dr6, %0" : "=r"(dr6));
    __asm__ volatile("movq %0, %%dr6" : : "r"(DR6_START));
    if (dr6 & DR6_STEP)
        return TRAP_TRACE;
    return dr6 & DR6_BREAKPOINTS ? TRAP_HWBKPT : TRAP_BRKPT;
}

/* Of kernel code; returns if it can go on. */
static void kernel_fault(unsigned vector, uint64_t code, struct regs *regs)
{
    if (vector == PAGE && root_fault(read_cr2()))
        return;
    if (vector == PAGE || vector == PROTECTION) {
        uintptr_t fixup = arch_fixup(regs->rip);
        if (vector == PAGE && read_cr2() < USER_HI &&
            core_fault_kernel(read_cr2(), access_of(code)))
            return;
        if (fixup) {
            regs->rip = fixup;
            return;
        }
    }
    char number[16];
    format_text(number, sizeof(number), "exception %u", vector);
    plat_panic(vector == PAGE ? "page fault" : number, regs);
}

static void program_fault(unsigned vector, uint64_t code, struct regs *regs)
{
    struct fault f = {.kind = FAULT_PROTECTION, .trapno = vector, .code = code, .addr = regs->rip};

    switch (vector) {
    case PAGE:
        f.kind = FAULT_PAGE;
        f.addr = read_cr2();
        f.access = access_of(code);
        if (f.addr >=
            TASK_SIZE_MAX) /* as if all that is the kernel's were mapped: Linux hides it */
            f.code |= CODE_PRESENT;
        break;
    case DIVIDE:
        f.kind = FAULT_ARITHMETIC;
        f.si_code = FPE_INTDIV;
        break;
    case FLOAT:
    case SIMD:
        f.kind = FAULT_ARITHMETIC;
        f.si_code = fpu_fault_code(vector);
        if (!f.si_code)
            return;
        break;
    case DEBUG:
        f.kind = FAULT_BREAKPOINT;
        f.si_code = debug_code();
        break;
    case UNDEFINED:
        f.kind = FAULT_ILLEGAL;
        f.si_code = ILL_ILLOPN;
        break;
    case ALIGNMENT:
        f.kind = FAULT_ALIGNMENT;
        f.si_code = BUS_ADRALN_CODE;
        f.addr = 0;
        break;
    case BREAKPOINT: /* the rest comes without an address, as "sent by the kernel" */
        f.kind = FAULT_BREAKPOINT;
        f.si_code = SI_KERNEL_CODE;
        f.addr = 0;
        break;
    case NOT_PRESENT:
    case STACK:
        f.kind = FAULT_ALIGNMENT;
        f.si_code = SI_KERNEL_CODE;
        f.addr = 0;
        break;
    case OVERFLOW:
    case BOUND:
    case COPROCESSOR_OVERRUN:
    case BAD_TSS:
    case PROTECTION:
        f.si_code = SI_KERNEL_CODE;
        f.addr = 0;
        break;
    default: kernel_fault(vector, code, regs); return;
    }
    core_fault(regs, &f);
}

/* Before IRET to the program: nothing core or a signal frame put into the registers may fault there. */
void trap_leave(struct regs *regs)
{
    while (regs->rip >> 47) {
        struct fault f = {
            .kind = FAULT_PROTECTION, .trapno = PROTECTION, .si_code = SI_KERNEL_CODE};
        core_fault(regs, &f);
    }
    regs->cs = SELECTOR_USER_CODE;
    regs->ss = SELECTOR_USER_DATA;
    regs->eflags = (regs->eflags & EFLAGS_PROGRAM) | EFLAGS_ALWAYS;
}

void trap(const uint8_t *stub, struct regs *regs)
{
    unsigned vector = (unsigned)(stub - vector_stubs) / STUB_SIZE - 1;
    uint64_t code = regs->orig_rax;
    bool program = regs->cs & 3;

    regs->orig_rax = UINT64_MAX;
    if (vector >= FIRST_INTERRUPT)
        interrupt(vector);
    if (!program) {
        if (vector < FIRST_INTERRUPT)
            kernel_fault(vector, code, regs);
        return;
    }
    if (vector < FIRST_INTERRUPT)
        program_fault(vector, code, regs);
    else
        core_interrupt(regs);
    trap_leave(regs);
}
