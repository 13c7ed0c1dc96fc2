/* SPDX-License-Identifier: Apache-2.0 */
/* Signal frames: the program's FP state is in them, comes back as the handler leaves it, and hostile
 * contents are cut to what a program may set. */
#include "guest.h"

enum {
    CONTEXT = 5,
    RIP = CONTEXT + 16,
    FLAGS = CONTEXT + 17,
    TRAPNO = CONTEXT + 20,
    CR2 = CONTEXT + 22,
    FPSTATE = CONTEXT + 23,
    XMM3 = (160 + 3 * 16) / 8,
    MXCSR = 24 / 4,
    SW_MAGIC = 464 / 4,
    XSTATE_BV = 512 / 8
};
enum { PLAIN, HOSTILE_HEADER, NO_FPSTATE, LEGACY_ONLY, ROUNDS };
#define MXCSR_NEVER 0xfffd0000u /* bit 17 is AMD's misaligned mode */
enum { FLAG_DF = 0x400, FLAG_IOPL = 0x3000, PAGE_FAULT = 14, FAULT_LENGTH = 2 };

void restorer(void);
__asm__("restorer: movl $4, %eax\n\tsyscall"); /* CALL_SIGRETURN */

static volatile int round;

static void handler(int signo, const void *info, uint64_t *uc)
{
    uint64_t *fp = (uint64_t *)uc[FPSTATE];
    CHECK(signo == 11 && info && uc[TRAPNO] == PAGE_FAULT && uc[CR2] == 8);
    CHECK((uint64_t)fp % 64 == 0 && (uint64_t)uc % 16 == 0);
    CHECK(fp[XMM3] == 0x55aa);
    __asm__ volatile("pxor %%xmm3, %%xmm3" ::: "xmm3");
    fp[XMM3]++;
    if (round == HOSTILE_HEADER) {
        ((uint32_t *)fp)[MXCSR] = UINT32_MAX;
        fp[XSTATE_BV] |= 1ull << 62 | 1ull << 18;
        fp[XSTATE_BV + 1] = fp[XSTATE_BV + 2] = UINT64_MAX;
    } else if (round == NO_FPSTATE) {
        uc[FPSTATE] = 0;
    } else if (round == LEGACY_ONLY) {
        ((uint32_t *)fp)[SW_MAGIC] = 0;
    }
    uc[RIP] += FAULT_LENGTH;
    uc[FLAGS] |= FLAG_IOPL | FLAG_DF;
}

int guest(void)
{
    CHECK(call(CALL_HANDLER, handler, restorer) == 0);
    for (round = PLAIN; round < ROUNDS; round++) {
        uint64_t low, flags;
        uint32_t mxcsr;
        __asm__ volatile(
            "movq %4, %%xmm3\n\t"
            "movb %%al, (%%rbx)\n\t"
            "pushfq\n\t"
            "popq %1\n\t"
            "cld\n\t"
            "stmxcsr %2\n\t"
            "movq %%xmm3, %0"
            : "=r"(low), "=r"(flags), "=m"(mxcsr)
            : "b"(8ull), "r"(0x55aaull), "a"(0)
            : "xmm3", "memory", "cc");
        CHECK(low == (round == NO_FPSTATE ? 0 : 0x55ab));
        CHECK(flags & FLAG_DF);
        CHECK(!(flags & FLAG_IOPL));
        CHECK(round == HOSTILE_HEADER ? (mxcsr & MXCSR_NEVER) == 0 : mxcsr == 0x1f80);
        __asm__ volatile("ldmxcsr %0" ::"m"((uint32_t){0x1f80}));
    }
    return 0;
}
