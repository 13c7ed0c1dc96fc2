/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory and string functions. Wide stores instead of `rep`: an emulator counts and runs every
 * iteration of `rep`, and the library OS may use general registers only. The empty asm statements
 * keep the compiler from seeing a loop as the very function it implements.
 */
#include <u2k/string.h>

typedef uint64_t __attribute__((may_alias, aligned(1))) word_t;

#define WORD sizeof(word_t)
#define KEEP_LOOP(p) __asm__("" : "+r"(p))

void *memcpy(void *restrict dst, const void *restrict src, size_t len)
{
    uint8_t *d = dst;
    const uint8_t *s = src;

    for (; len >= 4 * WORD; len -= 4 * WORD, d += 4 * WORD, s += 4 * WORD) {
        const word_t *from = (const word_t *)(const void *)s;
        word_t *to = (word_t *)(void *)d;
        word_t a = from[0], b = from[1], c = from[2], e = from[3];
        to[0] = a;
        to[1] = b;
        to[2] = c;
        to[3] = e;
        KEEP_LOOP(d);
    }
    for (; len >= WORD; len -= WORD, d += WORD, s += WORD) {
        *(word_t *)(void *)d = *(const word_t *)(const void *)s;
        KEEP_LOOP(d);
    }
    for (; len; len--) {
        *d++ = *s++;
        KEEP_LOOP(d);
    }
    return dst;
}

void *memmove(void *dst, const void *src, size_t len)
{
    uint8_t *d = dst;
    const uint8_t *s = src;

    if ((uintptr_t)d - (uintptr_t)s >= len)
        return memcpy(dst, src, len); /* forward is right: dst is below src or beyond its end */
    while (len >= WORD) {
        len -= WORD;
        word_t w = *(const word_t *)(const void *)(s + len);
        *(word_t *)(void *)(d + len) = w;
        KEEP_LOOP(d);
    }
    while (len--) {
        d[len] = s[len];
        KEEP_LOOP(d);
    }
    return dst;
}

void *memset(void *dst, int byte, size_t len)
{
    uint8_t *d = dst;
    word_t w = (uint8_t)byte * 0x0101010101010101ull;

    for (; len >= 8 * WORD; len -= 8 * WORD, d += 8 * WORD) {
        word_t *to = (word_t *)(void *)d;
        to[0] = w;
        to[1] = w;
        to[2] = w;
        to[3] = w;
        to[4] = w;
        to[5] = w;
        to[6] = w;
        to[7] = w;
        KEEP_LOOP(d);
    }
    for (; len >= WORD; len -= WORD, d += WORD) {
        *(word_t *)(void *)d = w;
        KEEP_LOOP(d);
    }
    for (; len; len--) {
        *d++ = (uint8_t)byte;
        KEEP_LOOP(d);
    }
    return dst;
}

int memcmp(const void *a, const void *b, size_t len)
{
    const uint8_t *x = a, *y = b;

    for (; len >= WORD && *(const word_t *)(const void *)x == *(const word_t *)(const void *)y;
         len -= WORD, x += WORD, y += WORD)
        KEEP_LOOP(x);
    for (; len; len--, x++, y++) {
        if (*x != *y)
            return *x - *y;
        KEEP_LOOP(x);
    }
    return 0;
}

void *memchr(const void *s, int byte, size_t len)
{
    const uint8_t *p = s;

    for (; len; len--, p++)
        if (*p == (uint8_t)byte)
            return (void *)(uintptr_t)p;
    return NULL;
}

size_t strlen(const char *s)
{
    const char *p = s;

    while (*p) {
        p++;
        KEEP_LOOP(p);
    }
    return (size_t)(p - s);
}

size_t strnlen(const char *s, size_t max)
{
    size_t n = 0;

    while (n < max && s[n])
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    for (; *a && *a == *b; a++, b++)
        ;
    return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n && *a && *a == *b; a++, b++, n--)
        ;
    return n ? (uint8_t)*a - (uint8_t)*b : 0;
}

char *strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c)
            return (char *)(uintptr_t)s;
        if (!*s)
            return NULL;
    }
}

char *strrchr(const char *s, int c)
{
    const char *last = NULL;

    for (;; s++) {
        if (*s == (char)c)
            last = s;
        if (!*s)
            return (char *)(uintptr_t)last;
    }
}
