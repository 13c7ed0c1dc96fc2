/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies to and from the program's memory that survive a fault. Every instruction that may fault has
 * a line in the fixup table; a fault in a wide move goes on byte by byte, so that what is reported as
 * not done is exact. Pairs are moved and the pointers advanced only after both halves are done.
 */
#include <u2k/errno.h>
#include <u2k/types.h>
#include <u2k/uaccess.h>

#define FUNCTION(name) \
    ".pushsection .text." #name \
    ", \"ax\"\n\t" \
    ".globl " #name \
    "\n\t" \
    ".hidden " #name \
    "\n\t" \
    ".type " #name ", %function\n" #name ":\n\t"
#define END(name) ".size " #name ", . - " #name "\n\t.popsection\n\t"
/* A fault at `from` continues at `to`. */
#define FIXUP(from, to) ".quad .L" #from ", .L" #to "\n\t"

/* One statement: the order of several is the compiler's. */
__asm__(
    /* x0 = to, x1 = from, x2 = length, what is left as it goes. Returns what is left. */
    FUNCTION(arch_user_copy)
    "subs x2, x2, #16\n\t"
    "b.lo .Lcopy_tail\n"
    ".Lcopy_load: ldp x3, x4, [x1]\n"
    ".Lcopy_store: stp x3, x4, [x0]\n\t"
    "add x1, x1, #16\n\t"
    "add x0, x0, #16\n\t"
    "subs x2, x2, #16\n\t"
    "b.hs .Lcopy_load\n"
    ".Lcopy_tail: add x2, x2, #16\n\t"
    "cbz x2, .Lcopy_end\n"
    ".Lcopy_byte_load: ldrb w3, [x1]\n"
    ".Lcopy_byte_store: strb w3, [x0]\n\t"
    "add x1, x1, #1\n\t"
    "add x0, x0, #1\n\t"
    "subs x2, x2, #1\n\t"
    "b.ne .Lcopy_byte_load\n"
    ".Lcopy_end: mov x0, x2\n\t"
    "ret\n\t"
    END(arch_user_copy)

    /* x0 = to, x1 = length. Returns what is left. */
    FUNCTION(arch_user_clear)
    "subs x1, x1, #16\n\t"
    "b.lo .Lclear_tail\n"
    ".Lclear_pair: stp xzr, xzr, [x0]\n\t"
    "add x0, x0, #16\n\t"
    "subs x1, x1, #16\n\t"
    "b.hs .Lclear_pair\n"
    ".Lclear_tail: add x1, x1, #16\n\t"
    "cbz x1, .Lclear_end\n"
    ".Lclear_byte: strb wzr, [x0]\n\t"
    "add x0, x0, #1\n\t"
    "subs x1, x1, #1\n\t"
    "b.ne .Lclear_byte\n"
    ".Lclear_end: mov x0, x1\n\t"
    "ret\n\t"
    END(arch_user_clear)

    /* x0 = word, x1 = out */
    FUNCTION(arch_user_load32)
    ".Lload32: ldar w2, [x0]\n\t"
    "str w2, [x1]\n\t"
    "mov w0, #0\n\t"
    "ret\n"
    ".Lload32_fault: mov w0, #-14\n\t" /* -EFAULT */
    "ret\n\t"
    END(arch_user_load32)

    /* x0 = word, w1 = expected, w2 = desired, x3 = out. Exclusives and not CAS: Armv8.0 has no other. */
    FUNCTION(arch_user_cmpxchg32)
    ".Lcmpxchg_load: ldaxr w4, [x0]\n\t"
    "cmp w4, w1\n\t"
    "b.ne .Lcmpxchg_differs\n"
    ".Lcmpxchg_store: stlxr w5, w2, [x0]\n\t"
    "cbnz w5, .Lcmpxchg_load\n"
    ".Lcmpxchg_done: str w4, [x3]\n\t"
    "mov w0, #0\n\t"
    "ret\n"
    ".Lcmpxchg_differs: clrex\n\t"
    "b .Lcmpxchg_done\n"
    ".Lcmpxchg_fault: clrex\n\t"
    "mov w0, #-14\n\t" /* -EFAULT */
    "ret\n\t"
    END(arch_user_cmpxchg32)

    ".pushsection .rodata.user_fixups, \"a\"\n\t"
    ".balign 8\n"
    "user_fixups:\n\t"
    FIXUP(copy_load, copy_tail)
    FIXUP(copy_store, copy_tail)
    FIXUP(copy_byte_load, copy_end)
    FIXUP(copy_byte_store, copy_end)
    FIXUP(clear_pair, clear_tail)
    FIXUP(clear_byte, clear_end)
    FIXUP(load32, load32_fault)
    FIXUP(cmpxchg_load, cmpxchg_fault)
    FIXUP(cmpxchg_store, cmpxchg_fault)
    ".popsection");

enum { FIXUP_COUNT = 9 };
_Static_assert(EFAULT == 14, "the constant above");

extern const uintptr_t user_fixups[FIXUP_COUNT][2];

uintptr_t arch_fixup(uintptr_t pc)
{
    for (size_t i = 0; i < FIXUP_COUNT; i++)
        if (user_fixups[i][0] == pc)
            return user_fixups[i][1];
    return 0;
}
