/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Advisory locks (fcntl_locking(2), flock(2)). POSIX records belong to the process, so among
 * themselves they never conflict here; open file description records and flock(2) belong to a file.
 * flock does not see the others.
 */
#include <u2k/errno.h>
#include <u2k/fcntl.h>
#include <u2k/lock.h>
#include <u2k/optional.h>
#include <u2k/pages.h>

struct lock {
    struct list link; /* in inode->locks, by first byte for records */
    enum lock_kind kind;
    struct lock_range range;
    const struct file *owner; /* NULL for POSIX records */
};

static struct waitq released = {LIST_INIT(released.waiters)};

static const struct file *owner_of(const struct file *f, enum lock_kind kind)
{
    return kind == LOCK_POSIX ? NULL : f;
}

static bool same_space(enum lock_kind a, enum lock_kind b)
{
    return (a == LOCK_FLOCK) == (b == LOCK_FLOCK);
}

static bool overlap(const struct lock_range *a, const struct lock_range *b)
{
    return a->first <= b->last && b->first <= a->last;
}

static struct lock *conflict(struct file *f, enum lock_kind kind, const struct lock_range *want)
{
    LIST_FOR_EACH(it, &f->inode->locks)
    {
        struct lock *l = LIST_ENTRY(it, struct lock, link);
        if (same_space(kind, l->kind) && l->owner != owner_of(f, kind) &&
            overlap(&l->range, want) && (l->range.type == F_WRLCK || want->type == F_WRLCK))
            return l;
    }
    return NULL;
}

static void drop(struct lock *l)
{
    list_remove(&l->link);
    DELETE(l);
}

/* Cut [first, last] out of the owner's locks. `spare` is used up if one falls into two. */
static void cut(struct file *f, enum lock_kind kind, const struct lock_range *hole,
                struct lock **spare)
{
    LIST_FOR_EACH_SAFE(it, &f->inode->locks)
    {
        struct lock *l = LIST_ENTRY(it, struct lock, link);
        if (l->kind != kind || l->owner != owner_of(f, kind) || !overlap(&l->range, hole))
            continue;
        bool before = l->range.first<hole->first, after = l->range.last> hole->last;
        if (before && after) {
            struct lock *right = *spare;
            *spare = NULL;
            *right = *l;
            right->range.first = hole->last + 1;
            l->range.last = hole->first - 1;
            list_insert_after(&l->link, &right->link);
        } else if (before) {
            l->range.last = hole->first - 1;
        } else if (after) {
            l->range.first = hole->last + 1;
        } else {
            drop(l);
        }
    }
}

/* Put the lock in, joined with neighbours of the same owner and type. */
static void insert(struct file *f, struct lock *add)
{
    struct list *at = &f->inode->locks;
    LIST_FOR_EACH_SAFE(it, &f->inode->locks)
    {
        struct lock *l = LIST_ENTRY(it, struct lock, link);
        bool mine =
            l->kind == add->kind && l->owner == add->owner && l->range.type == add->range.type;
        if (mine && l->range.last != UINT64_MAX && l->range.last + 1 == add->range.first) {
            add->range.first = l->range.first;
            drop(l);
        } else if (mine && add->range.last != UINT64_MAX && add->range.last + 1 == l->range.first) {
            add->range.last = l->range.last;
            drop(l);
        } else if (l->range.first <= add->range.first) {
            at = it;
        }
    }
    list_insert_after(at, &add->link);
}

int lock_set(struct file *f, enum lock_kind kind, struct lock_range want, bool wait)
{
    struct lock *add = NEW(struct lock), *spare = NEW(struct lock);
    int err = add && spare ? 0 : -ENOLCK;
    while (err == 0 && want.type != F_UNLCK && conflict(f, kind, &want)) {
        if (kind == LOCK_FLOCK) { /* flock(2): changing the type may lose the old lock */
            cut(f, kind, &want, &spare);
            waitq_wake_all(&released);
            if (!conflict(f, kind, &want))
                break;
        }
        if (!wait)
            err = -EAGAIN;
        else if (wait_on(&released, TIME_NEVER, true) == -EINTR)
            err = -ERESTARTSYS;
    }
    if (err == 0) {
        cut(f, kind, &want, &spare);
        if (want.type != F_UNLCK) {
            *add = (struct lock){.kind = kind, .range = want, .owner = owner_of(f, kind)};
            list_init(&add->link);
            insert(f, add);
            add = NULL;
        }
        waitq_wake_all(&released);
    }
    if (add)
        DELETE(add);
    if (spare)
        DELETE(spare);
    return err;
}

bool lock_test(struct file *f, enum lock_kind kind, struct lock_range want,
               struct lock_range *found, enum lock_kind *found_kind)
{
    const struct lock *l = conflict(f, kind, &want);
    if (!l)
        return false;
    *found = l->range;
    *found_kind = l->kind;
    return true;
}

static void release(struct inode *i, enum lock_kind kind, const struct file *owner)
{
    LIST_FOR_EACH_SAFE(it, &i->locks)
    {
        struct lock *l = LIST_ENTRY(it, struct lock, link);
        if (owner ? l->owner == owner : l->kind == kind)
            drop(l);
    }
    waitq_wake_all(&released);
}

void lock_release_posix(struct inode *i)
{
    release(i, LOCK_POSIX, NULL);
}

void lock_release_file(struct file *f)
{
    release(f->inode, LOCK_OFD, f);
}

IF_LINKED(part_lock, lock_release_posix, unlinked_never);
IF_LINKED(part_lock, lock_release_file, unlinked_never);
