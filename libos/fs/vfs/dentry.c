/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dentry cache. A dentry is in the hash while its name is valid, and on the LRU list while nobody
 * holds it; children hold their parent. Pinned ones are not a cache but the only record of a name.
 */
#include <u2k/errno.h>
#include <u2k/pages.h>
#include <u2k/path.h>
#include <u2k/string.h>

#define BUCKETS 1024

static struct list buckets[BUCKETS];
static struct list unused = LIST_INIT(unused); /* oldest first */
static size_t unused_count;

static uint32_t name_hash(const struct dentry *dir, const char *name, size_t len)
{
    uint64_t h = (uintptr_t)dir >> 4;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (uint8_t)name[i]) * 0x9e3779b97f4a7c15ull >> 3;
    return (uint32_t)(h ^ h >> 32);
}

static struct list *bucket(uint32_t hash)
{
    struct list *b = &buckets[hash % BUCKETS];
    if (!b->next)
        list_init(b);
    return b;
}

static int set_name(struct dentry *d, const char *name, size_t len, char *spare)
{
    char *room = len < sizeof d->local ? d->local : spare ? spare : heap_alloc(len + 1);
    if (!room)
        return -ENOMEM;
    memcpy(room, name, len);
    room[len] = 0;
    d->name = room;
    d->len = (uint8_t)len;
    return 0;
}

static void free_name(struct dentry *d)
{
    if (d->name != d->local)
        heap_free(d->name, (size_t)d->len + 1);
}

void dentry_hash(struct dentry *d)
{
    d->hash = name_hash(d->parent, d->name, d->len);
    list_push_front(bucket(d->hash), &d->hash_link);
    d->flags |= DENTRY_HASHED;
}

struct dentry *dentry_new(struct dentry *parent, struct superblock *sb, const char *name,
                          size_t len)
{
    struct dentry *d = NEW(struct dentry);
    if (!d || set_name(d, name, len, NULL) < 0) {
        if (d)
            DELETE(d);
        return NULL;
    }
    d->refs = 1;
    d->sb = sb;
    d->parent = parent ? dentry_ref(parent) : d;
    list_init(&d->hash_link);
    list_init(&d->sibling);
    list_init(&d->children);
    list_init(&d->lru);
    if (parent)
        list_push_front(&parent->children, &d->sibling);
    return d;
}

struct dentry *dentry_root(struct superblock *sb, struct inode *i)
{
    struct dentry *d = dentry_new(NULL, sb, "", 0);
    if (d)
        d->inode = i;
    else
        inode_unref(i);
    return d;
}

struct dentry *dentry_anonymous(struct inode *i, const char *kind)
{
    struct dentry *d = dentry_new(NULL, i->sb, kind, strnlen(kind, NAME_MAX));
    if (d) {
        d->inode = i;
        d->flags |= DENTRY_ANONYMOUS;
    } else {
        inode_unref(i);
    }
    return d;
}

/* The first holder of one on the LRU list, or of a new one. */
void dentry_hold(struct dentry *d)
{
    if (!list_empty(&d->lru)) {
        list_remove(&d->lru);
        unused_count--;
    }
}

static struct dentry *destroy(struct dentry *d)
{
    struct dentry *parent = d->parent != d ? d->parent : NULL;
    dentry_hold(d);
    list_remove(&d->hash_link);
    list_remove(&d->sibling);
    inode_unref(d->inode);
    free_name(d);
    DELETE(d);
    return parent;
}

static size_t cache_limit(void)
{
    return MIN((size_t)16384, 128 + pages_total_count() / 8);
}

static void release(struct dentry *d)
{
    while (d && --d->refs == 0) {
        if (d->flags & DENTRY_HASHED) {
            list_push_back(&unused, &d->lru);
            unused_count++;
            return;
        }
        d = destroy(d); /* which held its parent */
    }
}

void dentry_unref(struct dentry *d)
{
    release(d);
    if (unused_count > cache_limit())
        dentry_shrink(32);
}

size_t dentry_shrink(size_t count)
{
    size_t done = 0;
    for (; done < count && !list_empty(&unused); done++)
        release(destroy(LIST_ENTRY(unused.next, struct dentry, lru)));
    return done;
}

struct dentry *dentry_cached(struct dentry *dir, const char *name, size_t len)
{
    uint32_t hash = name_hash(dir, name, len);
    struct list *b = bucket(hash);
    LIST_FOR_EACH(it, b)
    {
        struct dentry *d = LIST_ENTRY(it, struct dentry, hash_link);
        if (d->hash == hash && d->parent == dir && d->len == len && memcmp(d->name, name, len) == 0)
            return d;
    }
    return NULL;
}

int dentry_lookup(struct dentry *dir, const char *name, size_t len, struct dentry **out)
{
    struct dentry *d = dentry_cached(dir, name, len);
    if (d) {
        *out = dentry_ref(d);
        return 0;
    }
    struct inode *i = NULL;
    int err = -ENOENT;
    if (len > NAME_MAX)
        return -ENAMETOOLONG;
    if (dir->inode->nlink > 0 && dir->inode->ops->lookup)
        err = dir->inode->ops->lookup(dir->inode, name, len, &i);
    if (err < 0 && (err != -ENOENT || dir->inode->nlink == 0 || (dir->sb->flags & SB_UNCACHED)))
        return err;
    d = dentry_new(dir, dir->sb, name, len);
    if (!d) {
        inode_unref(i);
        return -ENOMEM;
    }
    d->inode = i;
    if (!(dir->sb->flags & SB_UNCACHED))
        dentry_hash(d);
    *out = d;
    return 0;
}

void dentry_pin(struct dentry *d, uint64_t cookie)
{
    if (!(d->flags & DENTRY_PINNED))
        dentry_ref(d);
    d->flags |= DENTRY_PINNED;
    d->cookie = cookie;
    list_remove(&d->sibling); /* readdir wants the order of cookies */
    list_push_back(&d->parent->children, &d->sibling);
}

void dentry_delete(struct dentry *d)
{
    list_remove(&d->hash_link);
    d->flags = (uint8_t)((d->flags & ~DENTRY_HASHED) | DENTRY_DELETED);
    if (d->flags & DENTRY_PINNED) {
        d->flags &= (uint8_t)~DENTRY_PINNED;
        dentry_unref(d);
    }
}

void dentry_move(struct dentry *d, struct dentry *dir, const char *name, size_t len, char *spare)
{
    struct dentry *old = d->parent;
    list_remove(&d->hash_link);
    list_remove(&d->sibling);
    char kept[NAME_MAX + 1]; /* `name` may be that of a dentry which changes too */
    memcpy(kept, name, len);
    free_name(d);
    (void)set_name(d, kept, len, spare); /* cannot fail: the name is short or there is a spare */
    d->parent = dentry_ref(dir);
    list_push_back(&dir->children, &d->sibling);
    dentry_hash(d);
    dentry_unref(old);
}

bool dentry_below(const struct dentry *d, const struct dentry *top)
{
    while (d != top && d->parent != d)
        d = d->parent;
    return d == top;
}
