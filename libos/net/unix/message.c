/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent and not yet received: whole pages, or less out of the heap. */
#include "unix.h"

#include <u2k/pages.h>

#define HEAP_MAX 1024u

struct unix_message *unix_message_new(struct unix_socket *from, size_t room)
{
    size_t size = sizeof(struct unix_message) + room;
    struct unix_message *m;
    if (size > HEAP_MAX) {
        size = ALIGN_UP(size, PAGE_SIZE);
        m = pages_alloc(size / PAGE_SIZE, PAGES_ANY);
    } else {
        m = heap_alloc(size);
    }
    if (!m)
        return NULL;
    *m = (struct unix_message){.from = unix_ref(from), .size = (uint32_t)size};
    m->room = (uint32_t)(size - sizeof *m);
    from->charged += m->size;
    return m;
}

static void free_now(struct unix_message *m)
{
    struct unix_socket *from = m->from;
    from->charged -= m->size;
    unix_rights_free(m->rights);
    if (m->size > HEAP_MAX)
        pages_free(m, m->size / PAGE_SIZE);
    else
        heap_free(m, m->size);
    if (unix_writable(from))
        socket_wake(&from->s, POLLOUT | POLLWRNORM | POLLWRBAND);
    unix_unref(from);
}

/* A descriptor in it may be the last one of a socket with messages of its own, and so on: one after the other, whatever
 * the stack has room for. */
void unix_message_free(struct unix_message *m)
{
    static struct list waiting = LIST_INIT(waiting);
    static bool busy;
    if (!m->rights) {
        free_now(m);
        return;
    }
    list_push_back(&waiting, &m->link);
    if (busy)
        return;
    busy = true;
    while (!list_empty(&waiting)) {
        m = LIST_ENTRY(waiting.next, struct unix_message, link);
        list_remove(&m->link);
        free_now(m);
    }
    busy = false;
}

void unix_deliver(struct unix_socket *to, struct unix_message *m)
{
    list_push_back(&to->received, &m->link);
    to->received_count++;
    socket_wake(&to->s, POLLIN | POLLRDNORM);
}

void unix_take(struct unix_socket *u, struct unix_message *m)
{
    list_remove(&m->link);
    u->received_count--;
    if (!list_empty(&u->blocked))
        unix_wake_blocked(u);
}
