/* SPDX-License-Identifier: Apache-2.0 */
/* Page tables: the kernel's half. The program's half is behind plat_map() and its family. */
#ifndef VM_X86_64_PAGER_H
#define VM_X86_64_PAGER_H

#include <u2k/types.h>

/* Entries of the program's half, beside the CPU's own bits. OWNED: freed with the entry. SHARED: may be writable.
 * CACHED: of the root on a disk, and may be taken away (disk_root.c). */
#define PTE_OWNED (1ull << 9)
#define PTE_SHARED (1ull << 10)
#define PTE_CACHED (1ull << 11)
#define PTE_ACCESSED (1ull << 5)
#define PTE_NX (1ull << 63)
#define PTE_ADDRESS 0x000ffffffffff000ull

#define PAGER_LEVELS 4
struct page_path {
    uint64_t *entry[PAGER_LEVELS]; /* [0] the page's own, [3] in the top table */
};
/* With `create`, tables that are missing are made; false: no memory, or not there. */
bool pager_walk(vaddr_t at, bool create, struct page_path *p);
void pager_set(const struct page_path *p, uint64_t value); /* the page's entry; its table counts */

/* Look at every entry in [lo, hi) and change it to what `see` returns. Tables stay where they are: the last entry of
 * one (`last`) must not become 0. Who calls it flushes the TLB. */
void pager_sweep(vaddr_t lo, vaddr_t hi, uint64_t (*see)(uint64_t entry, bool last, void *arg),
                 void *arg);

void pager_flush(void); /* the TLB, but for the kernel's own pages */

uint64_t physical_of(const void *p); /* of direct map and kernel image */
void pager_start(void); /* the kernel's pages get their rights; before vdso_map() */
vaddr_t vdso_map(void); /* pages can be allocated: where the vDSO is now, 0: nowhere */

#endif
