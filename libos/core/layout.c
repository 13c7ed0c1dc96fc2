/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a new program's parts go. The stack and the mappings below it get one random place together,
 * so that they share page-table pages; Linux draws two numbers and pays for two sets of tables.
 */
#include "mm.h"

#include <u2k/process.h>
#include <u2k/log.h>
#include <u2k/string.h>
#include <u2k/vfs.h>

#define TOP_BITS 28       /* pages: Linux's vm.mmap_rnd_bits */
#define STACK_BITS 8      /* pages between the stack and the top of the mappings */
#define GAP_MIN (128ul << 20)
#define GAP_MAX (64ul << 30)

struct mm_layout mm_layout;

vaddr_t mm_random_pages(unsigned bits)
{
    uint64_t random = 0;

    (void)plat_random(&random,
                      sizeof(random)); /* without it the layout is fixed: stack.c says so */
    return (random & ((1ull << bits) - 1)) << PAGE_SHIFT;
}

void mm_layout_choose(void)
{
    const struct plat_info *p = plat_info;
    vaddr_t top = p->user_hi, random = mm_random_pages(TOP_BITS);
    vaddr_t room = top - (p->reserved_hi > p->reserved_lo ? p->reserved_hi : p->user_lo);

    /* A small address space keeps at least three quarters for mappings. */
    while (random > room / 4)
        random >>= 1;
    top = ALIGN_DOWN(top - random, PAGE_SIZE);
    uint64_t gap = process.limits[RLIMIT_STACK].soft;
    gap = MIN(MAX(gap, GAP_MIN), MIN(GAP_MAX, room / 8));
    mm_layout.stack_top = top;
    mm.base = ALIGN_DOWN(top - gap, PAGE_SIZE) - mm_random_pages(STACK_BITS);
}

void mm_reset(void)
{
    if (mm.root)
        (void)mm_clear(mm.root->low, mm.root->high, true);
    if (mm_layout.exe) {
        file_exec_done(mm_layout.exe);
        file_unref(mm_layout.exe);
    }
    memset(&mm_layout, 0, sizeof(mm_layout));
    mm = (struct mm){0};
    mm_layout_choose();
}
