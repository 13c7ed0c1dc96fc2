/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The UEFI loader: finds the disk that it is on, reads kernel and bundle, leaves boot services, and has handover.S
 * do what cannot be done in long mode.
 *
 * The kernel has a fixed place, which the firmware may be using: it is read elsewhere, and copied when nothing of the
 * firmware runs any more.
 */
#include "uefi.h"

#include "../plan.h"
#include "handover.h"

#define LOW_END (1ull << 32) /* what protected mode reaches */

static const struct efi_guid block_io_guid = {
    0x964e5b21, 0x6459, 0x11d2, {0x8e, 0x39, 0, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};
static const struct efi_guid acpi_guid = { /* ACPI 6.4, 5.2.5.2 */
                                          0x8868e871,
                                          0xe4f1,
                                          0x11d3,
                                          {0xbc, 0x22, 0, 0x80, 0xc7, 0x3c, 0x88, 0x81}};

static struct efi_system_table *table;
static struct efi_boot_services *boot;

efi_status efi_main(efi_handle image, struct efi_system_table *system);

static efi_status fail(const char *text, efi_status status)
{
    uint16_t wide[128] = {'u', '2', 'k', ':', ' '};
    size_t n = 5;

    while (*text && n < sizeof(wide) / sizeof(*wide) - 3)
        wide[n++] = (uint8_t)*text++;
    wide[n++] = '\r';
    wide[n++] = '\n';
    table->console_out->output(table->console_out, wide);
    return status & EFI_ERROR_BIT ? status : EFI_ERROR_BIT | 1;
}

/* Pages below `end`, NULL: there are none. Firmware may let only code of a loader run, not its data. */
static void *pages_below(uint64_t end, uint64_t bytes, enum efi_memory type)
{
    uint64_t at = end - 1;
    size_t count = (size_t)((bytes + PAGE - 1) / PAGE);

    return boot->allocate_pages(ALLOCATE_MAX, type, count, &at) & EFI_ERROR_BIT
               ? NULL
               : (void *)(uintptr_t)at;
}

static bool overlaps_kernel(const void *start, uint64_t bytes)
{
    uint64_t at = (uint64_t)(uintptr_t)start;

    return at < plan.end && plan.start < at + bytes;
}

/* The whole disk whose partition table (UEFI 2.10, 5.3.2) has the plan's GUID. */
static struct efi_block_io *find_disk(void)
{
    enum { HANDLES = 256, GPT_DISK = 56 };
    static efi_handle handles[HANDLES];
    size_t size = sizeof(handles);
    uint8_t *sector = pages_below(LOW_END, PAGE, LOADER_DATA);

    if (!sector || boot->locate_handle(LOCATE_BY_PROTOCOL, &block_io_guid, NULL, &size, handles) &
                       EFI_ERROR_BIT)
        return NULL;
    for (size_t i = 0; i < size / sizeof(*handles); i++) {
        struct efi_block_io *io;
        if (boot->handle_protocol(handles[i], &block_io_guid, (void **)&io) & EFI_ERROR_BIT)
            continue;
        if (io->media->partition || !io->media->present || io->media->block_size != SECTOR)
            continue;
        if (io->read(io, io->media->id, 1, SECTOR, sector) & EFI_ERROR_BIT)
            continue;
        if (!memcmp(sector, "EFI PART", 8) &&
            !memcmp(sector + GPT_DISK, plan.disk, sizeof(plan.disk)))
            return io;
    }
    return NULL;
}

/* `to` has room for piece->size bytes and a sector more. */
static efi_status load(struct efi_block_io *disk, const struct plan_piece *piece, uint8_t *to)
{
    enum { AT_ONCE = 1 << 20 };

    for (uint64_t done = 0; done < piece->bytes; done += AT_ONCE) {
        uint64_t left = piece->bytes - done;
        uint64_t now = left < AT_ONCE ? (left + SECTOR - 1) / SECTOR * SECTOR : AT_ONCE;
        efi_status status = disk->read(disk, disk->media->id, piece->sector + done / SECTOR,
                                       (size_t)now, to + done);
        if (status & EFI_ERROR_BIT)
            return status;
    }
    memset(to + piece->bytes, 0, (size_t)(piece->size - piece->bytes));
    return 0;
}

static uint64_t find_rsdp(void)
{
    for (size_t i = 0; i < table->configurations; i++)
        if (!memcmp(&table->configuration[i].guid, &acpi_guid, sizeof(acpi_guid)))
            return (uint64_t)(uintptr_t)table->configuration[i].table;
    return 0;
}

/* RAM that is the kernel's once boot services have ended (UEFI 2.10, table 7.6). */
static bool is_free(uint32_t type)
{
    return type == LOADER_CODE || type == LOADER_DATA || type == BOOT_SERVICES_CODE ||
           type == BOOT_SERVICES_DATA || type == CONVENTIONAL;
}

/* Ascending, whatever order the firmware has it in. */
static void take_map(struct start_page *page, const uint8_t *map, size_t size, size_t stride)
{
    uint64_t from = 0;

    for (;;) {
        const struct efi_memory_descriptor *least = NULL;
        for (size_t at = 0; at + stride <= size; at += stride) {
            const struct efi_memory_descriptor *d = (const void *)(map + at);
            if (is_free(d->type) && d->pages && d->physical >= from &&
                (!least || d->physical < least->physical))
                least = d;
        }
        if (!least)
            return;
        start_page_add(page, least->physical, least->pages * PAGE);
        from = least->physical + 1;
    }
}

static bool has_kernel(const struct start_page *page)
{
    for (uint32_t i = 0; i < page->info.map_count; i++)
        if (page->map[i].start <= plan.start && plan.end <= page->map[i].start + page->map[i].size)
            return true;
    return false;
}

efi_status efi_main(efi_handle image, struct efi_system_table *system)
{
    enum { MAP_BYTES = 64 * KIB };
    const uint64_t kernel_bytes = plan.end - plan.start;
    uint64_t place = plan.start;
    efi_status status;

    table = system;
    boot = system->boot;
    struct efi_block_io *disk = find_disk();
    if (!disk)
        return fail("the disk that this was loaded from is not found", 0);

    /* Best effort: keeps what is allocated from here on out of the kernel's place. */
    (void)boot->allocate_pages(ALLOCATE_ADDRESS, LOADER_DATA, (size_t)(kernel_bytes / PAGE),
                               &place);
    uint8_t *kernel = pages_below(LOW_END, kernel_bytes + PAGE, LOADER_DATA);
    uint8_t *bundle = pages_below(REACH, plan.bundle.size + PAGE, LOADER_DATA);
    struct start_page *page = pages_below(REACH, sizeof(*page), LOADER_DATA);
    struct handover *low = pages_below(LOW_END, HANDOVER_SIZE, LOADER_CODE);
    uint8_t *map = pages_below(LOW_END, MAP_BYTES, LOADER_DATA);
    if (!kernel || !bundle || !page || !low || !map)
        return fail("there is too little memory for the program and its files", 0);
    if (overlaps_kernel(kernel, kernel_bytes) || overlaps_kernel(bundle, plan.bundle.size) ||
        overlaps_kernel(page, sizeof(*page)) || overlaps_kernel(low, HANDOVER_SIZE) ||
        overlaps_kernel(map, MAP_BYTES))
        return fail("the kernel's place in memory is in use", 0);

    memset(kernel, 0, (size_t)kernel_bytes);
    for (uint32_t i = 0; i < plan.pieces && i < PLAN_PIECES; i++) {
        const struct plan_piece *piece = &plan.piece[i];
        status = load(disk, piece, kernel + (piece->to - plan.start));
        if (status)
            return fail("the disk cannot be read", status);
    }
    status = load(disk, &plan.bundle, bundle);
    if (status)
        return fail("the disk cannot be read", status);

    memset(page, 0, sizeof(*page));
    memcpy(low->code, handover_code, (size_t)(handover_code_end - handover_code));
    low->from = (uint64_t)(uintptr_t)kernel;
    low->to = plan.start;
    low->size = kernel_bytes;
    low->entry = plan.entry;
    low->start_page = (uint32_t)(uintptr_t)page;
    handover_tables(low);

    /* Asking for the map may change the map: UEFI 2.10, 7.4, ExitBootServices(). */
    for (unsigned attempt = 0; attempt < 4; attempt++) {
        size_t size = MAP_BYTES, key, stride;
        uint32_t version;

        status = boot->memory_map(&size, map, &key, &stride, &version);
        if (status & EFI_ERROR_BIT)
            return fail("the firmware does not tell what memory there is", status);
        page->info.map_count = 0;
        take_map(page, map, size, stride);
        if (!has_kernel(page))
            return fail("the firmware keeps the kernel's place in memory for itself", 0);
        status = boot->exit_boot_services(image, key);
        if (!(status & EFI_ERROR_BIT))
            break;
    }
    if (status & EFI_ERROR_BIT)
        return fail("the firmware does not let go", status);
    start_page_fill(page, (uint64_t)(uintptr_t)bundle, find_rsdp());
    ((void (*)(struct handover *))(uintptr_t)low->code)(low);
    __builtin_unreachable();
}
