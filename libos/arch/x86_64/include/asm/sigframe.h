/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linux's x86-64 signal frame (arch/x86/include/uapi/asm/sigcontext.h and ucontext.h describe the
 * same bytes): what a program's handler sees, and what the host gives to platform/process.
 */
#ifndef U2K_ASM_SIGFRAME_H
#define U2K_ASM_SIGFRAME_H

#include <asm/regs.h>
#include <u2k/signal.h>

struct sigcontext {
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
    uint16_t cs, gs, fs, ss;
    uint64_t err, trapno, oldmask, cr2;
    uint64_t fpstate; /* address of the FP area, 64-aligned; 0: initial state */
    uint64_t reserved[8];
};

enum { UC_FP_XSTATE = 1, UC_SIGCONTEXT_SS = 2, UC_STRICT_RESTORE_SS = 4 };

struct ucontext {
    uint64_t flags;
    uint64_t link;
    struct altstack stack;
    struct sigcontext context;
    uint64_t sigmask;
};

struct rt_sigframe {
    uint64_t pretcode; /* return address of the handler: sa_restorer */
    struct ucontext uc;
    struct siginfo info;
};

_Static_assert(sizeof(struct sigcontext) == 256, "sigcontext_64");
_Static_assert(sizeof(struct ucontext) == 304, "ucontext");
_Static_assert(sizeof(struct rt_sigframe) == 440, "rt_sigframe");

/* The FP area begins with the 512 bytes of FXSAVE64; with XSAVE, Linux puts these into the last 48
 * of them and a second magic number behind the area. */
struct fpx_sw_bytes {
    uint32_t magic1;        /* FP_XSTATE_MAGIC1 */
    uint32_t extended_size; /* whole area with magic2 */
    uint64_t xfeatures;     /* components in it */
    uint32_t xstate_size;   /* XSAVE area: magic2 follows */
    uint32_t padding[7];
};

struct fpu_legacy {
    uint16_t fcw, fsw, ftw, fop;
    uint64_t fip, fdp;
    uint32_t mxcsr, mxcsr_mask;
    uint8_t registers[416]; /* st0-7, xmm0-15, reserved */
    uint8_t spare[16];
    struct fpx_sw_bytes sw;
};

struct fpu_header { /* of XSAVE, behind the legacy part */
    uint64_t xstate_bv, xcomp_bv, reserved[6];
};

#define FP_XSTATE_MAGIC1 0x46505853u
#define FP_XSTATE_MAGIC2 0x46505845u

enum {
    FPU_LEGACY_SIZE = 512,
    FPU_HEADER_SIZE = 64,
    FPU_FCW_START = 0x37f,
    FPU_MXCSR_START = 0x1f80
};

_Static_assert(sizeof(struct fpu_legacy) == FPU_LEGACY_SIZE, "FXSAVE64");
_Static_assert(sizeof(struct fpu_header) == FPU_HEADER_SIZE, "XSAVE header");

static inline void sigcontext_from_regs(struct sigcontext *c, const struct regs *r)
{
    c->r8 = r->r8, c->r9 = r->r9, c->r10 = r->r10, c->r11 = r->r11;
    c->r12 = r->r12, c->r13 = r->r13, c->r14 = r->r14, c->r15 = r->r15;
    c->rdi = r->rdi, c->rsi = r->rsi, c->rbp = r->rbp, c->rbx = r->rbx;
    c->rdx = r->rdx, c->rax = r->rax, c->rcx = r->rcx, c->rsp = r->rsp;
    c->rip = r->rip, c->eflags = r->eflags;
    c->cs = (uint16_t)r->cs, c->ss = (uint16_t)r->ss;
}

/* All but orig_rax, cs, ss and eflags, which are for the caller to judge. */
static inline void regs_from_sigcontext(struct regs *r, const struct sigcontext *c)
{
    r->r8 = c->r8, r->r9 = c->r9, r->r10 = c->r10, r->r11 = c->r11;
    r->r12 = c->r12, r->r13 = c->r13, r->r14 = c->r14, r->r15 = c->r15;
    r->rdi = c->rdi, r->rsi = c->rsi, r->rbp = c->rbp, r->rbx = c->rbx;
    r->rdx = c->rdx, r->rax = c->rax, r->rcx = c->rcx, r->rsp = c->rsp;
    r->rip = c->rip;
}

#endif
