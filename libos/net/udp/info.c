/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc/net/udp and netlink tell of UDP sockets. */
#include "udp.h"

#include <u2k/netinfo.h>

void udp_each(inet_each_fn fn, void *arg)
{
    enum { CONNECTED = 1, NOT_CONNECTED = 7 }; /* TCP's numbers for established and closed */

    for (unsigned n = 0; udp_ports.started && n < PORT_BUCKETS; n++) {
        LIST_FOR_EACH(it, &udp_ports.bucket[n])
        {
            struct inet_socket *s = LIST_ENTRY(it, struct inet_socket, port_link);
            const struct inet_info info = {
                .s = s,
                .local = s->local,
                .peer = s->peer,
                .local_port = s->local_port,
                .peer_port = s->peer_port,
                .state = s->s.state == SOCKET_CONNECTED ? CONNECTED : NOT_CONNECTED,
                .v6 = s->s.family == AF_INET6,
                .receive_queue = datagram_of(&s->s)->queued,
            };
            fn(&info, arg);
        }
    }
}
