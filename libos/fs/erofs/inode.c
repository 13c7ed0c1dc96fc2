/* SPDX-License-Identifier: Apache-2.0 */
/* Inodes and where their bytes lie. */
#include "erofs.h"

#define SLOT 32u

static uint64_t inode_offset(const struct erofs *e, uint64_t node)
{
    return e->meta + node * SLOT;
}

/* The two forms of an inode; `where` is its data's block, its chunks' form, or its device. */
struct PACKED compact {
    uint16_t format, xattrs, mode, nlink;
    uint32_t size, reserved, where, ino;
    uint16_t uid, gid;
    uint32_t reserved2;
};
struct PACKED extended {
    uint16_t format, xattrs, mode, reserved;
    uint64_t size;
    uint32_t where, ino, uid, gid;
    uint64_t mtime;
    uint32_t mtime_nsec, nlink;
    uint8_t reserved2[16];
};

int erofs_fill(const struct erofs *e, uint64_t node, struct inode *i, struct lower_file *out)
{
    uint64_t at = node <= e->image.len / SLOT ? inode_offset(e, node) : UINT64_MAX, size;
    const struct compact *c = cursor_at(&e->image, at, sizeof(*c));
    bool extended = c && c->format & 1;
    const struct extended *x = cursor_at(&e->image, at, extended ? sizeof(*x) : 0);
    uint32_t where;
    if (!c || !x)
        return -EIO;
    i->mode = c->mode;
    if (extended) {
        i->nlink = x->nlink;
        i->uid = x->uid;
        i->gid = x->gid;
        i->mtime = (struct timespec64){(int64_t)x->mtime, x->mtime_nsec};
        size = x->size;
        where = x->where;
    } else {
        i->nlink = c->nlink;
        i->uid = c->uid;
        i->gid = c->gid;
        i->mtime = (struct timespec64){e->build_time, e->build_nsec};
        size = c->size;
        where = c->where;
    }
    unsigned layout = c->format >> 1 & 7, icount = c->xattrs;
    uint32_t type = i->mode & S_IFMT;
    bool known = layout == EROFS_PLAIN || layout == EROFS_INLINE ||
                 (layout == EROFS_CHUNKS && type == S_IFREG);
    if (!known || size > INT64_MAX - EROFS_BLOCK || i->mtime.nsec >= (int64_t)NSEC_PER_SEC)
        return -EIO;
    i->ino = node;
    i->size = type == S_IFREG || type == S_IFDIR || type == S_IFLNK ? size : 0;
    i->rdev = type == S_IFCHR || type == S_IFBLK ? where : 0;
    i->blocks = ALIGN_UP(i->size, EROFS_BLOCK) / 512;
    i->atime = i->ctime = i->btime = i->mtime;
    *out = (struct lower_file){
        .node = node,
        .size = i->size,
        .layout = layout,
        .head = extended ? 64 : 32,
        .xattrs = icount ? 12 + (icount - 1) * 4 : 0,
        .data = (uint64_t)where * EROFS_BLOCK,
    };
    out->tail = inode_offset(e, node) + out->head + out->xattrs;
    if (layout == EROFS_CHUNKS) {
        out->chunk = where & 0xffff;
        if ((where & 31) > 24)
            return -EIO;
        out->tail = ALIGN_UP(out->tail, (where & 32) ? 8u : 4u);
    }
    return 0;
}

/* The chunk's first block in bytes, UINT64_MAX for a hole. */
static int chunk_start(const struct erofs *e, const struct lower_file *f, uint64_t chunk,
                       uint64_t *out)
{
    unsigned unit = (f->chunk & 32) ? 8 : 4;
    if (chunk > e->image.len / unit)
        return -EIO;
    const struct PACKED { /* the first two only in entries of 8 bytes */
        uint16_t advice, device;
        uint32_t block;
    } *entry = cursor_at(&e->image, f->tail + chunk * unit + unit - 8, 8);
    if (!entry || (unit == 8 && entry->device))
        return -EIO; /* on another device */
    uint32_t block = entry->block;
    *out = block == UINT32_MAX ? UINT64_MAX : (uint64_t)block * EROFS_BLOCK;
    return 0;
}

static int chunk_data(const struct erofs *e, const struct lower_file *f, uint64_t offset,
                      uint64_t *start, uint64_t *len)
{
    unsigned bits = 12 + (f->chunk & 31);
    uint64_t size = 1ull << bits, chunk = offset >> bits, within = offset & (size - 1), next, at;
    int err = chunk_start(e, f, chunk, &at);
    if (err < 0)
        return err;
    *len = MIN(size - within, f->size - offset);
    *start = at == UINT64_MAX ? at : at + within;
    /* Chunks that follow each other are one run, as far as a read is likely to want it. */
    for (unsigned i = 0; i < 64 && at != UINT64_MAX && *len < f->size - offset; i++) {
        if (chunk_start(e, f, ++chunk, &next) < 0 || next == UINT64_MAX || next != at + size)
            break;
        at = next;
        *len = MIN(*len + size, f->size - offset);
    }
    return 0;
}

int erofs_data(const struct erofs *e, const struct lower_file *f, uint64_t offset,
               const uint8_t **at, uint64_t *len)
{
    uint64_t start;
    if (offset >= f->size)
        return -EIO;
    uint64_t last = (ALIGN_UP(f->size, EROFS_BLOCK) - EROFS_BLOCK);
    bool in_tail = f->layout == EROFS_INLINE && offset >= last;
    if (f->layout == EROFS_CHUNKS) {
        int err = chunk_data(e, f, offset, &start, len);
        if (err < 0)
            return err;
        if (start == UINT64_MAX) {
            *at = NULL;
            return 0;
        }
    } else if (in_tail) {
        start = f->tail + (offset - last);
        *len = f->size - offset;
        if (f->tail % EROFS_BLOCK + (f->size - last) > EROFS_BLOCK)
            return -EIO;
    } else {
        start = f->data + offset;
        *len = (f->layout == EROFS_INLINE ? last : f->size) - offset;
    }
    /* Whole blocks, so that a page at the end can be mapped in place. */
    uint64_t whole = in_tail ? *len : ALIGN_UP(start + *len, EROFS_BLOCK) - start;
    struct cursor part = cursor_part(&e->image, start, whole);
    if (part.bad)
        return -EIO;
    *at = part.base;
    return 0;
}
