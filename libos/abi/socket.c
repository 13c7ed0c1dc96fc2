/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments of the calls on sockets. */
#include "socket.h"

int socket_get(int fd, struct file **f, struct socket **s)
{
    *f = fd_get_io(fd);
    if (!*f)
        return -EBADF;
    *s = socket_of(*f);
    if (*s)
        return 0;
    file_unref(*f);
    return -ENOTSOCK;
}

int name_from_user(vaddr_t at, int len, struct sockaddr_k *out)
{
    if (len < 0 || (size_t)len > sizeof *out)
        return -EINVAL;
    return user_read(out, at, (size_t)len);
}

int name_to_user(const struct sockaddr_k *name, unsigned len, vaddr_t at, vaddr_t len_at)
{
    int32_t room;
    if (USER_GET(room, len_at) < 0)
        return -EFAULT;
    if (room < 0)
        return -EINVAL;
    if (user_write(at, name, MIN((unsigned)room, len)) < 0)
        return -EFAULT;
    return USER_PUT(len_at, len);
}
