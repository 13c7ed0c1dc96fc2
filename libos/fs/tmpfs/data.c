/* SPDX-License-Identifier: Apache-2.0 */
/* File contents: own pages over those of the lower layer. */
#include <u2k/errno.h>
#include <u2k/fcntl.h>
#include <u2k/mm.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/process.h>
#include <u2k/string.h>
#include <u2k/tmpfs.h>

#define SIZE_LIMIT ((uint64_t)INT64_MAX)

/* What the layer has at `offset`: *at NULL for zeros. *len > 0 ends at the next own page
 * at the latest. */
static int below(const struct memnode *n, uint64_t offset, uint64_t end, const uint8_t **at,
                 uint64_t *len)
{
    *at = NULL;
    *len = end - offset;
    if (offset < n->lower_size) {
        int err = MEMFS(n->i.sb)->lower->data(n->i.sb, &n->lower, offset, at, len);
        if (err < 0)
            return err;
        *len = MIN(MIN(*len, n->lower_size - offset), end - offset);
    }
    uint64_t own = offset >> PAGE_SHIFT;
    if (n->pages.top && pagemap_next(&n->pages, &own))
        *len = MIN(*len, (own << PAGE_SHIFT) - offset);
    return 0;
}

/* The page `index` as one of our own, with the contents it had. */
static int own_page(struct memnode *n, uint64_t index, uint8_t **out)
{
    uint64_t start = index << PAGE_SHIFT;
    *out = pagemap_get(&n->pages, index);
    if (*out)
        return 0;
    uint8_t *page = pages_alloc(1, PAGES_ZERO);
    if (!page)
        return -ENOSPC;
    for (uint64_t at = start, end = start + PAGE_SIZE; at < end && at < n->lower_size;) {
        const uint8_t *from;
        uint64_t len;
        int err = below(n, at, end, &from, &len);
        if (err < 0) {
            pages_free(page, 1);
            return err;
        }
        if (from)
            memcpy(page + (at - start), from, (size_t)len);
        at += len;
    }
    int err = pagemap_set(&n->pages, index, page);
    if (err < 0) {
        pages_free(page, 1);
        return err == -ENOMEM ? -ENOSPC : err;
    }
    if (start >= ALIGN_UP(n->lower_size, PAGE_SIZE))
        n->i.blocks += PAGE_SIZE / 512;
    if (!list_empty(&n->i.mappings))
        mm_file_changed(&n->i, index, 1, false);
    *out = page;
    return 0;
}

int memnode_fill(struct inode *i, const void *data, size_t len)
{
    uint8_t *page;
    int err = own_page(MEMNODE(i), 0, &page);
    if (err < 0)
        return err;
    memset(page, 0, PAGE_SIZE);
    memcpy(page, data, len);
    i->size = len;
    MEMNODE(i)->lower_size = 0;
    MEMNODE(i)->changed = true;
    return 0;
}

static ssize_t mem_read(struct file *f, struct iter *it, int64_t *pos)
{
    struct memnode *n = MEMNODE(f->inode);
    size_t done = 0;
    int err = 0;
    while (it->left > 0 && (uint64_t)*pos < n->i.size) {
        uint64_t offset = (uint64_t)*pos, within = offset & PAGE_MASK;
        uint64_t len = MIN((uint64_t)it->left, n->i.size - offset);
        const uint8_t *at = pagemap_get(&n->pages, offset >> PAGE_SHIFT);
        if (at) {
            len = MIN(len, PAGE_SIZE - within);
            at += within;
        } else {
            uint64_t run;
            if ((err = below(n, offset, offset + len, &at, &run)) < 0)
                break;
            len = run;
        }
        size_t got = at ? iter_write(it, at, (size_t)len) : iter_zero(it, (size_t)len);
        done += got;
        *pos += (int64_t)got;
        if (got < len) {
            err = -EFAULT;
            break;
        }
    }
    return done > 0 ? (ssize_t)done : err;
}

/* How far a write may go: RLIMIT_FSIZE, the largest size, seals. */
static int write_limit(const struct inode *i, uint64_t pos, size_t *len)
{
    uint64_t limit = MIN(SIZE_LIMIT, process.limits[RLIMIT_FSIZE].soft);
    if (i->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
        return -EPERM;
    if ((i->seals & F_SEAL_GROW) && *len > 0) {
        if (pos >= i->size)
            return -EPERM;
        limit = MIN(limit, i->size);
    }
    if (*len > 0 && pos >= limit) {
        if (limit < SIZE_LIMIT)
            signal_send(current, &(struct siginfo){.signo = SIGXFSZ, .code = SI_KERNEL});
        return -EFBIG;
    }
    *len = MIN(*len, limit - pos);
    return 0;
}

ssize_t mem_write(struct file *f, struct iter *it, int64_t *pos)
{
    struct memnode *n = MEMNODE(f->inode);
    if (f->flags & O_APPEND)
        *pos = (int64_t)n->i.size;
    size_t want = it->left, done = 0;
    int err = write_limit(&n->i, (uint64_t)*pos, &want);
    if (err < 0 || want == 0)
        return err;
    n->changed = true;
    while (done < want) {
        uint64_t offset = (uint64_t)*pos, within = offset & PAGE_MASK;
        size_t piece = MIN(want - done, PAGE_SIZE - within);
        uint8_t *page;
        if ((err = own_page(n, offset >> PAGE_SHIFT, &page)) < 0)
            break;
        size_t got = iter_read(page + within, it, piece);
        done += got;
        *pos += (int64_t)got;
        n->i.size = MAX(n->i.size, (uint64_t)*pos);
        if (got < piece) {
            err = -EFAULT;
            break;
        }
    }
    if (done == 0)
        return err;
    inode_drop_setid(&n->i);
    inode_touch(&n->i, true);
    return (ssize_t)done;
}

static int mem_page(struct inode *i, uint64_t index, enum page_use use, void **page, size_t *run)
{
    struct memnode *n = MEMNODE(i);
    uint64_t offset = index << PAGE_SHIFT, len = PAGE_SIZE;
    if (index > (SIZE_LIMIT >> PAGE_SHIFT) || offset >= i->size)
        return -ENXIO;
    uint8_t *own = pagemap_get(&n->pages, index);
    const uint8_t *at = NULL;
    *run = 1;
    if (!own && use == PAGE_FOR_READ) {
        int err = below(n, offset, i->size, &at, &len);
        if (err < 0)
            return err;
        bool last = offset + len >= i->size && n->lower_size == n->lower.size;
        if (!at && len >= PAGE_SIZE) {
            *page = NULL;
            return 0;
        }
        if (((uintptr_t)at & PAGE_MASK) == 0 && at && (len >= PAGE_SIZE || last)) {
            *page = (void *)(uintptr_t)at;
            *run = (size_t)(last ? ALIGN_UP(len, PAGE_SIZE) : len) >> PAGE_SHIFT;
            return 0;
        }
    }
    if (!own) {
        n->changed |= use == PAGE_FOR_WRITE;
        int err = own_page(n, index, &own);
        if (err < 0)
            return err == -ENOSPC ? -ENOMEM : err;
    }
    while (*run < 64 && pagemap_get(&n->pages, index + *run) == own + *run * PAGE_SIZE)
        ++*run;
    n->changed |= use == PAGE_FOR_WRITE;
    *page = own;
    return 0;
}

int memnode_truncate(struct inode *i, uint64_t size)
{
    struct memnode *n = MEMNODE(i);
    if (size > SIZE_LIMIT)
        return -EFBIG;
    if (size < i->size) {
        uint64_t first = (size + PAGE_MASK) >> PAGE_SHIFT,
                 old = (i->size + PAGE_MASK) >> PAGE_SHIFT;
        uint8_t *tail;
        if (size & PAGE_MASK) { /* what is cut off must not come back when the file grows again */
            int err = own_page(n, size >> PAGE_SHIFT, &tail);
            if (err < 0)
                return err;
            memset(tail + (size & PAGE_MASK), 0, PAGE_SIZE - (size & PAGE_MASK));
        }
        i->size = size;
        n->lower_size = MIN(n->lower_size, size);
        if (!list_empty(&i->mappings) && old > first)
            mm_file_changed(i, first, old - first, true);
        pagemap_free(&n->pages, first, UINT64_MAX);
        i->blocks = MIN(i->blocks, first * (PAGE_SIZE / 512));
    }
    i->size = size;
    n->changed = true;
    return 0;
}

/* Zeros in [first, last] pages: own pages go, those of the layer are covered. */
static int punch_pages(struct memnode *n, uint64_t first, uint64_t count)
{
    if (count == 0)
        return 0;
    if (!list_empty(&n->i.mappings))
        mm_file_changed(&n->i, first, count, true);
    uint64_t gone = pagemap_free(&n->pages, first, first + count - 1);
    n->i.blocks -= MIN(n->i.blocks, gone * (PAGE_SIZE / 512));
    for (uint64_t p = first; p < first + count && p << PAGE_SHIFT < n->lower_size; p++) {
        uint8_t *page;
        int err = own_page(n, p, &page);
        if (err < 0)
            return err;
        memset(page, 0, PAGE_SIZE);
    }
    return 0;
}

static int punch(struct memnode *n, uint64_t offset, uint64_t end)
{
    end = MIN(end, n->i.size);
    uint64_t first = (offset + PAGE_MASK) >> PAGE_SHIFT, last = end >> PAGE_SHIFT; /* whole pages */
    while (offset < end) {
        uint64_t page_end = MIN(end, (offset | PAGE_MASK) + 1);
        uint8_t *page;
        if (offset >> PAGE_SHIFT >= first && offset >> PAGE_SHIFT < last) {
            int err = punch_pages(n, first, last - first);
            if (err < 0)
                return err;
            offset = last << PAGE_SHIFT;
            continue;
        }
        int err = own_page(n, offset >> PAGE_SHIFT, &page);
        if (err < 0)
            return err;
        memset(page + (offset & PAGE_MASK), 0, (size_t)(page_end - offset));
        offset = page_end;
    }
    return 0;
}

int memnode_allocate(struct inode *i, unsigned mode, uint64_t offset, uint64_t len)
{
    struct memnode *n = MEMNODE(i);
    uint64_t end = offset + len; /* the caller has checked that this fits */
    n->changed = true;
    if (mode & (FALLOC_PUNCH_HOLE | FALLOC_ZERO_RANGE)) {
        int err = punch(n, offset, end);
        if (err < 0)
            return err;
    } else {
        for (uint64_t p = offset >> PAGE_SHIFT; p <= (end - 1) >> PAGE_SHIFT; p++) {
            uint8_t *page;
            int err = own_page(n, p, &page);
            if (err < 0)
                return err;
        }
    }
    if (!(mode & FALLOC_KEEP_SIZE) && end > i->size)
        i->size = end;
    inode_touch(i, true);
    return 0;
}

int64_t mem_seek(struct file *f, int64_t offset, int whence)
{
    const struct memnode *n = MEMNODE(f->inode);
    uint64_t end = f->inode->size;
    if ((whence != SEEK_DATA && whence != SEEK_HOLE) || offset < 0 || (uint64_t)offset >= end)
        return seek_in(f, offset, whence, (int64_t)end);
    uint64_t at = (uint64_t)offset;
    for (; at < end; at = (at | PAGE_MASK) + 1) {
        uint64_t index = at >> PAGE_SHIFT;
        bool data = at < n->lower_size || pagemap_get(&n->pages, index);
        if (data == (whence == SEEK_DATA))
            break;
        if (!data && !pagemap_next(&n->pages, &index)) {
            at = end;
            break;
        }
    }
    if (at >= end && whence == SEEK_DATA)
        return -ENXIO;
    return f->pos = (int64_t)MIN(at, end);
}

const struct file_ops memfs_file_ops = {
    .read = mem_read, .write = mem_write, .seek = mem_seek, .page = mem_page};

IF_LINKED(sys_lseek, mem_seek, unlinked_never);
IF_LINKED(sys_fallocate, memnode_allocate, unlinked_never);
IF_LINKED(advise_hole, memnode_allocate, unlinked_never);
IF_LINKED(part_writable, memnode_truncate, unlinked_never);
IF_LINKED(part_devfs, memnode_truncate, unlinked_never);
IF_LINKED(part_tmpfs, memnode_truncate, unlinked_never);
IF_LINKED(part_writable, mem_write, unlinked_never);
IF_LINKED(part_devfs, mem_write, unlinked_never);
IF_LINKED(part_tmpfs, mem_write, unlinked_never);
