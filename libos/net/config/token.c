/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One `ip=` token, as Linux reads it (net/ipv4/ipconfig.c; nfsroot.rst):
 *   CLIENT:SERVER:GATEWAY:MASK:HOST:DEVICE:HOW:DNS0:DNS1
 * Fields may be empty or left out at the end. A single word is HOW. Beyond Linux: CLIENT may have its prefix length,
 * as 10.0.0.2/24, and MASK may be one; IPv6 addresses stand in brackets (as dracut.cmdline(7) has it).
 */
#include "config.h"

#include <u2k/string.h>

enum { CLIENT, SERVER, GATEWAY, NETMASK, HOST, DEVICE, HOW, DNS0, DNS1, FIELDS };

struct field {
    const char *at;
    size_t len;
};

static unsigned split(const char *text, struct field out[FIELDS])
{
    unsigned n = 0;
    bool bracket = false;

    for (unsigned i = 0; i < FIELDS; i++)
        out[i] = (struct field){i ? "" : text, 0};
    for (const char *p = text;; p++) {
        bracket = *p == '[' || (bracket && *p != ']');
        if (*p && (*p != ':' || bracket)) {
            out[n].len++;
            continue;
        }
        if (!*p || ++n == FIELDS)
            return MIN(n + 1, (unsigned)FIELDS);
        out[n].at = p + 1;
    }
}

static bool is_word(const struct field *f, const char *word)
{
    return f->len == strlen(word) && memcmp(f->at, word, f->len) == 0;
}

static bool read_how(const struct field *f, enum config_how *out)
{
    static const char *const off[] = {"off", "none", "static"};
    static const char *const on[] = {"dhcp", "on", "any", "both"};

    for (unsigned i = 0; i < ARRAY_SIZE(off); i++)
        if (is_word(f, off[i])) {
            *out = CONFIG_OFF;
            return true;
        }
    for (unsigned i = 0; i < ARRAY_SIZE(on); i++)
        if (is_word(f, on[i])) {
            *out = CONFIG_DHCP;
            return true;
        }
    return false;
}

/* Up to 128; -1: no number that ends where the field does. */
static int read_prefix(const char *at, const char *end)
{
    int v = 0;

    if (at == end || end - at > 3)
        return -1;
    for (; at < end; at++) {
        if (*at < '0' || *at > '9')
            return -1;
        v = v * 10 + (*at - '0');
    }
    return v <= 128 ? v : -1;
}

/* An address, with /LEN if `prefix` is there to take it. Empty is fine. */
static bool read_address(const struct field *f, struct ip_addr *out, int *prefix)
{
    const char *at = f->at, *stop = f->at + f->len, *end;
    bool bracket = f->len && *at == '[';

    if (!f->len)
        return true;
    if (!config_address(at + bracket, &end, out) || (bracket && *end++ != ']'))
        return false;
    if (prefix && end < stop && *end == '/') {
        *prefix = read_prefix(end + 1, stop);
        return *prefix >= 0 && *prefix <= (ip_is_v4(out) ? 32 : 128);
    }
    return end == stop;
}

static bool read_mask(const struct field *f, struct config_token *out)
{
    struct ip_addr mask = {0};
    int length = f->len ? read_prefix(f->at, f->at + f->len) : -1;

    if (!f->len)
        return true;
    if (length < 0) {
        if (!read_address(f, &mask, NULL) || !ip_is_v4(&mask))
            return false;
        uint32_t bits = swap32(ip_v4(&mask));
        length = bits == UINT32_MAX ? 32 : __builtin_clz(~bits);
        if (bits != (length ? UINT32_MAX << (32 - length) : 0))
            return false;
    }
    out->prefix = length;
    return length <= (ip_is_v4(&out->address) ? 32 : 128);
}

static bool copy_name(const struct field *f, char *out, size_t size)
{
    if (f->len >= size)
        return false;
    memcpy(out, f->at, f->len);
    out[f->len] = 0;
    return true;
}

bool config_parse(const char *text, struct config_token *out)
{
    struct field f[FIELDS];
    unsigned n = split(text, f);

    *out = (struct config_token){.prefix = -1};
    out->address = out->gateway = ip_from_v4(0);
    if (n == 1 && read_how(&f[0], &out->how))
        return true;
    if (n == 2 && copy_name(&f[0], out->device, sizeof out->device) && read_how(&f[1], &out->how))
        return true; /* DEVICE:HOW, as dracut has it */
    out->device[0] = 0;
    if (!read_address(&f[CLIENT], &out->address, &out->prefix) ||
        !read_address(&f[GATEWAY], &out->gateway, NULL) || !read_mask(&f[NETMASK], out) ||
        !copy_name(&f[HOST], out->hostname, sizeof out->hostname) ||
        !copy_name(&f[DEVICE], out->device, sizeof out->device) ||
        !read_address(&f[DNS0], &out->dns[0], NULL) || !read_address(&f[DNS1], &out->dns[1], NULL))
        return false;
    if (f[HOW].len && !read_how(&f[HOW], &out->how))
        return false;
    bool addressed = !ip_is_any(&out->address);
    if (addressed) /* an address that is told is not asked for */
        out->how = CONFIG_STATIC;
    else if (!f[HOW].len)
        out->how = CONFIG_DHCP;
    if (out->prefix < 0) /* of the address's class, as Linux */
        out->prefix = !ip_is_v4(&out->address)       ? 64
                      : out->address.bytes[12] < 128 ? 8
                      : out->address.bytes[12] < 192 ? 16
                                                     : 24;
    return ip_is_any(&out->gateway) || ip_is_v4(&out->gateway) == ip_is_v4(&out->address);
}
