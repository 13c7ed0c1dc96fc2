/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FP and vector state (Intel SDM volume 1, 10.5 and 13). The kernel is built without these registers,
 * so they hold the running program's values all the time; they move on thread switches and in signal
 * frames only. XSAVE in its standard form where the CPU has it, else FXSAVE.
 */
#include "fpu.h"

#include <u2k/errno.h>
#include <u2k/platform.h>
#include <u2k/string.h>
#include <u2k/uaccess.h>

#include "cpu.h"
#include "thread.h"

/* What is turned on: x87, SSE, AVX, AVX-512. Not AMX: 8 KiB for each thread and signal frame. */
enum { XCR0_X87_SSE = 3, XCR0_AVX = 4, XCR0_AVX512 = 0xe0 };
enum { MXCSR_DEFAULT_MASK = 0xffbf };

static uint64_t components = XCR0_X87_SSE;
static uint32_t state_size = FPU_LEGACY_SIZE; /* bytes that XSAVE or FXSAVE write */
static uint32_t mxcsr_mask;
static struct fpu_area initial __attribute__((aligned(64)));

void fpu_start(void)
{
    initial.legacy.fcw = FPU_FCW_START;
    initial.legacy.mxcsr = FPU_MXCSR_START;
    if (!cpu.xsave)
        return;
    struct cpuid c = cpuid(0xd, 0);
    if (c.eax & XCR0_AVX)
        components |= XCR0_AVX;
    if ((c.eax & XCR0_AVX512) == XCR0_AVX512 && (components & XCR0_AVX))
        components |= XCR0_AVX512;
    __asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)components), "d"(0));
    state_size = cpuid(0xd, 0).ebx; /* for what is in XCR0 now */
}

size_t fpu_area_size(void)
{
    return ALIGN_UP(MAX(offsetof(struct fpu_area, legacy) + state_size, sizeof(struct fpu_area)),
                    64);
}

static void save(void *to)
{
    if (cpu.xsave)
        __asm__ volatile("xsave64 (%0)" : : "r"(to), "a"((uint32_t)components), "d"(0) : "memory");
    else
        __asm__ volatile("fxsave64 (%0)" : : "r"(to) : "memory");
}

static void load(const void *from)
{
    if (cpu.xsave)
        __asm__ volatile("xrstor64 (%0)"
                         :
                         : "r"(from), "a"((uint32_t)components), "d"(0)
                         : "memory");
    else
        __asm__ volatile("fxrstor64 (%0)" : : "r"(from) : "memory");
}

void fpu_save(struct fpu_area *a)
{
    if (cpu.fsgsbase)
        __asm__ volatile("rdgsbase %0" : "=r"(a->gs_base));
    save(&a->legacy);
}

void fpu_load(struct fpu_area *a)
{
    if (cpu.fsgsbase)
        __asm__ volatile("wrgsbase %0" : : "r"(a->gs_base));
    load(&a->legacy);
}

void fpu_reset(void)
{
    load(&initial.legacy);
}

int fpu_fault_code(unsigned vector)
{
    enum { FLTDIV = 3, FLTOVF, FLTUND, FLTRES, FLTINV };
    struct fpu_area *a = thread_area(current);
    uint32_t pending;

    save(&a->legacy);
    if (vector == 16)
        pending = a->legacy.fsw & ~(uint32_t)a->legacy.fcw;
    else
        pending = a->legacy.mxcsr & ~(a->legacy.mxcsr >> 7);
    if (pending & 0x01)
        return FLTINV;
    if (pending & 0x04)
        return FLTDIV;
    if (pending & 0x08)
        return FLTOVF;
    if (pending & 0x12) /* denormal operand, underflow */
        return FLTUND;
    return pending & 0x20 ? FLTRES : 0;
}

/* ---- in signal frames ---- */

size_t plat_fpu_size(void)
{
    return cpu.xsave ? state_size + sizeof(uint32_t) : (size_t)FPU_LEGACY_SIZE;
}

int plat_fpu_save(void *user_buf)
{
    struct fpu_area *a = thread_area(current);
    const uint32_t end = FP_XSTATE_MAGIC2;
    vaddr_t to = (vaddr_t)user_buf;

    save(&a->legacy);
    a->legacy.sw = (struct fpx_sw_bytes){.magic1 = FP_XSTATE_MAGIC1,
                                         .extended_size = state_size + (uint32_t)sizeof(end),
                                         .xfeatures = components,
                                         .xstate_size = state_size};
    if (cpu.xsave) /* a restorer may ask for what was in its initial state and so not saved */
        a->header.xstate_bv |= XCR0_X87_SSE;
    int error = user_write(to, &a->legacy, state_size);
    if (!error && cpu.xsave)
        error = user_write(to + state_size, &end, sizeof(end));
    return error;
}

/* Anything XRSTOR or FXRSTOR would fault on is taken out: what is left is at worst nonsense. */
static void make_valid(struct fpu_area *a)
{
    if (!mxcsr_mask) {
        struct fpu_legacy *now = &thread_area(current)->legacy;
        save(now);
        mxcsr_mask = now->mxcsr_mask ? now->mxcsr_mask : MXCSR_DEFAULT_MASK;
    }
    a->legacy.mxcsr &= mxcsr_mask;
    if (cpu.xsave)
        a->header = (struct fpu_header){.xstate_bv = a->header.xstate_bv & components};
}

int plat_fpu_restore(const void *user_buf)
{
    struct fpu_area *a = thread_area(current);
    vaddr_t from = (vaddr_t)user_buf;
    struct fpx_sw_bytes *sw = &a->legacy.sw;
    uint32_t end = 0;

    if (!user_buf) {
        fpu_reset();
        return 0;
    }
    if (from & 63)
        return -EFAULT; /* Linux lets XRSTOR fault */
    if (!mxcsr_mask)
        make_valid(a);
    if (user_read(&a->legacy, from, FPU_LEGACY_SIZE) < 0)
        return -EFAULT;
    bool extended = cpu.xsave && sw->magic1 == FP_XSTATE_MAGIC1 && sw->xstate_size == state_size &&
                    sw->extended_size >= state_size + sizeof(end) &&
                    user_read(&end, from + state_size, sizeof(end)) == 0 && end == FP_XSTATE_MAGIC2;
    uint64_t wanted = sw->xfeatures;
    if (extended) {
        if (user_read(&a->header, from + FPU_LEGACY_SIZE, state_size - FPU_LEGACY_SIZE) < 0)
            return -EFAULT;
        a->header.xstate_bv &= wanted;
    } else {
        a->header.xstate_bv = XCR0_X87_SSE; /* a frame of the old kind: the rest is reset */
    }
    make_valid(a);
    load(&a->legacy);
    return 0;
}
