/* SPDX-License-Identifier: Apache-2.0 */
/* The few structures of ELF64 (System V gABI, chapters 4 and 5) that are looked into here. */
#ifndef U2K_PROCESS_ELF_H
#define U2K_PROCESS_ELF_H

#include <u2k/types.h>

enum { PT_LOAD = 1, PT_DYNAMIC = 2, DT_HASH = 4, DT_STRTAB = 5, DT_SYMTAB = 6 };

struct elf_ehdr {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_phdr {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

struct elf_dyn {
    int64_t tag;
    uint64_t value;
};

struct elf_sym {
    uint32_t name;
    uint8_t info, other;
    uint16_t section;
    uint64_t value, size;
};

_Static_assert(sizeof(struct elf_ehdr) == 64 && sizeof(struct elf_phdr) == 56, "ELF64");

#endif
