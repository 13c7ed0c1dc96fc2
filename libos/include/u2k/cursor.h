/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way to read bytes that came from outside: a bounded cursor. Reading past the end sets
 * `bad` and gives zeros, so that a parser checks once, at its end. Integers are little-endian
 * (le) or big-endian (be) by name; alignment does not matter.
 */
#ifndef U2K_CURSOR_H
#define U2K_CURSOR_H

#include <u2k/types.h>

struct cursor {
    const uint8_t *base;
    size_t len, pos;
    bool bad;
};

static inline struct cursor cursor_over(const void *data, size_t len)
{
    return (struct cursor){.base = data, .len = len};
}

static inline size_t cursor_left(const struct cursor *c)
{
    return c->bad ? 0 : c->len - c->pos;
}

/* `n` bytes in place, or NULL. */
const uint8_t *cursor_take(struct cursor *c, size_t n);

/* `n` bytes at `pos` in place, or NULL; the cursor stays where it is. For records of fixed layout, which are
 * PACKED structures of little-endian numbers. */
const void *cursor_at(const struct cursor *c, uint64_t pos, uint64_t n);

static inline void cursor_skip(struct cursor *c, size_t n)
{
    (void)cursor_take(c, n);
}

void cursor_seek(struct cursor *c, size_t pos);

/* A cursor of its own over [pos, pos+n) of this one's data; bad if that is not inside. */
struct cursor cursor_part(const struct cursor *c, uint64_t pos, uint64_t n);

uint64_t cursor_uint(struct cursor *c, unsigned bytes); /* little-endian, at most 8 */
uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_le16(struct cursor *c);
uint32_t cursor_le32(struct cursor *c);
uint64_t cursor_le64(struct cursor *c);
uint16_t cursor_be16(struct cursor *c);
uint32_t cursor_be32(struct cursor *c);

#endif
