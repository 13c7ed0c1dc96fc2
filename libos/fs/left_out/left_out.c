/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths that the converter left out of the root (convert --files): a look-up that finds nothing asks here
 * whether it would have found something in the container, and the log says so, each path once. The boot
 * record has their hashes: u2k/boot.h.
 */
#include <u2k/boot.h>
#include <u2k/log.h>
#include <u2k/optional.h>
#include <u2k/path.h>
#include <u2k/string.h>

#define SHOWN_MAX 256 /* bytes of a path that are shown */
#define LINES_MAX 16 /* of all paths: a program that tries everything shall not fill the log */

static uint32_t told[LINES_MAX];
static unsigned told_count;

/* One more piece of a CRC-32 (IEEE 802.3, as zlib has it), four bits a step. */
static uint32_t mix(uint32_t crc, const char *text, size_t len)
{
    static const uint32_t quarter[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };

    for (size_t i = 0; i < len; i++) {
        crc ^= (uint8_t)text[i];
        crc = crc >> 4 ^ quarter[crc & 15];
        crc = crc >> 4 ^ quarter[crc & 15];
    }
    return crc;
}

/* What is still to be walked, its last component first, a slash behind each; false: it goes back by `..`. */
static bool mix_rest(uint32_t *crc, const char *rest)
{
    size_t start, end = strnlen(rest, PATH_MAX);

    for (; end; end = start ? start - 1 : 0) {
        for (start = end; start && rest[start - 1] != '/';)
            start--;
        size_t len = end - start;
        if (len == 2 && rest[start] == '.' && rest[start + 1] == '.')
            return false;
        if (len && !(len == 1 && rest[start] == '.'))
            *crc = mix(mix(*crc, rest + start, len), "/", 1);
    }
    return true;
}

static bool is_listed(uint32_t hash)
{
    size_t low = 0, high = boot_config.left_out_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const uint8_t *p = boot_config.left_out + 4 * middle;
        uint32_t there = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        if (there == hash)
            return true;
        if (there < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static bool is_told(uint32_t hash)
{
    for (unsigned i = 0; i < told_count; i++)
        if (told[i] == hash)
            return true;
    return false;
}

/* The form of the line is a contract: u2k/boot.h. */
static void tell(const struct walk *w)
{
    char path[SHOWN_MAX];
    ssize_t folder = dentry_path(w->cur, path, sizeof path);

    if (folder < 0)
        return;
    size_t at = folder > 1 ? (size_t)folder : 0;
    format_text(path + at, sizeof path - at, "/%.*s%s%s", (int)w->len, w->name, *w->rest ? "/" : "",
                w->rest);
    for (char *p = path; *p; p++)
        if ((uint8_t)*p < ' ' || *p == 0x7f)
            *p = '?'; /* the names are the program's, the lines of the log are ours */
    log_warning("%s was left out of the root: ENOENT; keep it with: u2k convert --keep '%s'", path,
                path);
}

void left_out(const struct walk *w)
{
    uint32_t crc = UINT32_MAX;

    if (!boot_config.left_out_count || w->cur->sb != mounts[0].sb || told_count == LINES_MAX ||
        !mix_rest(&crc, w->rest))
        return;
    crc = mix(crc, w->name, w->len);
    for (const struct dentry *d = w->cur; d->parent != d; d = d->parent)
        crc = mix(mix(crc, "/", 1), d->name, d->len);
    if (is_listed(~crc) && !is_told(~crc)) {
        told[told_count++] = ~crc;
        tell(w);
    }
}

IF_LINKED(part_left_out, left_out, unlinked_nothing);
