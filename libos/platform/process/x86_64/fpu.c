/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program's FP state is in the host's signal frame, in the very format of the program's own
 * frames. What the program gives back is hostile: only state goes into the host's frame, never what
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

size_t host_fpu_size(const struct ucontext *uc)
{
    const struct fpu_legacy *f = legacy_of(uc);
    if (!f)
        return 0;
    return f->sw.magic1 == FP_XSTATE_MAGIC1 ? f->sw.extended_size : FPU_LEGACY_SIZE;
}

size_t plat_fpu_size(void)
{
    return host_fpu_size(entry_context);
}

int plat_fpu_save(void *user_buf)
{
    const struct fpu_legacy *f = legacy_of(entry_context);
    return user_write((vaddr_t)user_buf, f, host_fpu_size(entry_context));
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
    struct fpu_legacy *f = legacy_of(entry_context);
    size_t size = host_fpu_size(entry_context);
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
