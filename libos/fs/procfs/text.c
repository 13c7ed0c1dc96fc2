/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that grow while they are made. */
#include "proc.h"

#include <u2k/pages.h>
#include <u2k/string.h>

static bool room(struct text *t, size_t len)
{
    size_t size = t->size ? t->size : PAGE_SIZE;
    while (size - t->len < len)
        size *= 2;
    if (size != t->size && !t->failed) {
        char *at = t->at ? heap_resize(t->at, t->size, size) : heap_alloc(size);
        t->failed = !at;
        t->at = at ? at : t->at;
        t->size = at ? size : t->size;
    }
    return !t->failed;
}

void text_bytes(struct text *t, const void *bytes, size_t len)
{
    if (!room(t, len))
        return;
    memcpy(t->at + t->len, bytes, len);
    t->len += len;
}

void text_add(struct text *t, const char *format, ...)
{
    char line[512];
    __builtin_va_list args;
    __builtin_va_start(args, format);
    size_t n = format_textv(line, sizeof line, format, args);
    __builtin_va_end(args);
    text_bytes(t, line, MIN(n, sizeof line - 1));
}

void text_free(struct text *t)
{
    if (t->at)
        heap_free(t->at, t->size);
    *t = (struct text){0};
}
