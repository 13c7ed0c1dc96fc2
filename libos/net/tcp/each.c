/* SPDX-License-Identifier: Apache-2.0 */
/* All connections, listeners and what is left of some, for /proc/net: u2k/netinfo.h. */
#include <u2k/netinfo.h>

#include "tcp.h"

struct visit {
    inet_each_fn fn;
    void *arg;
};

static void visit(struct tcp_link *l, void *arg)
{
    const struct visit *v = arg;
    const struct tcp_tuple *tuple = tcp_tuple_of(l);
    struct inet_info info = {
        .local = tuple->local,
        .peer = tuple->peer,
        .local_port = tuple->local_port,
        .peer_port = tuple->peer_port,
        .state = l->kind == TCP_REQUEST ? TCP_SYN_RECEIVED : TCP_TIME_WAIT,
        .v6 = !ip_is_v4(&tuple->local),
    };

    if (l->kind == TCP_CONNECTION) {
        const struct tcp *t = tcp_of_link(l);
        info.s = &t->inet;
        info.state = t->state;
        info.v6 = t->inet.s.family == AF_INET6;
        if (t->state == TCP_LISTEN) {
            info.send_queue = t->listener->backlog;
            info.receive_queue = t->listener->ready_count;
        } else {
            info.send_queue = t->written - t->snd_una;
            info.receive_queue = t->rcv_nxt - t->copied;
        }
    } else if (l->kind == TCP_TIMEWAIT_RECORD) {
        info.v6 = ((const struct tcp_timewait *)(void *)l)->family == AF_INET6;
    }
    v->fn(&info, v->arg);
}

void tcp_each(inet_each_fn fn, void *arg)
{
    struct visit v = {fn, arg};

    tcp_table_each(visit, &v);
}
