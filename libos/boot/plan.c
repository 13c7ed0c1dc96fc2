/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

struct boot_plan plan = {.magic = PLAN_MAGIC};

void start_page_add(struct start_page *page, uint64_t start, uint64_t size)
{
    uint32_t n = page->info.map_count;
    struct memory_entry *last = n ? &page->map[n - 1] : NULL;

    if (last && last->start + last->size == start) {
        last->size += size;
    } else if (n < MAP_MAX && size) {
        page->map[n] = (struct memory_entry){.start = start, .size = size, .type = MEMORY_RAM};
        page->info.map_count = n + 1;
    }
}

void start_page_fill(struct start_page *page, uint64_t bundle, uint64_t rsdp)
{
    enum { HVM_START_MAGIC = 0x336ec578, VERSION = 1 };

    page->info.magic = HVM_START_MAGIC;
    page->info.version = VERSION;
    page->info.flags = 0;
    page->info.modules = 1;
    page->info.module_list = (uintptr_t)&page->module;
    page->info.cmdline = (uintptr_t)page->cmdline;
    page->info.rsdp = rsdp;
    page->info.map = (uintptr_t)page->map;
    page->info.reserved = 0;
    page->module.start = bundle;
    page->module.size = plan.bundle.bytes;
    page->module.cmdline = page->module.reserved = 0;
    memcpy(page->cmdline, plan.cmdline, PLAN_CMDLINE);
}

/* What compilers call on their own. */

void *memcpy(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((char *)to)[i] = ((const char *)from)[i];
    return to;
}

void *memset(void *to, int value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((char *)to)[i] = (char)value;
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *left = a, *right = b;

    for (size_t i = 0; i < n; i++)
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    return 0;
}
