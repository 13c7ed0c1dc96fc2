/* SPDX-License-Identifier: Apache-2.0 */
/* Intrusive doubly linked list with a sentinel. A node that is in no list points at itself. */
#ifndef U2K_LIST_H
#define U2K_LIST_H

#include <u2k/types.h>

struct list {
    struct list *next, *prev;
};

#define LIST_INIT(l) {&(l), &(l)}

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}
static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}

static inline void list_insert_after(struct list *at, struct list *node)
{
    node->prev = at;
    node->next = at->next;
    at->next->prev = node;
    at->next = node;
}

static inline void list_push_front(struct list *l, struct list *node)
{
    list_insert_after(l, node);
}
static inline void list_push_back(struct list *l, struct list *node)
{
    list_insert_after(l->prev, node);
}

static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

#define LIST_ENTRY(ptr, type, member) CONTAINER_OF(ptr, type, member)
#define LIST_FOR_EACH(it, l) for (struct list *it = (l)->next; it != (l); it = it->next)
#define LIST_FOR_EACH_SAFE(it, l) \
    for (struct list *it = (l)->next, *it##_next = it->next; it != (l); \
         it = it##_next, it##_next = it->next)

#endif
