/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program's FP state is in the host's signal frame, in the very format of the program's own
 * frames; or still in the CPU, since library OS code has no FP registers. What the program gives back is hostile: only state goes into the host's frame, never what
 * tells its size; and nothing that would make the host's XRSTOR fault (Intel SDM volume 1, 13.8).
 */
#include "../process.h"
#include "host_frame.h"
#include <u2k/errno.h>
#include <u2k/string.h>
#include <u2k/uaccess.h>

enum { MXCSR_MASK_DEFAULT = 0xffbf, XFEATURES_LEGACY = 3 /* x87, SSE */ };

static struct fpu_legacy *legacy_of(const struct ucontext *uc)
{
    return uc ? (struct fpu_legacy *)uc->context.fpstate : NULL;
}

static struct fpu_header *header_of(struct fpu_legacy *f)
{
    return (struct fpu_header *)((char *)f + FPU_LEGACY_SIZE);
}

size_t host_fpu_size;
static struct fpx_sw_bytes host_sw; /* of all frames */

static size_t size_of(const struct fpu_legacy *f)
{
    if (!f)
        return 0;
    return f->sw.magic1 == FP_XSTATE_MAGIC1 ? f->sw.extended_size : FPU_LEGACY_SIZE;
}

void fpu_learn(const struct ucontext *uc)
{
    const struct fpu_legacy *f = legacy_of(uc);

    host_fpu_size = size_of(f);
    if (f)
        host_sw = f->sw;
}

void fpu_store(struct ucontext *uc, char *area)
{
    struct fpu_legacy *f = (struct fpu_legacy *)area;
    static const uint32_t magic2 = FP_XSTATE_MAGIC2;

    uc->context.fpstate = (uint64_t)area;
    if (host_fpu_size == FPU_LEGACY_SIZE) {
        __asm__ volatile("fxsave64 %0" : "=m"(*f));
    } else {
        *header_of(f) = (struct fpu_header){0};
        __asm__ volatile("xsave64 %0"
                         : "+m"(*f)
                         : "a"((uint32_t)host_sw.xfeatures),
                           "d"((uint32_t)(host_sw.xfeatures >> 32))
                         : "memory");
        memcpy(area + host_sw.xstate_size, &magic2, sizeof(magic2));
    }
    f->sw = host_sw;
}

void fpu_load(const struct ucontext *uc)
{
    const struct fpu_legacy *f = legacy_of(uc);

    if (host_fpu_size == FPU_LEGACY_SIZE)
        __asm__ volatile("fxrstor64 %0" ::"m"(*f));
    else
        __asm__ volatile("xrstor64 %0" ::"m"(*f), "a"((uint32_t)host_sw.xfeatures),
                         "d"((uint32_t)(host_sw.xfeatures >> 32))
                         : "memory");
}

size_t plat_fpu_size(void)
{
    return host_fpu_size;
}

int plat_fpu_save(void *user_buf)
{
    const struct ucontext *uc = entry_frame();
    return user_write((vaddr_t)user_buf, legacy_of(uc), host_fpu_size);
}

static void reset(struct fpu_legacy *f, size_t size)
{
    struct fpu_legacy fresh = {
        .fcw = FPU_FCW_START, .mxcsr = FPU_MXCSR_START, .mxcsr_mask = f->mxcsr_mask, .sw = f->sw};
    *f = fresh;
    if (size > FPU_LEGACY_SIZE)
        *header_of(f) = (struct fpu_header){.xstate_bv = XFEATURES_LEGACY};
}

int plat_fpu_restore(const void *user_buf)
{
    struct fpu_legacy *f = legacy_of(entry_frame());
    size_t size = size_of(f);
    if (!f)
        return user_buf ? -EINVAL : 0;
    if (!user_buf) {
        reset(f, size);
        return 0;
    }

    struct fpu_legacy given;
    vaddr_t from = (vaddr_t)user_buf;
    if (user_read(&given, from, sizeof(given)) < 0)
        return -EFAULT;
    struct fpx_sw_bytes ours = f->sw, theirs = given.sw;
    uint32_t mxcsr_mask = f->mxcsr_mask ? f->mxcsr_mask : MXCSR_MASK_DEFAULT;
    given.sw = ours;
    given.mxcsr &= mxcsr_mask;
    given.mxcsr_mask = f->mxcsr_mask;

    /* Without the marks of an area of our size, it is FXSAVE alone: the rest becomes initial. */
    bool whole = size > FPU_LEGACY_SIZE && theirs.magic1 == FP_XSTATE_MAGIC1 &&
                 theirs.extended_size == ours.extended_size &&
                 theirs.xstate_size == ours.xstate_size;
    if (whole) {
        size_t rest = ours.xstate_size - FPU_LEGACY_SIZE; /* magic2 behind it stays the host's */
        if (user_read((char *)f + FPU_LEGACY_SIZE, from + FPU_LEGACY_SIZE, rest) < 0) {
            reset(f, size);
            return -EFAULT;
        }
        struct fpu_header *h = header_of(f);
        *h = (struct fpu_header){.xstate_bv = h->xstate_bv & theirs.xfeatures & ours.xfeatures};
    } else if (size > FPU_LEGACY_SIZE) {
        *header_of(f) = (struct fpu_header){.xstate_bv = XFEATURES_LEGACY};
    }
    *f = given;
    return 0;
}
