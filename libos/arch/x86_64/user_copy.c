/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies to and from the program's memory that survive a fault. Every instruction that may fault has
 * a line in the fixup table; a fault in an 8-byte move goes on byte by byte, so that what is reported
 * as not done is exact even when a page ends in the middle of a word.
 *
 * `rep movsq` and not `movsb`: both use the same fast microcode, but an emulator counts each round.
 * Below 64 bytes its start-up costs more than plain moves.
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
    ".type " #name ", @function\n" #name ":\n\t"
#define END(name) ".size " #name ", . - " #name "\n\t.popsection\n\t"
/* A fault at `from` continues at `to`. */
#define FIXUP(from, to) ".quad .L" #from ", .L" #to "\n\t"

/* One statement: the order of several is the compiler's. */
__asm__(
    /* rdi = to, rsi = from, rdx = length; rcx counts words, then bytes. Returns what is left. */
    FUNCTION(arch_user_copy)
    "movq %rdx, %rcx\n\t"
    "shrq $3, %rcx\n\t"
    "andl $7, %edx\n\t"
    "cmpq $8, %rcx\n\t"
    "jae .Lcopy_bulk\n\t"
    "testq %rcx, %rcx\n\t"
    "jz .Lcopy_tail\n"
    ".Lcopy_load: movq (%rsi), %rax\n"
    ".Lcopy_store: movq %rax, (%rdi)\n\t"
    "addq $8, %rsi\n\t"
    "addq $8, %rdi\n\t"
    "decq %rcx\n\t"
    "jnz .Lcopy_load\n\t"
    "jmp .Lcopy_tail\n"
    ".Lcopy_bulk: rep movsq\n"
    ".Lcopy_tail: movl %edx, %ecx\n\t"
    "testl %ecx, %ecx\n\t"
    "jz .Lcopy_end\n"
    ".Lcopy_byte_load: movb (%rsi), %al\n"
    ".Lcopy_byte_store: movb %al, (%rdi)\n\t"
    "incq %rsi\n\t"
    "incq %rdi\n\t"
    "decq %rcx\n\t"
    "jnz .Lcopy_byte_load\n"
    ".Lcopy_end: movq %rcx, %rax\n\t"
    "ret\n"
    ".Lcopy_words_left: leaq (%rdx,%rcx,8), %rcx\n\t"
    "jmp .Lcopy_byte_load\n\t"
    END(arch_user_copy)

    /* rdi = to, rsi = length. Returns what is left. */
    FUNCTION(arch_user_clear)
    "movq %rsi, %rcx\n\t"
    "shrq $3, %rcx\n\t"
    "andl $7, %esi\n\t"
    "xorl %eax, %eax\n"
    ".Lclear_bulk: rep stosq\n\t"
    "movl %esi, %ecx\n\t"
    "testl %ecx, %ecx\n\t"
    "jz .Lclear_end\n"
    ".Lclear_byte: movb %al, (%rdi)\n\t"
    "incq %rdi\n\t"
    "decq %rcx\n\t"
    "jnz .Lclear_byte\n"
    ".Lclear_end: movq %rcx, %rax\n\t"
    "ret\n"
    ".Lclear_words_left: leaq (%rsi,%rcx,8), %rcx\n\t"
    "jmp .Lclear_byte\n\t"
    END(arch_user_clear)

    /* rdi = word, rsi = out */
    FUNCTION(arch_user_load32)
    ".Lload32: movl (%rdi), %eax\n\t"
    "movl %eax, (%rsi)\n\t"
    "xorl %eax, %eax\n\t"
    "ret\n"
    ".Lload32_fault: movl $-14, %eax\n\t" /* -EFAULT */
    "ret\n\t"
    END(arch_user_load32)

    /* rdi = word, esi = expected, edx = desired, rcx = out */
    FUNCTION(arch_user_cmpxchg32)
    "movl %esi, %eax\n"
    ".Lcmpxchg32: lock cmpxchgl %edx, (%rdi)\n\t"
    "movl %eax, (%rcx)\n\t"
    "xorl %eax, %eax\n\t"
    "ret\n"
    ".Lcmpxchg32_fault: movl $-14, %eax\n\t" /* -EFAULT */
    "ret\n\t"
    END(arch_user_cmpxchg32)

    ".pushsection .rodata.user_fixups, \"a\"\n\t"
    ".balign 8\n"
    "user_fixups:\n\t"
    FIXUP(copy_load, copy_words_left)
    FIXUP(copy_store, copy_words_left)
    FIXUP(copy_bulk, copy_words_left)
    FIXUP(copy_byte_load, copy_end)
    FIXUP(copy_byte_store, copy_end)
    FIXUP(clear_bulk, clear_words_left)
    FIXUP(clear_byte, clear_end)
    FIXUP(load32, load32_fault)
    FIXUP(cmpxchg32, cmpxchg32_fault)
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
