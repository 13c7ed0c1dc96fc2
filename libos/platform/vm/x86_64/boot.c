/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the boot loader left in memory: struct hvm_start_info (PVH: Xen, public/arch-x86/hvm/
 * start_info.h, version 0 and 1) or struct boot_params (Linux, Documentation/arch/x86/zero-page.rst).
 * Read where it lies, below 1 GiB; anything else is treated as absent.
 */
#include <u2k/log.h>
#include <u2k/string.h>

#include "../vm.h"
#include <asm/sigframe.h>

#include "acpi.h"
#include "cpu.h"
#include "interrupt.h"
#include "layout.h"
#include "pager.h"

enum {
    PVH_MAGIC = 0x336ec578,
    PVH_TYPE_RAM = 1, /* both use e820's numbers */
    ZERO_PAGE_RSDP = 0x70,
    ZERO_PAGE_E820_COUNT = 0x1e8,
    ZERO_PAGE_CMDLINE = 0x228,
    ZERO_PAGE_CMDLINE_HIGH = 0x0c8,
    ZERO_PAGE_E820 = 0x2d0,
    ZERO_PAGE_SIZE = 4096,
    E820_MAX = 128,
    CMDLINE_MAX = 16384,
    BIOS_DATE = 0xffff5, /* MM/DD/YY: where every PC BIOS has its date */
};
#define BOOT_MAPPED (1ull << 30)

static struct boot_facts facts;

/* `len` bytes, NULL for what is not mapped. */
static const void *at(uint64_t physical, size_t len)
{
    return physical && physical < BOOT_MAPPED && len <= BOOT_MAPPED - physical ? vm_direct(physical)
                                                                               : NULL;
}

static void add_range(uint64_t start, uint64_t size, uint32_t type)
{
    if (facts.range_count < MEMORY_RANGES && size && start + size > start)
        facts.range[facts.range_count++] =
            (struct memory_range){start, start + size, type == PVH_TYPE_RAM};
}

static void take_cmdline(uint64_t physical)
{
    if (!at(physical, CMDLINE_MAX))
        return;
    facts.cmdline = vm_direct(physical);
    facts.cmdline_len = strnlen(facts.cmdline, CMDLINE_MAX);
}

static void read_pvh(uint64_t info)
{
    const struct PACKED {
        uint32_t magic, version, flags, modules;
        uint64_t module_list, cmdline, rsdp, map;
        uint32_t map_count, reserved;
    } *i = at(info, sizeof(*i));
    const struct PACKED {
        uint64_t start, size;
        uint32_t type, reserved;
    } *entry;
    const struct PACKED {
        uint64_t start, size, cmdline, reserved;
    } *module;

    if (!i || i->magic != (uint32_t)PVH_MAGIC)
        return;
    take_cmdline(i->cmdline);
    acpi_set_rsdp(i->rsdp, i->version >= 1);
    if (i->modules && (module = at(i->module_list, sizeof(*module))) &&
        at(module->start, PAGE_SIZE))
        facts.module = module->start;
    if (i->version < 1)
        return;
    unsigned count = MIN(i->map_count, (uint32_t)E820_MAX);
    entry = at(i->map, count * sizeof(*entry));
    for (; entry && count; entry++, count--)
        add_range(entry->start, entry->size, entry->type);
}

static void read_zero_page(uint64_t page)
{
    const uint8_t *p = at(page, ZERO_PAGE_SIZE);
    const struct PACKED {
        uint64_t start, size;
        uint32_t type;
    } *entry;

    if (!p)
        return;
    acpi_set_rsdp(*(const uint64_t *)(p + ZERO_PAGE_RSDP), false);
    take_cmdline(*(const uint32_t *)(p + ZERO_PAGE_CMDLINE) |
                 (uint64_t) * (const uint32_t *)(p + ZERO_PAGE_CMDLINE_HIGH) << 32);
    entry = (const void *)(p + ZERO_PAGE_E820);
    for (unsigned count = MIN(p[ZERO_PAGE_E820_COUNT], E820_MAX); count; entry++, count--)
        add_range(entry->start, entry->size, entry->type);
}

static bool pc_bios_ran(void)
{
    const char *date = vm_direct(BIOS_DATE);

    return date[2] == '/' && date[5] == '/';
}

NORETURN void vm_boot(unsigned linux_protocol, uint64_t data);

NORETURN void vm_boot(unsigned linux_protocol, uint64_t data)
{
    cpu_start();
    interrupt_quiet();
    if (linux_protocol)
        read_zero_page(data);
    else
        read_pvh(data);
    facts.memory_is_zero = !pc_bios_ran();
    pager_start();
    vm_start(&facts);
}

void vm_fill_info(struct plat_info *info)
{
    enum { HWCAP2_FSGSBASE = 2, FRAME_ALIGNMENT = 64 + 16 };

    info->user_lo = USER_LO;
    info->user_hi = USER_HI;
    info->vdso = vdso_map();
    info->kstack_size = KSTACK_SIZE;
    info->hwcap = cpu.features;
    info->hwcap2 = cpu.fsgsbase ? HWCAP2_FSGSBASE : 0;
    info->minsigstksz =
        ALIGN_UP(sizeof(struct rt_sigframe) + plat_fpu_size() + FRAME_ALIGNMENT, 16);
}
