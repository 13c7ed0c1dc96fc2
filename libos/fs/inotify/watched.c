/* SPDX-License-Identifier: Apache-2.0 */
/* Which inodes are watched, found by inode when something happens and by number when a watch is taken away. */
#include "inotify.h"

#include <u2k/errno.h>
#include <u2k/pages.h>

#define BUCKETS 512
#define WATCHES_MAX (1u << 20) /* fs.inotify.max_user_watches */
#define KEPT (IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT)

unsigned watched_count;
static struct list inodes[BUCKETS], numbers[BUCKETS];

static struct list *bucket(struct list *table, size_t hash)
{
    struct list *b = &table[hash % BUCKETS];
    if (!b->next)
        list_init(b);
    return b;
}

struct list *watched_bucket(const struct inode *i)
{
    uintptr_t at = (uintptr_t)i / sizeof *i;
    return bucket(inodes, at ^ at >> 9);
}

static struct list *number_bucket(int number)
{
    return bucket(numbers, (unsigned)number);
}

static struct watched *find(const struct inotify *n, const struct inode *i)
{
    LIST_FOR_EACH(it, watched_bucket(i))
    {
        struct watched *w = LIST_ENTRY(it, struct watched, by_inode);
        if (w->inode == i && w->owner == n)
            return w;
    }
    return NULL;
}

static int change(struct watched *w, uint32_t mask)
{
    if (mask & IN_MASK_CREATE)
        return -EEXIST;
    w->mask = (mask & KEPT) | ((mask & IN_MASK_ADD) ? w->mask : 0);
    return w->number;
}

int inotify_add(struct file *f, struct dentry *d, uint32_t mask)
{
    struct inotify *n = f->priv;
    struct watched *w = find(n, d->inode);
    if (w)
        return change(w, mask);
    if (watched_count >= WATCHES_MAX || n->last_number == INT32_MAX)
        return -ENOSPC;
    if (!(w = NEW(struct watched)))
        return -ENOMEM;
    watched_count++;
    w->owner = n;
    w->dentry = dentry_ref(d);
    w->inode = d->inode;
    w->mask = mask & KEPT;
    w->number = ++n->last_number;
    list_push_back(watched_bucket(w->inode), &w->by_inode);
    list_push_back(number_bucket(w->number), &w->by_number);
    list_push_back(&n->watches, &w->link);
    return w->number;
}

void watched_end(struct watched *w)
{
    list_remove(&w->by_inode);
    list_remove(&w->by_number);
    list_remove(&w->link);
    watched_count--;
    event_add(w->owner, w->number, IN_IGNORED, 0, NULL, 0);
    dentry_unref(w->dentry);
    DELETE(w);
}

int inotify_remove(struct file *f, int number)
{
    LIST_FOR_EACH(it, number_bucket(number))
    {
        struct watched *w = LIST_ENTRY(it, struct watched, by_number);
        if (w->number == number && w->owner == f->priv) {
            watched_end(w);
            return 0;
        }
    }
    return -EINVAL;
}
