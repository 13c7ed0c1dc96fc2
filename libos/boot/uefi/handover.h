/* SPDX-License-Identifier: Apache-2.0 */
/* What stays when boot services have ended: below 4 GiB, with its own stack, tables and code. */
#ifndef BOOT_UEFI_HANDOVER_H
#define BOOT_UEFI_HANDOVER_H

#define HANDOVER_FROM 0
#define HANDOVER_TO 8
#define HANDOVER_BYTES 16
#define HANDOVER_ENTRY 24
#define HANDOVER_START_PAGE 28
#define HANDOVER_GDT_POINTER 56
#define HANDOVER_STACK 1024
#define HANDOVER_SIZE 4096
#define SELECTOR_CODE32 8
#define SELECTOR_DATA32 16

#ifndef __ASSEMBLER__

#include <stdint.h>

struct handover {
    uint64_t from, to, size; /* the kernel is copied */
    uint32_t entry, start_page;
    uint64_t gdt[3];
    uint8_t gdt_pointer[10], unused[1024 - 66];
    uint8_t code[HANDOVER_SIZE - 1024];
};

extern const uint8_t handover_code[], handover_code_end[];

/* The descriptor table and its pointer, for where `h` lies. */
static inline void handover_tables(struct handover *h)
{
    uint64_t at = (uint64_t)(uintptr_t)h->gdt;

    h->gdt[0] = 0;
    h->gdt[1] = 0x00cf9b000000ffff;
    h->gdt[2] = 0x00cf93000000ffff;
    h->gdt_pointer[0] = sizeof(h->gdt) - 1;
    h->gdt_pointer[1] = 0;
    for (unsigned i = 0; i < 8; i++)
        h->gdt_pointer[2 + i] = (uint8_t)(at >> 8 * i);
}

#endif
#endif
