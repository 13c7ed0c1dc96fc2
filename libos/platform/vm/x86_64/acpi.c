/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACPI tables (ACPI 6.4, chapter 5), all read through cursors. AML is not interpreted: what is
 * looked for has one shape in every VMM, a _HID and a constant _CRS buffer, or the package _S5_.
 */
#include "acpi.h"

#include <u2k/cursor.h>
#include <u2k/string.h>

#include "../vm.h"
#include "cpu.h"

enum {
    BIOS_AREA = 0xe0000,
    BIOS_AREA_END = 0x100000,
    RSDP_SIZE = 36,
    HEADER_SIZE = 36,
    TABLE_MAX = 1 << 20,
    FADT_DSDT = 40,
    FADT_PM1A_CONTROL = 64,
    FADT_FLAGS = 112,
    FADT_X_DSDT = 140,
    FADT_SLEEP_CONTROL = 244, /* generic address structure: space, width, offset, size, address */
    FADT_HW_REDUCED = 1 << 20,
    MADT_ENTRIES = 44,
    MADT_IO_APIC = 1,
    SLEEP_ENABLE_PM1 = 1 << 13,
    SLEEP_ENABLE_REDUCED = 1 << 5,
};
#define RSDP_SIGNATURE 0x2052545020445352ull /* "RSD PTR " */
enum { AML_PACKAGE = 0x12, AML_BYTE = 0x0a, AML_BUFFER = 0x11 };
enum { RESOURCE_MEMORY32_FIXED = 0x86, RESOURCE_INTERRUPT = 0x89, RESOURCE_END = 0x79 };

static uint64_t rsdp;
static bool search; /* the boot loader did not say whether there is ACPI */

void acpi_set_rsdp(uint64_t physical, bool certain)
{
    rsdp = physical;
    search = !physical && !certain;
}

/* Tables lie in RAM below 4 GiB; device_map() makes those visible that no RAM range covers. */
static struct cursor memory(uint64_t physical, size_t len)
{
    const volatile void *p = physical && physical < 1ull << 32 ? device_map(physical, len) : NULL;

    return p ? cursor_over((const void *)(uintptr_t)p, len) : (struct cursor){.bad = true};
}

static struct cursor table_at(uint64_t physical)
{
    struct cursor header = memory(physical, HEADER_SIZE);
    const uint32_t *words = cursor_at(&header, 0, 8); /* signature, length */

    return words && words[1] >= HEADER_SIZE && words[1] <= TABLE_MAX ? memory(physical, words[1])
                                                                     : (struct cursor){.bad = true};
}

static bool has_signature(const struct cursor *c, const char *signature)
{
    return !c->bad && c->len >= 4 && !memcmp(c->base, signature, 4);
}

static void search_rsdp(void)
{
    if (!search)
        return;
    search = false;
    for (uint64_t at = BIOS_AREA; at < BIOS_AREA_END && !rsdp; at += 16)
        if (*(const uint64_t *)vm_direct(at) == RSDP_SIGNATURE)
            rsdp = at;
}

static struct cursor find_table(const char *signature)
{
    search_rsdp();
    struct cursor root = memory(rsdp, RSDP_SIZE);
    const struct PACKED {
        uint8_t signature[8], checksum, vendor[6], revision;
        uint32_t rsdt, len;
        uint64_t xsdt;
    } *r = cursor_at(&root, 0, sizeof(*r));
    bool wide = r && r->revision >= 2 && r->xsdt;
    struct cursor list = !r ? root : table_at(wide ? r->xsdt : r->rsdt);

    cursor_seek(&list, HEADER_SIZE);
    while (cursor_left(&list)) {
        struct cursor table = table_at(cursor_uint(&list, wide ? 8 : 4));
        if (!list.bad && has_signature(&table, signature))
            return table;
    }
    return (struct cursor){.bad = true};
}

static uint64_t field(struct cursor *c, size_t offset, unsigned bytes)
{
    c->bad = c->bad || offset + bytes > c->len;
    cursor_seek(c, offset);
    return c->bad ? 0 : cursor_uint(c, bytes);
}

static struct cursor find_dsdt(struct cursor *fadt)
{
    *fadt = find_table("FACP");
    if (fadt->bad)
        return *fadt;
    uint64_t wide = fadt->len >= FADT_X_DSDT + 8 ? field(fadt, FADT_X_DSDT, 8) : 0;
    return table_at(wide ? wide : field(fadt, FADT_DSDT, 4));
}

bool acpi_io_apic(unsigned gsi, uint64_t *address, unsigned *first)
{
    struct cursor madt = find_table("APIC");
    bool found = false;

    cursor_seek(&madt, MADT_ENTRIES);
    const struct PACKED {
        uint8_t type, len, id, reserved;
        uint32_t address, first;
    } *e;
    for (; (e = cursor_at(&madt, madt.pos, sizeof(*e))) && e->len >= 2;
         cursor_skip(&madt, e->len)) {
        if (e->type != MADT_IO_APIC || e->len < sizeof(*e) || e->first > gsi ||
            (found && e->first < *first))
            continue;
        *address = e->address;
        *first = e->first;
        found = true;
    }
    return found;
}

/* PkgLength (ACPI 20.2.4): how many bytes follow its first is in the top two bits. */
static void skip_package_length(struct cursor *c)
{
    cursor_skip(c, cursor_u8(c) >> 6);
}

/* Resource descriptors (ACPI 6.4.3) of one _CRS. */
static bool read_resources(struct cursor *c, struct device_place *out)
{
    bool memory_seen = false, irq_seen = false;

    *out = (struct device_place){.bus = DEVICE_MMIO};
    while (cursor_left(c) && !(memory_seen && irq_seen)) {
        unsigned tag = cursor_u8(c);
        if (tag == RESOURCE_END || !(tag & 0x80))
            return false;
        unsigned len = cursor_le16(c);
        struct cursor r = cursor_part(c, c->pos, len);
        cursor_skip(c, len);
        if (tag == RESOURCE_MEMORY32_FIXED) {
            cursor_skip(&r, 1);
            out->base = cursor_le32(&r);
            out->size = cursor_le32(&r);
            memory_seen = !r.bad;
        } else if (tag == RESOURCE_INTERRUPT) {
            out->level = !(cursor_u8(&r) & 2);
            unsigned count = cursor_u8(&r);
            out->irq = cursor_le32(&r);
            irq_seen = !r.bad && count == 1;
        }
    }
    return memory_seen && irq_seen;
}

static bool skip_to(struct cursor *c, const char *text, size_t n)
{
    for (; cursor_left(c) >= n; c->pos++)
        if (!memcmp(c->base + c->pos, text, n)) {
            c->pos += n;
            return true;
        }
    return false;
}

unsigned acpi_places(struct device_place *out, unsigned max)
{
    struct cursor fadt, dsdt = find_dsdt(&fadt);
    unsigned count = 0;

    while (count < max && skip_to(&dsdt, "LNRO0005", 9)) {
        struct cursor device = dsdt;
        if (!skip_to(&device, "_CRS", 4) || cursor_u8(&device) != AML_BUFFER)
            continue;
        skip_package_length(&device);
        unsigned size_op = cursor_u8(&device);
        cursor_skip(&device, size_op == AML_BYTE ? 1 : size_op == AML_BYTE + 1 ? 2 : 4);
        if (read_resources(&device, &out[count]))
            count++;
    }
    return count;
}

static unsigned small_constant(struct cursor *c)
{
    unsigned op = cursor_u8(c);

    return op == AML_BYTE ? cursor_u8(c) : op; /* ZeroOp is 0, OneOp is 1 */
}

void acpi_power_off(void)
{
    struct cursor fadt, dsdt = find_dsdt(&fadt);

    if (fadt.bad || !skip_to(&dsdt, "_S5_", 4) || cursor_u8(&dsdt) != AML_PACKAGE)
        return;
    skip_package_length(&dsdt);
    cursor_skip(&dsdt, 1); /* how many elements */
    unsigned type = small_constant(&dsdt) & 7;
    if (dsdt.bad)
        return;
    if (!(field(&fadt, FADT_FLAGS, 4) & FADT_HW_REDUCED)) {
        outw((uint16_t)field(&fadt, FADT_PM1A_CONTROL, 4),
             (uint16_t)(type << 10 | SLEEP_ENABLE_PM1));
        return;
    }
    unsigned space = (unsigned)field(&fadt, FADT_SLEEP_CONTROL, 1);
    uint64_t address = field(&fadt, FADT_SLEEP_CONTROL + 4, 8);
    uint8_t value = (uint8_t)(type << 2 | SLEEP_ENABLE_REDUCED);
    if (fadt.bad)
        return;
    if (space == 1) {
        outb((uint16_t)address, value);
    } else {
        volatile uint8_t *reg = device_map(address, 1);
        if (reg)
            *reg = value;
    }
}
