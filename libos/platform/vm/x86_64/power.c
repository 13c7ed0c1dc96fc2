/* SPDX-License-Identifier: Apache-2.0 */
/* Off: QEMU's exit device if the command line names it, ACPI, or at last a triple fault. */
#include "../vm.h"
#include "acpi.h"
#include "cpu.h"

/*
 * The exit device ends QEMU with status * 2 + 1. A VMM that is told to power off may take a moment;
 * one that has no ACPI sees the triple fault, which resets a PC: with -no-reboot, and in VMMs
 * without a reset, that is the end too.
 */
NORETURN void vm_power_off(int status)
{
    static const struct PACKED {
        uint16_t limit;
        uint64_t base;
    } no_table = {0, 0};
    uint16_t port = (uint16_t)vm_cmdline_number("u2k.exit");

    if (port)
        outl(port, (uint32_t)status & 0xff);
    acpi_power_off();
    for (unsigned i = 0; i < 1000; i++)
        __asm__ volatile("pause");
    __asm__ volatile("lidt %0; int3" : : "m"(no_table));
    for (;;)
        __asm__ volatile("cli; hlt");
}
