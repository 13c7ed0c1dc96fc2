/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports of the host that stand for ports of the program (`u2k run -p` without a network of its own): on the process
 * platform the connections and datagrams that come to a host's socket are the program's. Implemented by
 * libos/platform/process/network; callers say IF_LINKED(network_option, ..., unlinked_nothing), since other
 * platforms have no such thing.
 */
#ifndef U2K_HOST_PORT_H
#define U2K_HOST_PORT_H

#include <u2k/socket.h>

/* A stream socket listens now, a datagram socket is bound now. If its port is one of the host's, and its address not
 * loopback only, s->ops becomes a table of the platform's that asks the protocol first and then the host; until
 * s->ops->close(). May be called again for the same socket. */
void plat_host_port(struct socket *s);

/* For net_poll(): what the host has to tell of these sockets. True: something. With `sleeps` it is left to
 * plat_idle(). */
bool plat_host_events(bool sleeps);

#endif
