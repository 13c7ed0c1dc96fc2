/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Areas of the address space: a height-balanced tree (Adelson-Velsky and Landis 1962) by address.
 * Each node knows the extent of its subtree and the widest hole in it, so that finding a place for a
 * mapping takes a walk from the root, not one over all areas.
 */
#include "mm.h"

#include <u2k/pages.h>
#include <u2k/string.h>
#include <u2k/vfs.h>

struct mm mm;

static int height(const struct vma *n)
{
    return n ? n->height : 0;
}

static void update(struct vma *n)
{
    const struct vma *l = n->left, *r = n->right;

    n->height = 1 + MAX(height(l), height(r));
    n->low = l ? l->low : n->start;
    n->high = r ? r->high : n->end;
    n->gap = MAX(l ? MAX(l->gap, n->start - l->high) : 0, r ? MAX(r->gap, r->low - n->end) : 0);
}

static struct vma *rotate_right(struct vma *n)
{
    struct vma *l = n->left;

    n->left = l->right;
    l->right = n;
    update(n);
    update(l);
    return l;
}

static struct vma *rotate_left(struct vma *n)
{
    struct vma *r = n->right;

    n->right = r->left;
    r->left = n;
    update(n);
    update(r);
    return r;
}

static struct vma *balance(struct vma *n)
{
    int lean = height(n->left) - height(n->right);

    if (lean > 1) {
        if (height(n->left->left) < height(n->left->right))
            n->left = rotate_left(n->left);
        return rotate_right(n);
    }
    if (lean < -1) {
        if (height(n->right->right) < height(n->right->left))
            n->right = rotate_right(n->right);
        return rotate_left(n);
    }
    update(n);
    return n;
}

static struct vma *tree_insert(struct vma *n, struct vma *v)
{
    if (!n)
        return v;
    if (v->start < n->start)
        n->left = tree_insert(n->left, v);
    else
        n->right = tree_insert(n->right, v);
    return balance(n);
}

static struct vma *tree_remove(struct vma *n, const struct vma *v)
{
    if (n != v) {
        if (v->start < n->start)
            n->left = tree_remove(n->left, v);
        else
            n->right = tree_remove(n->right, v);
        return balance(n);
    }
    if (!n->left || !n->right)
        return n->left ? n->left : n->right;
    struct vma *next = n->right;
    while (next->left)
        next = next->left;
    struct vma *right = tree_remove(n->right, next);
    next->left = n->left;
    next->right = right;
    return balance(next);
}

/* `v` changed its ends: the way down to it has stale sums. */
static void tree_refresh(struct vma *n, const struct vma *v)
{
    if (n != v)
        tree_refresh(v->start < n->start ? n->left : n->right, v);
    update(n);
}

static void account(const struct vma *v, bool add)
{
    uint64_t len = add ? v->end - v->start : v->start - v->end; /* modulo 2^64 */

    mm.usage.total += len;
    if (is_data(v->prot, v->flags))
        mm.usage.data += len;
    if (v->flags & MAP_GROWSDOWN)
        mm.usage.stack += len;
    if (v->prot & PROT_EXEC)
        mm.usage.exec += len;
    if (v->flags & MAP_LOCKED)
        mm.usage.locked += len;
}

struct vma *vma_find(vaddr_t at)
{
    struct vma *best = NULL;

    for (struct vma *n = mm.root; n;) {
        if (n->end > at) {
            best = n;
            n = n->left;
        } else {
            n = n->right;
        }
    }
    return best;
}

struct vma *vma_before(vaddr_t at)
{
    struct vma *best = NULL;

    for (struct vma *n = mm.root; n;) {
        if (n->start < at) {
            best = n;
            n = n->right;
        } else {
            n = n->left;
        }
    }
    return best;
}

const struct vma *mm_next(vaddr_t from)
{
    const struct vma *v = vma_find(from);

    while (v && v->flags & VMA_PLATFORM)
        v = vma_find(v->end);
    return v;
}

struct vma *vma_new(vaddr_t start, vaddr_t end, unsigned prot, unsigned flags)
{
    struct vma *v = NEW(struct vma);

    if (v) {
        v->start = start;
        v->end = end;
        v->prot = prot;
        v->flags = flags;
        list_init(&v->file_link);
    }
    return v;
}

void vma_insert(struct vma *v)
{
    v->left = v->right = NULL;
    update(v);
    mm.root = tree_insert(mm.root, v);
    mm.count++;
    account(v, true);
    if (v->file)
        list_push_back(&v->file->inode->mappings, &v->file_link);
}

void vma_remove(struct vma *v)
{
    account(v, false);
    mm.root = tree_remove(mm.root, v);
    mm.count--;
    if (v->file) {
        list_remove(&v->file_link);
        file_unref(v->file);
    }
    DELETE(v);
}

void vma_resize(struct vma *v, vaddr_t start, vaddr_t end)
{
    account(v, false);
    v->page_index += (uint64_t)((int64_t)(start - v->start) >> PAGE_SHIFT);
    v->start = start;
    v->end = end;
    account(v, true);
    tree_refresh(mm.root, v);
}

void vma_set(struct vma *v, unsigned prot, unsigned flags)
{
    account(v, false);
    v->prot = prot;
    v->flags = flags;
    account(v, true);
}

int vma_split(struct vma *v, vaddr_t at)
{
    if (at <= v->start || at >= v->end)
        return 0;
    struct vma *upper = mm.count < VMA_COUNT_MAX ? vma_new(at, v->end, v->prot, v->flags) : NULL;
    if (!upper)
        return -ENOMEM;
    upper->page_index = v->page_index + ((at - v->start) >> PAGE_SHIFT);
    upper->label = v->label;
    upper->file = v->file ? file_ref(v->file) : NULL;
    vma_resize(v, v->start, at);
    vma_insert(upper);
    return 0;
}

/* What is behind must go on: a file's pages, or those of one piece of shared memory. */
static bool mergeable(const struct vma *a, const struct vma *b)
{
    return a->end == b->start && a->prot == b->prot && a->label == b->label && a->file == b->file &&
           (a->flags | VMA_COPIED) == (b->flags | VMA_COPIED) &&
           ((!a->file && vma_is_private(a)) ||
            a->page_index + ((a->end - a->start) >> PAGE_SHIFT) == b->page_index);
}

struct vma *vma_merge(struct vma *v)
{
    struct vma *prev = vma_before(v->start), *next = vma_find(v->end);

    if (next && mergeable(v, next)) {
        vaddr_t end = next->end;
        v->flags |= next->flags;
        vma_remove(next);
        vma_resize(v, v->start, end);
    }
    if (prev && mergeable(prev, v)) {
        vaddr_t end = v->end;
        prev->flags |= v->flags;
        vma_remove(v);
        vma_resize(prev, prev->start, end);
        v = prev;
    }
    return v;
}

static vaddr_t search(const struct vma *n, vaddr_t lo, vaddr_t hi, size_t len)
{
    if (hi <= lo || hi - lo < len)
        return 0;
    if (!n)
        return hi - len;
    if (n->gap < len && (n->low < lo || n->low - lo < len) && (n->high > hi || hi - n->high < len))
        return 0;
    vaddr_t found = search(n->right, MAX(lo, n->end), hi, len);
    return found ? found : search(n->left, lo, MIN(hi, n->start), len);
}

vaddr_t vma_hole(vaddr_t lo, vaddr_t hi, size_t len)
{
    return search(mm.root, lo, hi, len);
}
