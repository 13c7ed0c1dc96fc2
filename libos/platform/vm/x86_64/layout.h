/* SPDX-License-Identifier: Apache-2.0 */
/* Where things are in the address space, and the selectors. For C and for the assembler. */
#ifndef VM_X86_64_LAYOUT_H
#define VM_X86_64_LAYOUT_H

#ifdef __ASSEMBLER__
#define U64(x) x
#else
#define U64(x) x##ull
#endif

#define KERNEL_BASE U64(0xffffffff80000000) /* + physical address: the kernel, first 2 MiB */
#define DIRECT_BASE U64(0xffff800000000000) /* + physical address: all RAM, and devices */
#define DIRECT_SLOT 256                     /* of DIRECT_BASE in the top table */
#define DIRECT_SLOTS 128
#define ROOT_BASE U64(0xffffc00000000000) /* the root image, where it is on a disk */
#define ROOT_MAX U64(0x8000000000)

#define USER_LO U64(0x10000)
#define VDSO_DATA U64(0x7fffffffd000) /* one page, read-only; the end of what a program may map */
#define VDSO_CODE U64(0x7fffffffe000) /* the ELF image */
#define USER_HI VDSO_DATA

/* Selectors in Linux's places: programs see them in signal contexts. */
#define SELECTOR_KERNEL_CODE 0x10
#define SELECTOR_KERNEL_DATA 0x18
#define SELECTOR_USER_BASE 0x23 /* SYSRET takes +8 for SS and +16 for CS */
#define SELECTOR_USER_DATA 0x2b
#define SELECTOR_USER_CODE 0x33
#define SELECTOR_TSS 0x40

#define KSTACK_SIZE 16384
#define VECTORS 64 /* 32 exceptions, then interrupts */
#define STUB_SIZE 5 /* of a vector's entry: a call */

/* Page table entries. */
#define PTE_PRESENT 1
#define PTE_WRITE 2
#define PTE_USER 4
#define PTE_UNCACHED 0x18
#define PTE_LARGE 0x80
#define PTE_GLOBAL 0x100

#endif
