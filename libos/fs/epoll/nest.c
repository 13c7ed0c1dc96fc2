/* SPDX-License-Identifier: Apache-2.0 */
/* Epoll files that watch epoll files: no circles, and at most so many levels as Linux has (fs/eventpoll.c,
 * EP_MAX_NESTS), because wake-ups go up through all of them at once. */
#include "epoll.h"

#define NESTS_MAX 4
#define TOO_DEEP (NESTS_MAX + 1)

static unsigned visit; /* the walk's number: no epoll is looked at twice in one */

/* How many levels of epolls there are below `e`; TOO_DEEP as well if one of them is `outer`. */
static unsigned below(struct epoll *e, const struct epoll *outer, unsigned level)
{
    if (e->visit == visit)
        return e->depth;
    unsigned depth = 0;
    e->visit = visit;
    LIST_FOR_EACH(it, &e->watches)
    {
        const struct file *f = LIST_ENTRY(it, struct watch, link)->file;
        if (!file_is_epoll(f))
            continue;
        unsigned here = TOO_DEEP;
        if (epoll_of(f) != outer && level < NESTS_MAX)
            here = 1 + below(epoll_of(f), outer, level + 1);
        depth = MAX(depth, here);
        if (depth > NESTS_MAX)
            break;
    }
    return e->depth = depth;
}

/* How many levels of epolls watch `e`. */
static unsigned above(struct epoll *e, unsigned level)
{
    if (e->visit == visit)
        return e->depth;
    unsigned depth = 0;
    e->visit = visit;
    for (struct watch *w = e->file->watches; w && level < NESTS_MAX; w = w->next)
        depth = MAX(depth, 1 + above(w->epoll, level + 1));
    return e->depth = depth;
}

bool nests_too_deep(struct epoll *outer, struct epoll *inner)
{
    visit++;
    unsigned depth = below(inner, outer, 0);
    if (depth > NESTS_MAX)
        return true;
    visit++;
    return depth + 1 + above(outer, 0) > NESTS_MAX;
}
