/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's half of the address space: its image with exact rights, and the direct map of RAM
 * and device registers in 2 MiB pages (1 GiB ones are not worth a case of their own: a table of 4 KiB
 * for each GiB).
 */
#include <u2k/errno.h>
#include <u2k/pages.h>
#include <u2k/string.h>

#include "../vm.h"
#include "cpu.h"
#include "layout.h"
#include "pager.h"

#define LARGE ((uint64_t)1 << 21)
#define GIB ((uint64_t)1 << 30)
#define DIRECT_END ((uint64_t)DIRECT_SLOTS << 39)

extern uint64_t pml4[512], kernel_pd[512], kernel_pt[512];
extern char __kernel_start[], __rodata_end[], __kernel_end[];

static char *table_pool;
static unsigned table_pool_pages;

void *vm_direct(uint64_t physical)
{
    return (void *)(DIRECT_BASE + physical);
}

uint64_t physical_of(const void *p)
{
    uint64_t at = (uint64_t)p;

    return at >= KERNEL_BASE ? at - KERNEL_BASE : at - DIRECT_BASE;
}

uint64_t device_address(const void *memory)
{
    return physical_of(memory);
}
uint64_t vm_kernel_end_physical(void)
{
    return physical_of(__kernel_end);
}

/* Text read and run, constants read, data read and write: nothing is both writable and runnable. */
void pager_start(void)
{
    uint64_t at = (uint64_t)__kernel_start - KERNEL_BASE;

    for (uint64_t *pte = &kernel_pt[at >> PAGE_SHIFT]; at < vm_kernel_end_physical();
         at += PAGE_SIZE) {
        uint64_t rights = at < (uint64_t)__text_end - KERNEL_BASE     ? 0
                          : at < (uint64_t)__rodata_end - KERNEL_BASE ? PTE_NX
                                                                      : PTE_NX | PTE_WRITE;
        *pte++ = at | rights | PTE_PRESENT | PTE_GLOBAL;
    }
    kernel_pd[0] = physical_of(kernel_pt) | PTE_PRESENT | PTE_WRITE;
    pml4[0] = 0;
    pager_flush();
}

void pager_flush(void)
{
    __asm__ volatile("movq %0, %%cr3" : : "r"(physical_of(pml4)) : "memory");
}

static uint64_t *below(uint64_t *entry)
{
    if (!*entry) {
        void *table;
        if (table_pool_pages) {
            table = table_pool;
            memset(table, 0, PAGE_SIZE);
            table_pool += PAGE_SIZE;
            table_pool_pages--;
        } else if (!(table = pages_alloc(1, PAGES_ZERO))) {
            return NULL;
        }
        *entry = physical_of(table) | PTE_PRESENT | PTE_WRITE;
    }
    return vm_direct(*entry & PTE_ADDRESS);
}

/* What is mapped already stays as it is. */
static int map_large(uint64_t start, uint64_t end, uint64_t flags)
{
    if (end > DIRECT_END || start >= end)
        return -EINVAL;
    for (uint64_t at = ALIGN_DOWN(start, LARGE); at < end; at += LARGE) {
        uint64_t *pdpt = below(&pml4[DIRECT_SLOT + (at >> 39)]);
        uint64_t *pd = pdpt ? below(&pdpt[at >> 30 & 511]) : NULL;
        if (!pd)
            return -ENOMEM;
        if (!pd[at >> 21 & 511])
            pd[at >> 21 & 511] =
                at | flags | PTE_PRESENT | PTE_WRITE | PTE_LARGE | PTE_GLOBAL | PTE_NX;
    }
    return 0;
}

unsigned vm_map_memory_cost(uint64_t start, uint64_t end)
{
    if (end <= GIB || end > DIRECT_END)
        return 0;
    return (unsigned)((end - 1) / GIB - start / GIB + 1 + (end - 1) / (512 * GIB) -
                      start / (512 * GIB) + 1);
}

int vm_map_memory(uint64_t start, uint64_t end, void *pool, unsigned pool_pages)
{
    if (end <= GIB)
        return 0; /* the boot tables have it */
    table_pool = pool;
    table_pool_pages = pool_pages;
    int error = map_large(start, end, 0);
    int used = (int)(pool_pages - table_pool_pages);
    table_pool_pages = 0;
    return error ? error : used;
}

volatile void *device_map(uint64_t physical, size_t len)
{
    if (physical + len < physical || map_large(physical, physical + len, PTE_UNCACHED) < 0)
        return NULL;
    return vm_direct(physical);
}
