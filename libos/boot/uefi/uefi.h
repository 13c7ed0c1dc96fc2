/* SPDX-License-Identifier: Apache-2.0 */
/* The little of UEFI 2.10 that the loader calls. Functions that it does not call are counted, and not named. */
#ifndef BOOT_UEFI_H
#define BOOT_UEFI_H

#include <stddef.h>
#include <stdint.h>

typedef uint64_t efi_status; /* the top bit: an error (appendix D) */
typedef void *efi_handle;

#define EFI_ERROR_BIT (1ull << 63)

struct efi_guid {
    uint32_t a;
    uint16_t b, c;
    uint8_t d[8];
};

struct efi_table_header {
    uint64_t signature;
    uint32_t revision, size, crc, reserved;
};

struct efi_text_output { /* 12.4 */
    void *reset;
    efi_status (*output)(struct efi_text_output *, const uint16_t *text);
};

enum efi_allocate { ALLOCATE_ANY, ALLOCATE_MAX, ALLOCATE_ADDRESS };
enum efi_memory { /* 7.2.1 */
                  LOADER_CODE = 1,
                  LOADER_DATA = 2,
                  BOOT_SERVICES_CODE = 3,
                  BOOT_SERVICES_DATA = 4,
                  CONVENTIONAL = 7,
};
enum { LOCATE_BY_PROTOCOL = 2 };

struct efi_memory_descriptor { /* 7.2.3; the next one is as far away as GetMemoryMap() says */
    uint32_t type, reserved;
    uint64_t physical, virtual, pages, attributes;
};

struct efi_boot_services { /* 4.4 */
    struct efi_table_header header;
    void *task_priority[2];
    efi_status (*allocate_pages)(enum efi_allocate, enum efi_memory, size_t count, uint64_t *at);
    efi_status (*free_pages)(uint64_t at, size_t count);
    efi_status (*memory_map)(size_t *size, void *map, size_t *key, size_t *stride,
                             uint32_t *version);
    void *pools_events[8];
    void *interfaces[3];
    efi_status (*handle_protocol)(efi_handle, const struct efi_guid *, void **interface);
    void *reserved, *notify;
    efi_status (*locate_handle)(int how, const struct efi_guid *, void *key, size_t *size,
                                efi_handle *);
    void *paths_tables[2];
    void *images[4];
    efi_status (*exit_boot_services)(efi_handle image, size_t key);
};

struct efi_configuration { /* 4.6 */
    struct efi_guid guid;
    void *table;
};

struct efi_system_table { /* 4.3 */
    struct efi_table_header header;
    const uint16_t *vendor;
    uint32_t revision, reserved;
    void *console_in_handle, *console_in, *console_out_handle;
    struct efi_text_output *console_out;
    void *error_handle, *error, *runtime;
    struct efi_boot_services *boot;
    size_t configurations;
    struct efi_configuration *configuration;
};

struct efi_block_media { /* 13.9 */
    uint32_t id;
    uint8_t removable, present, partition, read_only, write_caching;
    uint32_t block_size, alignment;
    uint64_t last;
};

struct efi_block_io {
    uint64_t revision;
    struct efi_block_media *media;
    void *reset;
    efi_status (*read)(struct efi_block_io *, uint32_t media, uint64_t block, size_t bytes, void *);
};

#endif
