/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linux's arm64 signal frame (arch/arm64/include/uapi/asm/sigcontext.h and ucontext.h describe the
 * same bytes). Behind the registers come tagged records, 16-byte aligned, up to one with magic 0.
 */
#ifndef U2K_ASM_SIGFRAME_H
#define U2K_ASM_SIGFRAME_H

#include <asm/regs.h>
#include <u2k/signal.h>

struct context_record { /* struct _aarch64_ctx */
    uint32_t magic, size;
};

#define FPSIMD_MAGIC 0x46508001u
#define ESR_MAGIC 0x45535201u

struct fpsimd_context {
    struct context_record head;
    uint32_t fpsr, fpcr;
    uint64_t vregs[32][2];
};

struct esr_context {
    struct context_record head;
    uint64_t esr;
};

enum { RESERVED_SIZE = 4096 }; /* for records, whatever is in use */

struct sigcontext {
    uint64_t fault_address;
    uint64_t regs[31];
    uint64_t sp, pc, pstate;
    uint8_t reserved[RESERVED_SIZE] __attribute__((aligned(16)));
};

struct ucontext {
    uint64_t flags;
    uint64_t link;
    struct altstack stack;
    uint64_t sigmask;
    uint8_t unused[1024 / 8 - sizeof(uint64_t)]; /* room for glibc's larger sigset_t */
    struct sigcontext context;
};

struct rt_sigframe {
    struct siginfo info;
    struct ucontext uc;
};

struct frame_record { /* AAPCS64 6.4.6, so that unwinders see the interrupted function */
    uint64_t fp, lr;
};

_Static_assert(sizeof(struct fpsimd_context) == 528, "fpsimd_context");
_Static_assert(offsetof(struct sigcontext, reserved) == 288, "sigcontext");
_Static_assert(offsetof(struct ucontext, context) == 176, "ucontext");
_Static_assert(sizeof(struct rt_sigframe) == 4688, "rt_sigframe");

#endif
