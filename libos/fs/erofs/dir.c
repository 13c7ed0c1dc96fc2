/* SPDX-License-Identifier: Apache-2.0 */
/* Directories: blocks of entries and names, sorted by name across and within the blocks. */
#include "erofs.h"

#include <u2k/string.h>

#define DIRENT 12u

struct PACKED dirent {
    uint64_t node;
    uint16_t name; /* where in the block; the first one's tells how many entries there are */
    uint8_t type, reserved;
};

struct block {
    struct cursor data;
    unsigned count;
};

struct entry {
    uint64_t node;
    const char *name;
    size_t len;
    unsigned type;
};

static int load(const struct erofs *e, const struct lower_file *dir, uint64_t index,
                struct block *out)
{
    const uint8_t *at;
    uint64_t len;
    int err = erofs_data(e, dir, index * EROFS_BLOCK, &at, &len);
    if (err < 0)
        return err;
    if (!at)
        return -EIO;
    out->data = cursor_over(at, (size_t)MIN(len, (uint64_t)EROFS_BLOCK));
    const struct dirent *d = cursor_at(&out->data, 0, DIRENT);
    out->count = d ? d->name / DIRENT : 0;
    if (!out->count || d->name % DIRENT || d->name > out->data.len)
        return -EIO;
    return 0;
}

static int entry_at(const struct block *b, unsigned i, struct entry *out)
{
    const struct dirent *d = (const struct dirent *)b->data.base + i; /* load() has seen them all */
    bool last = i + 1 == b->count;
    size_t start = d->name, end = last ? b->data.len : d[1].name;
    if (start >= end || end > b->data.len)
        return -EIO;
    out->node = d->node;
    out->type = d->type;
    out->name = (const char *)b->data.base + start;
    out->len = last ? strnlen(out->name, end - start) : end - start;
    if (out->len == 0 || out->len > NAME_MAX || memchr(out->name, '/', out->len) ||
        memchr(out->name, 0, out->len))
        return -EIO;
    return 0;
}

static int compare(const char *a, size_t alen, const struct entry *b)
{
    int c = memcmp(a, b->name, MIN(alen, b->len));
    return c ? c : alen < b->len ? -1 : alen > b->len;
}

/* The last of the sorted entries [0, count) of a block that is not above the name. */
static int search(const struct block *b, const char *name, size_t len, struct entry *out)
{
    unsigned low = 0, high = b->count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        int err = entry_at(b, middle, out);
        if (err < 0)
            return err;
        int c = compare(name, len, out);
        if (c == 0)
            return 0;
        if (c < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -ENOENT;
}

int erofs_find(const struct erofs *e, const struct lower_file *dir, const char *name, size_t len,
               uint64_t *node)
{
    uint64_t low = 0, high = ALIGN_UP(dir->size, EROFS_BLOCK) / EROFS_BLOCK;
    struct block b;
    struct entry entry;
    int err = -ENOENT;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if ((err = load(e, dir, middle, &b)) < 0 || (err = entry_at(&b, 0, &entry)) < 0)
            return err;
        if (compare(name, len, &entry) < 0) {
            high = middle;
        } else if (high - low == 1) {
            err = search(&b, name, len, &entry);
            break;
        } else {
            low = middle;
        }
        err = -ENOENT;
    }
    if (err == 0)
        *node = entry.node;
    return err;
}

int erofs_list(const struct erofs *e, const struct lower_file *dir, uint64_t *pos,
               bool (*emit)(void *, const char *, size_t, uint64_t, unsigned, uint64_t), void *arg)
{
    static const uint8_t types[] = {0, 8, 4, 2, 6, 1, 12, 10}; /* DT_* by EROFS file type */
    uint64_t blocks = ALIGN_UP(dir->size, EROFS_BLOCK) / EROFS_BLOCK;
    for (uint64_t block = *pos / EROFS_BLOCK; block < blocks; block++) {
        struct block b;
        int err = load(e, dir, block, &b);
        for (unsigned i = (unsigned)(*pos % EROFS_BLOCK); err == 0 && i < b.count; i++) {
            struct entry entry;
            if ((err = entry_at(&b, i, &entry)) < 0)
                break;
            unsigned type = entry.type < ARRAY_SIZE(types) ? types[entry.type] : 0;
            uint64_t next = i + 1 < b.count ? *pos + 1 : (block + 1) * EROFS_BLOCK;
            if (!emit(arg, entry.name, entry.len, entry.node, type, next))
                return 0;
            *pos = next;
        }
        if (err < 0)
            return err;
        *pos = (block + 1) * EROFS_BLOCK;
    }
    return 0;
}
