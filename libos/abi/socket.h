/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments of the calls on sockets. */
#ifndef ABI_SOCKET_H
#define ABI_SOCKET_H

#include "file.h"

#include <u2k/socket.h>

/* A descriptor's socket: -EBADF, -ENOTSOCK. The file is held. */
int socket_get(int fd, struct file **f, struct socket **s);

static inline bool socket_dontwait(const struct file *f)
{
    return (f->flags & O_NONBLOCK) != 0;
}

/* An address out of the program's memory: -EINVAL, -EFAULT. */
int name_from_user(vaddr_t at, int len, struct sockaddr_k *out);
/* An address into the program's memory: cut to the int at `len_at`, which gets its whole length. */
int name_to_user(const struct sockaddr_k *name, unsigned len, vaddr_t at, vaddr_t len_at);

#endif
