/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets that nobody can reach any more: each is held by a message only, which waits in such a socket. They are found
 * when a socket is closed, and before descriptors are refused as too many: what a descriptor or another socket
 * holds is alive, and so is what waits there; the messages of the rest are dropped.
 */
#include "unix.h"

#include <u2k/optional.h>

struct list unix_sockets = LIST_INIT(unix_sockets);

static struct unix_socket *socket_in(struct file *f)
{
    struct socket *s = socket_of(f);
    return s && s->family == AF_UNIX ? unix_of(s) : NULL;
}

static void for_each_held(struct unix_socket *u,
                          void (*fn)(struct unix_socket *held, struct list *todo),
                          struct list *todo)
{
    LIST_FOR_EACH(it, &u->received)
    {
        const struct unix_rights *r = LIST_ENTRY(it, struct unix_message, link)->rights;
        for (unsigned i = 0; r && i < r->count; i++) {
            struct unix_socket *held = socket_in(r->files[i]);
            if (held)
                fn(held, todo);
        }
    }
}

static void count(struct unix_socket *held, struct list *todo)
{
    (void)todo;
    held->in_flight++;
}

static void reach(struct unix_socket *u, struct list *todo)
{
    if (u->reached)
        return;
    u->reached = true;
    list_push_back(todo, &u->collect_link);
}

/* From those that have a descriptor: what waits in them, and in connections that they have not accepted. */
static void reach_all(void)
{
    struct list todo = LIST_INIT(todo);
    LIST_FOR_EACH(it, &unix_sockets)
    {
        struct unix_socket *u = LIST_ENTRY(it, struct unix_socket, all_link);
        if (u->s.file && u->s.file->refs > u->in_flight)
            reach(u, &todo);
    }
    while (!list_empty(&todo)) {
        struct unix_socket *u = LIST_ENTRY(todo.next, struct unix_socket, collect_link);
        list_remove(&u->collect_link);
        for_each_held(u, reach, &todo);
        LIST_FOR_EACH(it, &u->pending)
        reach(LIST_ENTRY(it, struct unix_socket, pending_link), &todo);
    }
}

static void take_messages(struct unix_socket *u, struct list *out)
{
    while (!list_empty(&u->received)) {
        struct unix_message *m = LIST_ENTRY(u->received.next, struct unix_message, link);
        unix_take(u, m);
        list_push_back(out, &m->link);
    }
}

OPTIONAL void unix_collect(void)
{
    static bool busy;
    struct list dead = LIST_INIT(dead);
    if (busy)
        return;
    busy = true;
    LIST_FOR_EACH(it, &unix_sockets)
    {
        struct unix_socket *u = LIST_ENTRY(it, struct unix_socket, all_link);
        u->in_flight = 0;
        u->reached = false;
    }
    LIST_FOR_EACH(it, &unix_sockets)
    for_each_held(LIST_ENTRY(it, struct unix_socket, all_link), count, NULL);
    reach_all();
    LIST_FOR_EACH(it, &unix_sockets)
    {
        struct unix_socket *u = LIST_ENTRY(it, struct unix_socket, all_link);
        if (!u->reached)
            take_messages(u, &dead);
    }
    while (!list_empty(&dead)) {
        struct unix_message *m = LIST_ENTRY(dead.next, struct unix_message, link);
        list_remove(&m->link);
        unix_message_free(m);
    }
    busy = false;
}

IF_LINKED(sys_sendmsg, unix_collect, unlinked_nothing);
IF_LINKED(sys_sendmmsg, unix_collect, unlinked_nothing);
