/* SPDX-License-Identifier: Apache-2.0 */
/* The BIOS loader: memory map, kernel and bundle into memory, and into the kernel. */
#include "../plan.h"
#include "layout.h"

struct bios_registers {
    uint32_t eax, ebx, ecx, edx, esi, edi, flags;
};

enum { CARRY = 1 };

void bios_call(uint8_t interrupt, struct bios_registers *r);
void bios_copy(void *to, const void *from, size_t words);
void bios_clear(void *to, size_t words);
_Noreturn void bios_enter(uint32_t entry, const struct start_page *page);
void serial_put(char c);
_Noreturn void bios_main(uint32_t drive);

static void print(const char *text)
{
    for (; *text; text++) {
        struct bios_registers r = {.eax = 0x0e00 | (uint8_t)*text, .ebx = 7};

        serial_put(*text);
        bios_call(0x10, &r);
    }
}

static _Noreturn void fail(const char *text)
{
    struct bios_registers r = {0};

    print("u2k: ");
    print(text);
    print("\r\n");
    for (;;)
        bios_call(0x16, &r); /* waits for a key */
}

/* Any address below 4 GiB; the compiler is not to think that it knows what is there. */
static void *memory(uint64_t physical)
{
    uint32_t at = (uint32_t)physical;

    return (void *)(uintptr_t)at;
}

/* int 15h, e820h (ACPI 6.4, 15.1). A BIOS may give ranges in any order. */
static void read_map(struct start_page *page)
{
    enum { SMAP = 0x534d4150, FIRMWARE_RANGES = 128 };
    static struct memory_entry found[FIRMWARE_RANGES];
    struct bios_registers r = {0};
    unsigned count = 0;

    do {
        struct memory_entry *e = &found[count];

        r.eax = 0xe820;
        r.ecx = 20;
        r.edx = SMAP;
        r.edi = (uint32_t)(uintptr_t)e;
        bios_call(0x15, &r);
        if (r.flags & CARRY || r.eax != SMAP)
            break;
        count += e->type == MEMORY_RAM && e->size != 0;
    } while (r.ebx && count < FIRMWARE_RANGES);

    for (unsigned done = 0; done < count; done++) {
        unsigned least = done;
        for (unsigned i = done + 1; i < count; i++)
            if (found[i].start < found[least].start)
                least = i;
        struct memory_entry e = found[least];
        found[least] = found[done];
        start_page_add(page, e.start, e.size);
    }
}

static bool is_memory(const struct start_page *page, uint64_t start, uint64_t end)
{
    for (uint32_t i = 0; i < page->info.map_count; i++)
        if (page->map[i].start <= start && end <= page->map[i].start + page->map[i].size)
            return true;
    return false;
}

/* The lowest place behind the kernel that has room for the bundle. 0: there is none. */
static uint64_t room_for_bundle(const struct start_page *page)
{
    for (uint32_t i = 0; i < page->info.map_count; i++) {
        uint64_t start = page->map[i].start, end = start + page->map[i].size;

        start = start < plan.end ? plan.end : start;
        start = (start + PAGE - 1) & ~(uint64_t)(PAGE - 1);
        end = end < REACH ? end : REACH;
        if (start < end && plan.bundle.size <= end - start)
            return start;
    }
    return 0;
}

/* int 13h, function 42h (EDD 1.1, 3.2.1), by way of a buffer that real mode reaches. */
static void load(uint32_t drive, const struct plan_piece *piece, uint64_t to)
{
    static struct {
        uint8_t size, zero;
        uint16_t sectors, offset, segment;
        uint64_t first;
    } packet;

    bios_clear(memory(to), (size_t)(piece->size / 4));
    for (uint64_t done = 0; done < piece->bytes; done += BOUNCE_SIZE) {
        uint64_t left = piece->bytes - done;
        uint32_t now = left < BOUNCE_SIZE ? (uint32_t)left : BOUNCE_SIZE;
        struct bios_registers r = {
            .eax = 0x4200, .edx = drive, .esi = (uint32_t)(uintptr_t)&packet};

        packet.size = sizeof(packet);
        packet.sectors = (uint16_t)((now + SECTOR - 1) / SECTOR);
        packet.offset = 0;
        packet.segment = BOUNCE >> 4;
        packet.first = piece->sector + (done >> 9);
        bios_call(0x13, &r);
        if (r.flags & CARRY)
            fail("the disk cannot be read");
        bios_copy(memory(to + done), memory(BOUNCE), (now + 3) / 4);
    }
}

static bool is_rsdp(uint32_t at)
{
    const uint8_t *p = memory(at);
    uint8_t sum = 0;

    if (memcmp(p, "RSD PTR ", 8) != 0)
        return false;
    for (unsigned i = 0; i < 20; i++)
        sum = (uint8_t)(sum + p[i]);
    return !sum;
}

/* ACPI 6.4, 5.2.5.1: in the first kilobyte of the extended BIOS data area, or in the BIOS' own memory. */
static uint32_t find_rsdp(void)
{
    uint32_t area = (uint32_t) * (const volatile uint16_t *)memory(0x40e) << 4;

    for (uint32_t at = area; area && at < area + KIB; at += 16)
        if (is_rsdp(at))
            return at;
    for (uint32_t at = 0xe0000; at < 0x100000; at += 16)
        if (is_rsdp(at))
            return at;
    return 0;
}

_Noreturn void bios_main(uint32_t drive)
{
    struct start_page *page = memory(START_PAGE);

    memset(page, 0, sizeof(*page));
    read_map(page);
    if (!page->info.map_count)
        fail("the BIOS does not tell what memory there is");
    if (!is_memory(page, plan.start, plan.end))
        fail("there is too little memory for the kernel");
    uint64_t bundle = room_for_bundle(page);
    if (!bundle)
        fail("there is too little memory for the program and its files");
    for (uint32_t i = 0; i < plan.pieces && i < PLAN_PIECES; i++)
        load(drive, &plan.piece[i], plan.piece[i].to);
    load(drive, &plan.bundle, bundle);
    start_page_fill(page, bundle, find_rsdp());
    bios_enter(plan.entry, page);
}
