/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root image on a disk. It has addresses like one in memory: an aligned piece of it is read when one of its pages
 * is touched, by the library OS or by a mapping of the program's, and pages that nobody has used for a while are given
 * up when memory is short. So file systems and mappings know nothing of it.
 */
#ifndef VM_DISK_ROOT_H
#define VM_DISK_ROOT_H

#include <u2k/block.h>
#include <u2k/types.h>

/* gpt.c: if `page`, the disk's first, begins a partitioned disk, the bytes [*start, *end) of its unikernel's partition,
 * and the first page of that; else nothing is changed. -EINVAL: partitioned, and there is none. -EIO. */
int gpt_partition(struct block_device *d, void *page, uint64_t *start, uint64_t *end);

/* cache.c */
int root_open(struct block_device *d, uint64_t offset, uint64_t size, const void **out);
/* Of a page fault of the library OS: true if the page is there now. */
bool root_fault(uint64_t address);
/* What an entry of the program's tables has to map the page at `at`, which may be any of the library OS's: physical
 * address, and PTE_CACHED. 0: it is not there; never if it is `wanted` and there is memory. */
uint64_t root_page(const void *at, bool wanted);
size_t root_pages(void); /* that are in memory and could be given up */

#endif
