/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as texts: RFC 4291, 2.2, and as RFC 5952 recommends to write them. */
#include "config.h"

#include <u2k/log.h>
#include <u2k/string.h>

static int digit(char c, unsigned base)
{
    unsigned v = c >= '0' && c <= '9' ? (unsigned)(c - '0')
                 : (c | 0x20) >= 'a'  ? (unsigned)((c | 0x20) - 'a') + 10
                                      : 99;
    return v < base ? (int)v : -1;
}

/* Digits up to `max`; -1: none, or more. */
static int number(const char **at, unsigned base, unsigned max)
{
    unsigned v = 0;
    const char *p = *at;

    for (int d; (d = digit(*p, base)) >= 0; p++) {
        v = v * base + (unsigned)d;
        if (v > max || p - *at > 4)
            return -1;
    }
    if (p == *at)
        return -1;
    *at = p;
    return (int)v;
}

static bool read_v4(const char **at, uint8_t out[4])
{
    const char *p = *at;

    for (unsigned i = 0; i < 4; i++) {
        int v = i && *p++ != '.' ? -1 : number(&p, 10, 255);
        if (v < 0)
            return false;
        out[i] = (uint8_t)v;
    }
    *at = p;
    return true;
}

static bool read_v6(const char **at, struct ip_addr *out)
{
    const char *p = *at;
    unsigned n = 0, gap = 16;
    uint8_t bytes[16] = {0};

    if (p[0] == ':' && p[1] == ':') {
        gap = 0;
        p += 2;
    }
    while (n < 16) {
        const char *start = p;
        uint8_t quad[4];
        if (n <= 12 && read_v4(&p, quad)) {
            memcpy(bytes + n, quad, 4);
            n += 4;
            break;
        }
        p = start;
        int v = number(&p, 16, 0xffff);
        if (v < 0)
            break;
        put_be16(bytes + n, (uint16_t)v);
        n += 2;
        if (p[0] != ':' || n == 16)
            break;
        if (p[1] == ':' && gap == 16) {
            gap = n;
            p += 2;
        } else if (digit(p[1], 16) >= 0) {
            p++;
        } else {
            break;
        }
    }
    if (gap == 16 ? n != 16 : n > 14)
        return false;
    memset(out, 0, sizeof *out);
    memcpy(out->bytes, bytes, MIN(gap, n));
    if (gap < n)
        memcpy(out->bytes + 16 - (n - gap), bytes + gap, n - gap);
    *at = p;
    return true;
}

bool config_address(const char *text, const char **end, struct ip_addr *out)
{
    uint8_t quad[4];

    *end = text;
    if (read_v4(end, quad)) {
        *out = ip_from_v4(raw32(quad));
        return true;
    }
    *end = text;
    return read_v6(end, out);
}

size_t config_write_address(char *out, size_t size, const struct ip_addr *a)
{
    const uint8_t *b = a->bytes;
    unsigned longest = 0, at = 8;
    size_t used = 0;

    if (ip_is_v4(a))
        return format_text(out, size, "%u.%u.%u.%u", b[12], b[13], b[14], b[15]);
    for (unsigned i = 0; i < 8; i++) {
        unsigned n = 0;
        while (i + n < 8 && !raw16(b + 2 * (i + n)))
            n++;
        if (n > 1 && n > longest) {
            longest = n;
            at = i;
        }
    }
    for (unsigned i = 0; i < 8; i++) {
        if (i == at) {
            used += format_text(out + used, size - used, "::");
            i += longest - 1;
            continue;
        }
        bool colon = i && i != at + longest;
        used += format_text(out + used, size - used, colon ? ":%x" : "%x", be16(b + 2 * i));
    }
    return used;
}
