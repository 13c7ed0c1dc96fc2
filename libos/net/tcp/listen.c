/* SPDX-License-Identifier: Apache-2.0 */
/* Listeners: listen(2), accept(2), SYNs (RFC 9293, 3.10.7.2). */
#include "tcp.h"

#define SOMAXCONN 4096u

static int start(struct tcp *t, unsigned backlog)
{
    struct inet_socket *s = &t->inet;

    if (t->state != TCP_LISTEN) {
        if (t->state != TCP_CLOSED || s->s.state == SOCKET_CONNECTED)
            return -EINVAL;
        int err = s->bound ? 0 : inet_autobind(&tcp_ports, s, NULL);
        if (err < 0)
            return err;
        struct tcp_listener *l = NEW(struct tcp_listener);
        if (!l)
            return -ENOMEM;
        enum socket_state before = s->s.state;
        s->s.state = SOCKET_LISTENING;
        if (inet_conflict(&tcp_ports, s)) {
            s->s.state = (uint8_t)before;
            DELETE(l);
            return -EADDRINUSE;
        }
        list_init(&l->ready);
        list_init(&l->requests);
        l->defer = t->defer_accept;
        t->listener = l;
        t->state = TCP_LISTEN;
        s->s.shut = 0;
        tcp_listener_add(t);
    }
    t->listener->backlog = MIN(backlog, SOMAXCONN);
    return 0;
}

int tcp_listen(struct socket *s, unsigned backlog)
{
    tcp_enter();
    int err = start(tcp_of(s), backlog);
    tcp_leave();
    return err;
}

bool tcp_accept_full(const struct tcp *listener)
{
    return listener->listener->ready_count > listener->listener->backlog;
}

void tcp_ready(struct tcp *t, struct tcp *listener)
{
    struct tcp_listener *l = listener->listener;

    list_push_back(&l->ready, &t->accept_link);
    l->ready_count++;
    socket_wake(&listener->inet.s, POLLIN | POLLRDNORM);
}

int tcp_accept(struct socket *s, struct socket **out)
{
    struct tcp *t = tcp_of(s);

    if (t->state != TCP_LISTEN)
        return -EINVAL;
    struct tcp_listener *l = t->listener;
    if (list_empty(&l->ready))
        return -EAGAIN;
    struct tcp *child = LIST_ENTRY(l->ready.next, struct tcp, accept_link);
    list_remove(&child->accept_link);
    l->ready_count--;
    child->parent = NULL;
    child->accepted = true;
    *out = &child->inet.s;
    return 0;
}

void tcp_listen_close(struct tcp *t)
{
    struct tcp_listener *l = t->listener;

    tcp_listener_remove(t);
    while (!list_empty(&l->requests))
        tcp_request_free(LIST_ENTRY(l->requests.next, struct tcp_request, listener_link));
    while (!list_empty(&l->ready)) {
        struct tcp *child = LIST_ENTRY(l->ready.next, struct tcp, accept_link);
        list_remove(&child->accept_link);
        if (child->state != TCP_CLOSED) {
            tcp_send_reset(child);
            tcp_done(child);
        }
        child->parent = NULL;
        tcp_bury(child);
    }
    DELETE(l);
    list_init(&t->accept_link);
    t->state = TCP_CLOSED;
    t->inet.s.state = SOCKET_CLOSED;
}

void tcp_listen_input(struct tcp *listener, struct tcp_segment *seg)
{
    struct tcp_listener *l = listener->listener;
    struct tcp_request cookie;

    if (seg->flags & TCP_RST) {
        packet_free(seg->packet);
        return;
    }
    if (seg->flags & TCP_ACK) {
        if (!(seg->flags & TCP_SYN) && tcp_cookie_check(listener, seg, &cookie)) {
            if (!tcp_accept_full(listener)) {
                tcp_request_promote(&cookie, seg);
                return;
            }
        } else {
            tcp_reset_answer(seg);
        }
    } else if (seg->flags & TCP_SYN && !(seg->flags & TCP_FIN) && !tcp_accept_full(listener)) {
        if (l->request_count > l->backlog)
            tcp_cookie_send(listener, seg);
        else
            tcp_request_start(listener, seg);
    }
    packet_free(seg->packet);
}
