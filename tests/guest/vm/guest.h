/* SPDX-License-Identifier: Apache-2.0 */
/* A guest program in ring 3 without a libc: what it says goes to standard output. */
#ifndef TESTS_VM_GUEST_H
#define TESTS_VM_GUEST_H

#include "calls.h"
#include <stdbool.h>
#include <stdint.h>

static inline long call(long nr, uint64_t a, uint64_t b, uint64_t c)
{
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(nr), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return result;
}

static inline void say(const char *text)
{
    uint64_t n = 0;

    while (text[n])
        n++;
    (void)call(CALL_WRITE, 1, (uint64_t)text, n);
}

/* "NAME VALUE\n" */
static inline void tell(const char *name, long value)
{
    char text[24], *p = text + sizeof(text);
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    *--p = 0;
    *--p = '\n';
    do
        *--p = (char)('0' + left % 10);
    while (left /= 10);
    if (value < 0)
        *--p = '-';
    *--p = ' ';
    say(name);
    say(p);
}

void test_faults(void);
void test_memory(void);
void test_clock(void);
void test_rest(void);
void test_threads(void);

#endif
