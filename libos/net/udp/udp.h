/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UDP_UDP_H
#define UDP_UDP_H

#include <u2k/inet.h>

enum { UDP_HEADER = 8, UDP_LENGTH = 4, UDP_SUM = 6 };

extern struct inet_ports udp_ports;

ssize_t udp_send(struct socket *s, struct message *m);
ssize_t udp_receive_message(struct socket *s, struct message *m);

#endif
