/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access to the program's memory. Program and library OS share one address space, so there is no
 * translation, only care: every function checks that the range lies inside the program's part and
 * survives a fault by returning -EFAULT (the number of bytes done is not told unless stated).
 * Buffers may be changed by the program's other threads at any time: read once, then check.
 */
#ifndef U2K_UACCESS_H
#define U2K_UACCESS_H

#include <u2k/types.h>

int user_read(void *dst, vaddr_t src, size_t len);        /* 0 or -EFAULT */
int user_write(vaddr_t dst, const void *src, size_t len); /* 0 or -EFAULT */
int user_zero(vaddr_t dst, size_t len);                   /* 0 or -EFAULT */

/* Copy what can be copied; returns the bytes done (short only if a fault ended it). */
size_t user_read_some(void *dst, vaddr_t src, size_t len);
size_t user_write_some(vaddr_t dst, const void *src, size_t len);

/* A NUL-terminated string of at most `size` bytes with its NUL: its length, -EFAULT, or
 * -ENAMETOOLONG when no NUL is within. */
ssize_t user_string(char *dst, vaddr_t src, size_t size);

/* Make [at, at+len) accessible now (`access`: PROT_READ or PROT_WRITE), so that a device or host
 * call can use the buffer in place. Returns the bytes that are, 0 if none. */
size_t user_probe(vaddr_t at, size_t len, unsigned access);

/* Atomic on a 32-bit word (futex): *old gets the former value. -EFAULT, -EINVAL if misaligned. */
int user_load32(vaddr_t at, uint32_t *out);
int user_cmpxchg32(vaddr_t at, uint32_t expect, uint32_t desired, uint32_t *old);

#define USER_GET(obj, at) user_read(&(obj), (vaddr_t)(at), sizeof(obj))
#define USER_PUT(at, obj) user_write((vaddr_t)(at), &(obj), sizeof(obj))

/* Provided by arch: the bare copies. Return bytes NOT copied; faults are mended by the table of fixups. */
size_t arch_user_copy(void *dst, const void *src, size_t len);
size_t arch_user_clear(void *dst, size_t len);
int arch_user_load32(const uint32_t *at, uint32_t *out);
int arch_user_cmpxchg32(uint32_t *at, uint32_t expect, uint32_t desired, uint32_t *old);

/* Where to continue after a fault at `pc` inside one of the routines above, 0: `pc` is none of them. */
uintptr_t arch_fixup(uintptr_t pc);

#endif
