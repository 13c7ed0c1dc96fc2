/* SPDX-License-Identifier: Apache-2.0 */
/* SO_BINDTODEVICE: a name, empty for none. */
#ifndef SOCKET_DEVICE_H
#define SOCKET_DEVICE_H

#include <u2k/socket.h>

int socket_bind_to_device(struct socket *s, const char *name, unsigned len);
int socket_bind_to_index(struct socket *s, int32_t index); /* SO_BINDTOIFINDEX */
int socket_bound_device(const struct socket *s, char *name, unsigned *len);

#endif
