/* SPDX-License-Identifier: Apache-2.0 */
/* A thread's state that the kernel does not use itself: FP and vector registers, GS base. */
#ifndef VM_X86_64_FPU_H
#define VM_X86_64_FPU_H

#include <asm/sigframe.h>
#include <u2k/types.h>

struct fpu_area {
    uint64_t gs_base, spare[7];
    struct fpu_legacy legacy; /* 64-byte aligned; the XSAVE area goes on behind it */
    struct fpu_header header;
};

void fpu_start(void);
size_t fpu_area_size(void); /* struct fpu_area with all components, a multiple of 64 */
void fpu_save(struct fpu_area *a);
void fpu_load(struct fpu_area *a);
void fpu_reset(void);
int fpu_fault_code(unsigned vector); /* FPE_* for exceptions 16 and 19; 0: none is pending */

#endif
