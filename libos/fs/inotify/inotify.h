/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of fs/inotify share: watches, and the queues of events that they fill. */
#ifndef FS_INOTIFY_H
#define FS_INOTIFY_H

#include <u2k/inotify.h>

/* An event as it is read, and its place in a queue. Its name stands behind it. */
struct event {
    struct list link;
    struct inotify_event_k {
        int32_t number;
        uint32_t mask, cookie, len; /* of the name, with zeros up to a multiple of 16 */
    } head;
};

static inline char *event_name(struct event *e)
{
    return (char *)(e + 1);
}

struct inotify {
    struct list watches, events;
    unsigned event_count;
    size_t bytes; /* that the events take when they are read */
    int last_number;
    struct event overflow; /* in the queue, or by itself */
    struct waitq wait;
};

/* One watched inode; the dentry keeps it, so that its name is still found with the same inode. */
struct watched {
    struct list by_inode, by_number; /* in the tables' buckets */
    struct list link;                /* in inotify->watches */
    struct inotify *owner;
    struct dentry *dentry;
    struct inode *inode;
    int number;
    uint32_t mask; /* IN_ALL_EVENTS, IN_EXCL_UNLINK, IN_ONESHOT */
};

extern unsigned watched_count;
struct list *watched_bucket(const struct inode *i); /* of by_inode */
void watched_end(struct watched *w); /* with IN_IGNORED */

/* Into the queue; what has no room there is an overflow. */
void event_add(struct inotify *n, int number, uint32_t mask, uint32_t cookie, const char *name,
               size_t len);

#endif
