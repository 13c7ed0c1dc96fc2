/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the boot loader left in memory: struct hvm_start_info (PVH: Xen, public/arch-x86/hvm/
 * start_info.h, version 0 and 1) or struct boot_params (Linux, Documentation/arch/x86/zero-page.rst).
 * Read where it lies, below 1 GiB; anything else is treated as absent.
 */
#include <u2k/cursor.h>
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

static struct cursor at(uint64_t physical, size_t len)
{
    if (!physical || physical >= BOOT_MAPPED || len > BOOT_MAPPED - physical)
        return (struct cursor){.bad = true};
    return cursor_over(vm_direct(physical), len);
}

static void add_range(uint64_t start, uint64_t size, uint32_t type)
{
    if (facts.range_count < MEMORY_RANGES && size && start + size > start)
        facts.range[facts.range_count++] =
            (struct memory_range){start, start + size, type == PVH_TYPE_RAM};
}

static void take_cmdline(uint64_t physical)
{
    struct cursor c = at(physical, CMDLINE_MAX);

    if (c.bad)
        return;
    facts.cmdline = vm_direct(physical);
    facts.cmdline_len = strnlen(facts.cmdline, CMDLINE_MAX);
}

static void read_pvh(uint64_t info)
{
    struct cursor c = at(info, 56);

    if (cursor_le32(&c) != (uint32_t)PVH_MAGIC)
        return;
    uint32_t version = cursor_le32(&c);
    cursor_skip(&c, 4 + 4 + 8); /* flags, modules */
    take_cmdline(cursor_le64(&c));
    acpi_set_rsdp(cursor_le64(&c), version >= 1);
    if (version < 1)
        return;
    uint64_t map = cursor_le64(&c);
    uint32_t count = cursor_le32(&c);
    count = MIN(count, (uint32_t)E820_MAX);
    struct cursor m = at(map, count * 24);
    while (cursor_left(&m)) {
        uint64_t start = cursor_le64(&m), size = cursor_le64(&m);
        add_range(start, size, cursor_le32(&m));
        cursor_skip(&m, 4);
    }
}

static void read_zero_page(uint64_t page)
{
    struct cursor c = at(page, ZERO_PAGE_SIZE);

    cursor_seek(&c, ZERO_PAGE_RSDP);
    acpi_set_rsdp(cursor_le64(&c), false);
    cursor_seek(&c, ZERO_PAGE_E820_COUNT);
    unsigned count = cursor_u8(&c);
    cursor_seek(&c, ZERO_PAGE_CMDLINE);
    uint64_t line = cursor_le32(&c);
    cursor_seek(&c, ZERO_PAGE_CMDLINE_HIGH);
    take_cmdline(line | (uint64_t)cursor_le32(&c) << 32);
    cursor_seek(&c, ZERO_PAGE_E820);
    for (unsigned i = 0; i < MIN(count, (unsigned)E820_MAX) && !c.bad; i++) {
        uint64_t start = cursor_le64(&c), size = cursor_le64(&c);
        add_range(start, size, cursor_le32(&c));
    }
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

void vm_ready(void)
{
    pager_ready();
}

void vm_fill_info(struct plat_info *info)
{
    enum { HWCAP2_FSGSBASE = 2, FRAME_ALIGNMENT = 64 + 16 };

    info->user_lo = USER_LO;
    info->user_hi = USER_HI;
    info->vdso = VDSO_CODE;
    info->kstack_size = KSTACK_SIZE;
    info->hwcap = cpu.features;
    info->hwcap2 = cpu.fsgsbase ? HWCAP2_FSGSBASE : 0;
    info->minsigstksz =
        ALIGN_UP(sizeof(struct rt_sigframe) + plat_fpu_size() + FRAME_ALIGNMENT, 16);
}
