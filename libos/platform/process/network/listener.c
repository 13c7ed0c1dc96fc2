/* SPDX-License-Identifier: Apache-2.0 */
/* A listening socket of the program that also gets the connections of the host's port. */
#include "../x86_64/hostcall.h"
#include "host_ports.h"
#include <u2k/errno.h>

enum { HOST_SOCK_NONBLOCK = 04000, HOST_SOCK_CLOEXEC = 02000000 };

/* Whether a connection waits shows only by taking it: 1, 0, or why not (-EMFILE ...). */
static int take(struct host_port *p)
{
    if (p->accepted >= 0)
        return 1;
    if (p->input == INPUT_NONE)
        return 0;
    p->accepted_from.len = NAME_ROOM;
    long fd = host_call(accept4, p->watched.fd, p->accepted_from.bytes, &p->accepted_from.len,
                        HOST_SOCK_NONBLOCK | HOST_SOCK_CLOEXEC);
    if (fd == -EAGAIN) {
        p->input = INPUT_NONE;
        return 0;
    }
    if (fd < 0)
        return (int)fd;
    p->accepted = (int)fd;
    return 1;
}

static int listener_accept(struct socket *s, struct socket **out)
{
    struct host_port *p = port_of(s);
    int error = p->below->accept(s, out);
    if (error != -EAGAIN)
        return error;
    int taken = take(p);
    while (taken == 0 && p->also)
        taken = take(p = p->also);
    if (taken <= 0)
        return taken == 0 ? -EAGAIN : taken;
    error = host_stream_new(p->accepted, p, &p->accepted_from, out);
    if (error < 0)
        (void)host_call(close, p->accepted);
    p->accepted = -1;
    return error;
}

static unsigned listener_poll(struct socket *s)
{
    struct host_port *p = port_of(s);
    unsigned events = p->below->poll(s);
    if (s->state != SOCKET_LISTENING)
        return events;
    for (; p; p = p->also)
        if (take(p) != 0)
            return events | POLLIN | POLLRDNORM;
    return events;
}

static void listener_close(struct socket *s)
{
    host_ports_detach(s);
    s->ops->close(s);
}

void listener_event(struct watched *w, uint32_t events)
{
    struct host_port *p = CONTAINER_OF(w, struct host_port, watched);
    (void)events;
    p->input = INPUT_THERE;
    if (p->socket)
        socket_wake(p->socket, POLLIN | POLLRDNORM);
}

void listener_attach(struct host_port *p)
{
    p->ops.accept = listener_accept;
    p->ops.poll = listener_poll;
    p->ops.close = listener_close;
}
