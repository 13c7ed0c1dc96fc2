/* SPDX-License-Identifier: Apache-2.0 */
/* Options and ioctls that AF_UNIX has of its own. */
#include "unix.h"

#include <u2k/errno.h>
#include <u2k/string.h>
#include <u2k/termios.h>
#include <u2k/uaccess.h>

int unix_setsockopt(struct socket *s, int level, int name, const void *value, unsigned len)
{
    int32_t v;
    if (level != SOL_SOCKET)
        return -EOPNOTSUPP;
    if (name != SO_PASSCRED)
        return -ENOPROTOOPT;
    if (len < sizeof v)
        return -EINVAL;
    memcpy(&v, value, sizeof v);
    unix_of(s)->passcred = v != 0;
    return 0;
}

int unix_getsockopt(struct socket *s, int level, int name, void *value, unsigned *len)
{
    const struct unix_socket *u = unix_of(s);
    int32_t v = u->passcred;
    if (level != SOL_SOCKET)
        return -EOPNOTSUPP;
    switch (name) {
    case SO_PASSCRED:
        *len = MIN(*len, (unsigned)sizeof v);
        memcpy(value, &v, *len);
        return 0;
    case SO_PEERCRED:
        *len = MIN(*len, (unsigned)sizeof u->peer_cred);
        memcpy(value, &u->peer_cred, *len);
        return 0;
    default: return -ENOPROTOOPT;
    }
}

/* Bytes that the next reads give: of a stream all of them, of datagrams the first one's. */
static long readable(const struct unix_socket *u)
{
    long n = 0;
    if (u->s.state == SOCKET_LISTENING)
        return -EINVAL;
    LIST_FOR_EACH(it, &u->received)
    {
        n += LIST_ENTRY(it, struct unix_message, link)->len;
        if (!unix_connection(u))
            break;
    }
    return n;
}

long unix_ioctl(struct socket *s, unsigned request, vaddr_t arg)
{
    const struct unix_socket *u = unix_of(s);
    long n = request == FIONREAD ? readable(u) : request == TIOCOUTQ ? (long)u->charged : -ENOTTY;
    int32_t v = (int32_t)n;
    return n < 0 ? n : USER_PUT(arg, v);
}
