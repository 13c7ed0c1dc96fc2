/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vDSO (vdso(7)): a whole ELF image of one page, put together by hand so that no second link is
 * needed. It is mapped at VDSO_CODE, its data (struct clock_page in clock.h) one page below. While the
 * rate of the TSC is not known, and for clocks that are not simply time, it makes the system call.
 */
#include "layout.h"

#define SEQUENCE 0
#define SHIFT 4
#define BASE_TSC 8
#define BASE_NS 16
#define MULT 24
#define WALL 32
#define NR_CLOCK_GETTIME 228
#define NR_GETTIMEOFDAY 96
#define NR_TIME 201
#define DATA (vdso_image - 4096)

    .section .bss.pages.vdso_data, "aw", @nobits
    .balign 4096
    .globl vdso_data
    .hidden vdso_data
vdso_data:
    .skip 4096
    .globl vdso_page /* where the image is copied: all of the page is the program's to read */
    .hidden vdso_page
vdso_page:
    .skip 4096

    .section .rodata.vdso, "a"
    .balign 16
    .globl vdso_image
    .hidden vdso_image
vdso_image:
    .byte 0x7f, 'E', 'L', 'F', 2, 1, 1, 0
    .quad 0
    .short 3, 62 /* ET_DYN, EM_X86_64 */
    .long 1
    .quad 0
    .quad 1f - vdso_image /* program headers */
    .quad 0
    .long 0
    .short 64, 56, 2, 64, 0, 0
1:  .long 1, 5 /* PT_LOAD, R-X */
    .quad 0, 0, 0, vdso_end - vdso_image, vdso_end - vdso_image, 4096
    .long 2, 4 /* PT_DYNAMIC */
    .quad vdso_dynamic - vdso_image, vdso_dynamic - vdso_image, vdso_dynamic - vdso_image
    .quad vdso_dynamic_end - vdso_dynamic, vdso_dynamic_end - vdso_dynamic, 8

vdso_dynamic:
    .quad 14, name_soname - vdso_strings
    .quad 4, vdso_hash - vdso_image
    .quad 5, vdso_strings - vdso_image
    .quad 6, vdso_symbols - vdso_image
    .quad 10, vdso_strings_end - vdso_strings
    .quad 11, 24
    .quad 0x6ffffff0, vdso_versym - vdso_image
    .quad 0x6ffffffc, vdso_verdef - vdso_image
    .quad 0x6ffffffd, 2
    .quad 0, 0
vdso_dynamic_end:

    .macro symbol name
    .long name_\name - vdso_strings
    .byte 0x12, 0 /* global function */
    .short 1      /* any section but none */
    .quad \name - vdso_image, \name\()_end - \name
    .endm
vdso_symbols:
    .quad 0, 0, 0
    symbol clock_gettime
    symbol gettimeofday
    symbol time
    symbol getcpu
vdso_hash: /* one bucket, all in its chain */
    .long 1, 5
    .long 1
    .long 0, 2, 3, 4, 0
vdso_versym:
    .short 0, 2, 2, 2, 2
    .balign 8
vdso_verdef:
    .short 1, 1, 1, 1 /* version, base, index, names */
    .long 0xdeebfa1  /* ELF hash of linux-vdso.so.1 */
    .long 20, 28
    .long name_soname - vdso_strings, 0
    .short 1, 0, 2, 1
    .long 0x3ae75f6 /* ELF hash of LINUX_2.6 */
    .long 20, 0
    .long name_version - vdso_strings, 0

vdso_strings:
    .byte 0
name_soname: .asciz "linux-vdso.so.1"
name_version: .asciz "LINUX_2.6"
name_clock_gettime: .asciz "__vdso_clock_gettime"
name_gettimeofday: .asciz "__vdso_gettimeofday"
name_time: .asciz "__vdso_time"
name_getcpu: .asciz "__vdso_getcpu"
vdso_strings_end:

    .balign 16
/* rax = monotonic ns, or the carry flag set: not known. r9d bit 0: realtime. Uses rcx, rdx, r8, r10. */
read_clock:
    leaq DATA(%rip), %r10
1:  movl SEQUENCE(%r10), %r8d
    testl %r8d, %r8d
    jz 2f
    lfence
    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    subq BASE_TSC(%r10), %rax
    mulq MULT(%r10)
    movl SHIFT(%r10), %ecx
    shrdq %cl, %rdx, %rax
    addq BASE_NS(%r10), %rax
    testl $1, %r9d
    jz 3f
    addq WALL(%r10), %rax
3:  cmpl SEQUENCE(%r10), %r8d
    jne 1b
    clc
    ret
2:  stc
    ret

/* rax = ns: rax = seconds, rdx = what is left. Uses rcx. */
split_seconds:
    xorl %edx, %edx
    movl $1000000000, %ecx
    divq %rcx
    ret

clock_gettime: /* (edi clock, rsi struct timespec *) */
    cmpl $7, %edi
    ja 9f
    movl $0xf3, %eax /* known clocks: 0 1 4 5 6 7 */
    btl %edi, %eax
    jnc 9f
    xorl %r9d, %r9d
    movl $0x21, %eax /* realtime: 0, coarse 5 */
    btl %edi, %eax
    adcl %r9d, %r9d
    call read_clock
    jc 9f
    call split_seconds
    movq %rax, (%rsi)
    movq %rdx, 8(%rsi)
    xorl %eax, %eax
    ret
9:  movl $NR_CLOCK_GETTIME, %eax
    syscall
    ret
clock_gettime_end:

gettimeofday: /* (rdi struct timeval *, rsi struct timezone *) */
    testq %rdi, %rdi
    jz 9f
    movl $1, %r9d
    call read_clock
    jc 9f
    call split_seconds
    movq %rax, (%rdi)
    movq %rdx, %rax
    xorl %edx, %edx
    movl $1000, %ecx
    divq %rcx
    movq %rax, 8(%rdi)
    testq %rsi, %rsi
    jz 1f
    movq $0, (%rsi)
1:  xorl %eax, %eax
    ret
9:  movl $NR_GETTIMEOFDAY, %eax
    syscall
    ret
gettimeofday_end:

time: /* (rdi time_t *) */
    movl $1, %r9d
    call read_clock
    jc 9f
    call split_seconds
    testq %rdi, %rdi
    jz 1f
    movq %rax, (%rdi)
1:  ret
9:  movl $NR_TIME, %eax
    syscall
    ret
time_end:

getcpu: /* (rdi unsigned *cpu, rsi unsigned *node): there is one */
    xorl %eax, %eax
    testq %rdi, %rdi
    jz 1f
    movl %eax, (%rdi)
1:  testq %rsi, %rsi
    jz 1f
    movl %eax, (%rsi)
1:  ret
getcpu_end:
    .globl vdso_end
    .hidden vdso_end
vdso_end:

    .section .note.GNU-stack, "", @progbits
