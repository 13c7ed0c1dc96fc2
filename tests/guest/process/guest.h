/* SPDX-License-Identifier: Apache-2.0 */
/* A guest: `int guest(void)` gives its status; CHECK names what does not hold and ends with 1. */
#ifndef GUEST_H
#define GUEST_H

#include "calls.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int guest(void);

static inline long call6(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                         uint64_t f)
{
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    register uint64_t r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
#define CALL_PICK(nr, a, b, c, d, e, f, ...) \
    call6((nr), (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), (uint64_t)(e), \
          (uint64_t)(f))
#define call(...) CALL_PICK(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

static inline void say(const char *text)
{
    size_t n = 0;
    while (text[n])
        n++;
    (void)call(CALL_WRITE, 1, text, n);
}

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            say("does not hold: " #condition "\n"); \
            call(CALL_EXIT, 1); \
        } \
    } while (0)

__asm__(
    ".section .start, \"ax\"\n"
    ".globl _start\n"
    "_start:\n\t"
    "call guest\n\t"
    "movl %eax, %edi\n\t"
    "xorl %eax, %eax\n\t" /* CALL_EXIT */
    "syscall\n\t"
    ".text");

#endif
