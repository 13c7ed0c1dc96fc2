/* SPDX-License-Identifier: Apache-2.0 */
/* Page tables: the kernel's half. The program's half is behind plat_map() and its family. */
#ifndef VM_X86_64_PAGER_H
#define VM_X86_64_PAGER_H

#include <u2k/types.h>

uint64_t physical_of(const void *p); /* of direct map and kernel image */
void pager_start(void); /* the kernel's pages get their rights; before vdso_map() */
vaddr_t vdso_map(void); /* pages can be allocated: where the vDSO is now, 0: nowhere */

#endif
