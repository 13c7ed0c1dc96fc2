/* SPDX-License-Identifier: Apache-2.0 */
/* Formatted text into a bounded buffer: the small part of printf(3) that u2k/log.h promises. */
#include <u2k/log.h>
#include <u2k/string.h>

struct sink {
    char *out;
    size_t size, length; /* length: what it would be without the bound */
};

static void put(struct sink *s, char c)
{
    if (s->length + 1 < s->size)
        s->out[s->length] = c;
    s->length++;
}

struct spec {
    bool left, zero, negative, prefix;
    size_t width;
};

static void put_field(struct sink *s, const struct spec *f, const char *text, size_t len)
{
    size_t lead = (f->negative ? 1u : 0u) + (f->prefix ? 2u : 0u);
    size_t pad = f->width > len + lead ? f->width - len - lead : 0;

    if (!f->left && !f->zero)
        for (; pad; pad--)
            put(s, ' ');
    if (f->negative)
        put(s, '-');
    if (f->prefix) {
        put(s, '0');
        put(s, 'x');
    }
    if (!f->left)
        for (; pad; pad--)
            put(s, '0');
    for (size_t i = 0; i < len; i++)
        put(s, text[i]);
    for (; pad; pad--)
        put(s, ' ');
}

static void put_number(struct sink *s, const struct spec *f, uint64_t value, unsigned base)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    put_field(s, f, digits + at, sizeof(digits) - at);
}

static size_t number(const char **p)
{
    size_t n = 0;

    for (; **p >= '0' && **p <= '9'; (*p)++)
        n = n * 10 + (size_t)(**p - '0');
    return n;
}

size_t format_textv(char *out, size_t size, const char *format, __builtin_va_list args)
{
    struct sink s = {out, size, 0};

    for (const char *p = format; *p; p++) {
        if (*p != '%') {
            put(&s, *p);
            continue;
        }
        struct spec f = {0};
        size_t precision = SIZE_MAX;
        bool wide = false;

        for (p++; *p == '-' || *p == '0' || *p == '#'; p++) {
            f.left |= *p == '-';
            f.zero |= *p == '0';
            f.prefix |= *p == '#';
        }
        f.zero = f.zero && !f.left;
        f.width = number(&p);
        if (*p == '.') {
            p++;
            if (*p == '*') {
                int n = __builtin_va_arg(args, int);
                precision = n < 0 ? SIZE_MAX : (size_t)n;
                p++;
            } else {
                precision = number(&p);
            }
        }
        for (; *p == 'l' || *p == 'z'; p++)
            wide = true;

        int64_t value;
        const char *text;
        switch (*p) {
        case 'd':
        case 'i':
            value = wide ? __builtin_va_arg(args, long) : __builtin_va_arg(args, int);
            f.negative = value < 0;
            put_number(&s, &f, f.negative ? 0 - (uint64_t)value : (uint64_t)value, 10);
            break;
        case 'u':
        case 'x':
            put_number(&s, &f,
                       wide ? __builtin_va_arg(args, unsigned long)
                            : __builtin_va_arg(args, unsigned),
                       *p == 'x' ? 16 : 10);
            break;
        case 'p':
            f.prefix = true;
            put_number(&s, &f, (uintptr_t) __builtin_va_arg(args, void *), 16);
            break;
        case 's':
            text = __builtin_va_arg(args, const char *);
            text = text ? text : "(null)";
            f.zero = false;
            put_field(&s, &f, text, strnlen(text, precision));
            break;
        case 'c': put(&s, (char)__builtin_va_arg(args, int)); break;
        case '%': put(&s, '%'); break;
        default: /* the compiler checks formats; a lone % at the end lands here */ p--; break;
        }
    }
    if (size)
        out[MIN(s.length, size - 1)] = 0;
    return s.length;
}

size_t format_text(char *out, size_t size, const char *format, ...)
{
    __builtin_va_list args;

    __builtin_va_start(args, format);
    size_t n = format_textv(out, size, format, args);
    __builtin_va_end(args);
    return n;
}
