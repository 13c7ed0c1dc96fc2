/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the converter tells both loaders (formats/disk/plan.py writes it), and what they leave for the kernel.
 * Places on the disk are sectors of 512 bytes.
 */
#ifndef BOOT_PLAN_H
#define BOOT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SECTOR 512u
#define KIB 1024u
#define PAGE 4096u
#define PLAN_MAGIC 0x6e616c70746f6f62ull /* "bootplan" */
#define REACH (1u << 30) /* the kernel's first tables map this much */

enum { PLAN_PIECES = 8, PLAN_CMDLINE = 2048, MAP_MAX = 60 };

struct plan_piece {
    uint64_t sector; /* on the disk */
    uint64_t bytes;  /* there */
    uint64_t to;     /* physical address, page aligned */
    uint64_t size;   /* in memory, what is more than `bytes` is zero */
};

struct boot_plan {
    uint64_t magic;
    uint32_t entry; /* PVH: 32-bit protected mode */
    uint32_t pieces;
    uint64_t start, end; /* of the kernel in memory */
    uint8_t disk[16];    /* its GUID, as in the partition table */
    struct plan_piece piece[PLAN_PIECES];
    struct plan_piece bundle; /* anywhere in memory */
    char cmdline[PLAN_CMDLINE];
};

struct memory_entry { /* struct hvm_memmap_table_entry, e820's numbers */
    uint64_t start, size;
    uint32_t type, reserved;
};

enum { MEMORY_RAM = 1 };

/* struct hvm_start_info, version 1, and all that it points to. Lies below REACH. */
struct start_page {
    struct {
        uint32_t magic, version, flags, modules;
        uint64_t module_list, cmdline, rsdp, map;
        uint32_t map_count, reserved;
    } info;
    struct {
        uint64_t start, size, cmdline, reserved;
    } module;
    struct memory_entry map[MAP_MAX];
    char cmdline[PLAN_CMDLINE];
};

extern struct boot_plan plan; /* filled in by the converter */

/* A range of RAM, ascending; joined with the one before where they touch. What is more than fits is left out. */
void start_page_add(struct start_page *page, uint64_t start, uint64_t size);
/* All but the map. `rsdp` 0: there is no ACPI. */
void start_page_fill(struct start_page *page, uint64_t bundle, uint64_t rsdp);

void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
int memcmp(const void *a, const void *b, size_t n);

#endif
