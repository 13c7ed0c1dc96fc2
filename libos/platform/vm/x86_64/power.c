/* SPDX-License-Identifier: Apache-2.0 */
/* Off: QEMU's exit device if the command line names it, ACPI, or at last a triple fault. */
#include <u2k/boot.h>

#include "../vm.h"
#include "acpi.h"
#include "cpu.h"

static bool exit_port(uint16_t *port)
{
    const char *text = cmdline_value("u2k.exit");
    unsigned value = 0;

    if (!text)
        return false;
    text += text[0] == '0' && (text[1] | 0x20) == 'x' ? 2 : 0;
    for (; *text; text++) {
        unsigned digit = (unsigned)*text - '0';
        if (digit > 9)
            digit = ((unsigned)*text | 0x20) - 'a' + 10;
        if (digit > 15)
            return false;
        value = value << 4 | digit;
    }
    *port = (uint16_t)value;
    return true;
}

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
    uint16_t port;

    if (exit_port(&port))
        outl(port, (uint32_t)status & 0xff);
    acpi_power_off();
    for (unsigned i = 0; i < 1000; i++)
        __asm__ volatile("pause");
    __asm__ volatile("lidt %0; int3" : : "m"(no_table));
    for (;;)
        __asm__ volatile("cli; hlt");
}
