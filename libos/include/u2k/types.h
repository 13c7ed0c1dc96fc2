/* SPDX-License-Identifier: Apache-2.0 */
/* Basic types and constants. Freestanding C17: nothing here comes from a libc. */
#ifndef U2K_TYPES_H
#define U2K_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A kernel is one image: nothing of it is reached through a table of addresses. (Hosted tests share their
 * image's names with the C library.) */
#if !__STDC_HOSTED__
#pragma GCC visibility push(hidden)
#endif

typedef long ssize_t;
typedef uintptr_t vaddr_t; /* an address in the program's half of the address space */

#define PAGE_SHIFT 12
#define PAGE_SIZE ((size_t)1 << PAGE_SHIFT)
#define PAGE_MASK (PAGE_SIZE - 1)

/* n must be a power of two; ALIGN_UP wraps to 0 on overflow, callers with untrusted input check. */
#define ALIGN_UP(x, n) (((x) + ((__typeof__(x))(n) - 1)) & ~((__typeof__(x))(n) - 1))
#define ALIGN_DOWN(x, n) ((x) & ~((__typeof__(x))(n) - 1))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr) - offsetof(type, member)))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define PACKED __attribute__((packed))
#define NORETURN _Noreturn
#define WEAK __attribute__((weak))
/* Rare: stays out of its caller, which then needs no registers for it. And its contrary, for hot paths. */
#define COLD __attribute__((noinline, cold))
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* struct timespec as 64-bit programs have it. */
struct timespec64 {
    int64_t sec;
    int64_t nsec;
};

#define NSEC_PER_SEC 1000000000ull
#define TIME_NEVER UINT64_MAX /* a deadline that never comes */

#endif
