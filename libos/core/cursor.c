/* SPDX-License-Identifier: Apache-2.0 */
/* Reading through a cursor. Both architectures are little-endian, and take words at any address. */
#include <u2k/cursor.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are read as they lie");

const uint8_t *cursor_take(struct cursor *c, size_t n)
{
    if (c->bad || n > c->len - c->pos) {
        c->bad = true;
        return NULL;
    }
    const uint8_t *p = c->base + c->pos;
    c->pos += n;
    return p;
}

const void *cursor_at(const struct cursor *c, uint64_t pos, uint64_t n)
{
    return c->bad || pos > c->len || n > c->len - pos ? NULL : c->base + pos;
}

struct cursor cursor_part(const struct cursor *c, uint64_t pos, uint64_t n)
{
    const void *at = cursor_at(c, pos, n);

    return (struct cursor){.base = at, .len = at ? n : 0, .bad = !at};
}

void cursor_seek(struct cursor *c, size_t pos)
{
    if (pos > c->len)
        c->bad = true;
    else
        c->pos = pos;
}

uint64_t cursor_uint(struct cursor *c, unsigned bytes)
{
    const uint8_t *p = cursor_take(c, bytes);
    uint64_t v = 0;

    for (unsigned i = 0; p && i < bytes; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

#define READ(name, type) \
    type name(struct cursor *c) \
    { \
        const struct { \
            type value; \
        } PACKED *p = (const void *)cursor_take(c, sizeof(type)); \
        return p ? p->value : 0; \
    }

READ(cursor_u8, uint8_t)
READ(cursor_le16, uint16_t)
READ(cursor_le32, uint32_t)
READ(cursor_le64, uint64_t)

uint16_t cursor_be16(struct cursor *c)
{
    return __builtin_bswap16(cursor_le16(c));
}

uint32_t cursor_be32(struct cursor *c)
{
    return __builtin_bswap32(cursor_le32(c));
}
