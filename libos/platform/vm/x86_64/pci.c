/* SPDX-License-Identifier: Apache-2.0 */
/* PCI configuration space by mechanism #1 (PCI Local Bus 3.0, 3.2.2.3.2), and where devices may be. */
#include "../vm.h"
#include "acpi.h"
#include "cpu.h"

enum {
    CONFIG_ADDRESS = 0xcf8,
    CONFIG_DATA = 0xcfc,
    PLACES = 32,
    PCI_VENDOR = 0,
    PCI_HEADER_TYPE = 14,
    HEADER_MULTIFUNCTION = 0x80,
    SLOTS = 32,
    FUNCTIONS = 8,
};
#define CONFIG_ENABLE 0x80000000u

static struct device_place places[PLACES];
static unsigned place_count;
static unsigned searched; /* how many of the ways below */

static void select(const struct device_place *at, unsigned reg)
{
    outl(CONFIG_ADDRESS, CONFIG_ENABLE | (uint32_t)(at->base & 0xffff) << 8 | (reg & 0xfc));
}

uint32_t pci_read(const struct device_place *at, unsigned reg, unsigned size)
{
    uint16_t port = (uint16_t)(CONFIG_DATA + (reg & 3));

    select(at, reg);
    return size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
}

void pci_write(const struct device_place *at, unsigned reg, unsigned size, uint32_t value)
{
    uint16_t port = (uint16_t)(CONFIG_DATA + (reg & 3));

    select(at, reg);
    if (size == 1)
        outb(port, (uint8_t)value);
    else if (size == 2)
        outw(port, (uint16_t)value);
    else
        outl(port, value);
}

/* Bus 0 only: what a VMM gives a unikernel sits there. */
static unsigned pci_places(struct device_place *out, unsigned max)
{
    unsigned count = 0;

    outl(CONFIG_ADDRESS, CONFIG_ENABLE);
    if (inl(CONFIG_ADDRESS) != CONFIG_ENABLE)
        return 0;
    for (unsigned slot = 0; slot < SLOTS; slot++)
        for (unsigned function = 0; function < FUNCTIONS && count < max; function++) {
            struct device_place at = {.bus = DEVICE_PCI, .base = slot << 3 | function};
            if (pci_read(&at, PCI_VENDOR, 2) == 0xffff) {
                if (!function)
                    break;
                continue;
            }
            out[count++] = at;
            if (!function && !(pci_read(&at, PCI_HEADER_TYPE, 1) & HEADER_MULTIFUNCTION))
                break;
        }
    return count;
}

bool device_place(unsigned index, struct device_place *out)
{
    static unsigned (*const ways[])(struct device_place *, unsigned) = {vm_cmdline_places,
                                                                        acpi_places, pci_places};

    while (index >= place_count && searched < ARRAY_SIZE(ways))
        place_count += ways[searched++](&places[place_count], PLACES - place_count);
    if (index >= place_count)
        return false;
    *out = places[index];
    return true;
}
