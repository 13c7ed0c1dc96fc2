/* SPDX-License-Identifier: Apache-2.0 */
/* The partition that a disk image of `u2k export` has its unikernel in (GUID partition table: UEFI 2.10, 5.3). */
#include <u2k/block.h>
#include <u2k/errno.h>
#include <u2k/string.h>

#include "disk_root.h"

enum { HEADER = 512, ENTRIES_MAX = 128, ENTRY_SIZE = 128 };

/* 7b6e3f52-9d41-4c8a-b0e7-75326b756b31, as the table has it: converter/formats/disk/gpt.py writes it. */
static const uint8_t unikernel_type[16] = {0x52, 0x3f, 0x6e, 0x7b, 0x41, 0x9d, 0x8a, 0x4c,
                                           0xb0, 0xe7, 0x75, 0x32, 0x6b, 0x75, 0x6b, 0x31};

struct PACKED gpt_header {
    uint8_t signature[8];
    uint32_t revision, size, crc, reserved;
    uint64_t self, other, first, last;
    uint8_t disk[16];
    uint64_t entries;
    uint32_t entry_count, entry_size;
};

struct PACKED gpt_entry {
    uint8_t type[16], partition[16];
    uint64_t first, last;
};

int gpt_partition(struct block_device *d, void *page, uint64_t *start, uint64_t *end)
{
    const uint64_t sectors = d->size / BLOCK_SECTOR;
    struct gpt_header h;
    struct gpt_entry e;

    memcpy(&h, (const char *)page + HEADER, sizeof(h));
    if (memcmp(h.signature, "EFI PART", sizeof(h.signature)) != 0)
        return 0;
    if (h.entry_size != ENTRY_SIZE || h.entry_count > ENTRIES_MAX || h.entries > sectors)
        return -EINVAL;
    for (uint32_t i = 0; i < h.entry_count; i++) {
        uint64_t in_page = (uint64_t)i * ENTRY_SIZE % PAGE_SIZE;
        uint64_t at = h.entries * BLOCK_SECTOR + (uint64_t)i * ENTRY_SIZE - in_page;
        if (!in_page && (at > d->size - PAGE_SIZE || d->read(d, at, &page, 1)))
            return -EIO;
        memcpy(&e, (const char *)page + in_page, sizeof(e));
        if (memcmp(e.type, unikernel_type, sizeof(e.type)) != 0)
            continue;
        if (e.first > e.last || e.last >= sectors || e.last - e.first < PAGE_SIZE / BLOCK_SECTOR)
            return -EINVAL;
        *start = e.first * BLOCK_SECTOR;
        *end = (e.last + 1) * BLOCK_SECTOR;
        return d->read(d, *start, &page, 1) ? -EIO : 0;
    }
    return -EINVAL;
}
