/* SPDX-License-Identifier: Apache-2.0 */
/* Making sockets, names, connections. */
#include "socket.h"

#include <u2k/host_port.h>
#include <u2k/netdev.h>
#include <u2k/optional.h>

enum { TYPE_MASK = 0xf, SOMAXCONN = 4096 /* net.core.somaxconn */ };

static int type_flags(int type)
{
    return (type & ~TYPE_MASK & ~(O_CLOEXEC | O_NONBLOCK)) ? -EINVAL : type & ~TYPE_MASK;
}

/* A descriptor for a new socket, which is closed if there is none. */
static int install(struct socket *s, int flags)
{
    struct file *f;
    int err = socket_file(s, (unsigned)flags, &f);
    if (err == 0)
        return fd_install(f, 0, flags & O_CLOEXEC);
    s->ops->close(s);
    return err;
}

// socket: implemented
SYSCALL(socket)
{
    struct socket *s;
    int flags = type_flags(ARG(int, 1));
    if (flags < 0)
        return flags;
    int err = socket_create(ARG(int, 0), ARG(int, 1) & TYPE_MASK, ARG(int, 2), &s);
    return err < 0 ? err : install(s, flags);
}

// socketpair: implemented
SYSCALL(socketpair)
{
    struct socket *pair[2];
    int32_t fd[2];
    int flags = type_flags(ARG(int, 1));
    if (flags < 0)
        return flags;
    if (ARG(int, 0) != AF_UNIX)
        return ARG(int, 0) == AF_INET || ARG(int, 0) == AF_INET6 ? -EOPNOTSUPP : -EAFNOSUPPORT;
    int err = unix_pair(ARG(int, 1) & TYPE_MASK, ARG(int, 2), pair);
    if (err < 0)
        return err;
    if ((fd[0] = install(pair[0], flags)) < 0) {
        pair[1]->ops->close(pair[1]);
        return fd[0];
    }
    if ((fd[1] = install(pair[1], flags)) < 0) {
        fd_close(fd[0]);
        return fd[1];
    }
    if (user_write(ARG(vaddr_t, 3), fd, sizeof fd) == 0)
        return 0;
    fd_close(fd[0]);
    fd_close(fd[1]);
    return -EFAULT;
}

// bind: implemented
SYSCALL(bind)
{
    struct sockaddr_k name;
    struct file *f;
    struct socket *s;
    int err = socket_get(ARG(int, 0), &f, &s);
    if (err < 0)
        return err;
    err = name_from_user(ARG(vaddr_t, 1), ARG(int, 2), &name);
    if (err == 0)
        err = s->ops->bind ? s->ops->bind(s, &name, ARG(unsigned, 2)) : -EOPNOTSUPP;
    if (err == 0 && s->type == SOCK_DGRAM)
        plat_host_port(s);
    file_unref(f);
    return err;
}

// listen: implemented
SYSCALL(listen)
{
    struct file *f;
    struct socket *s;
    int err = socket_get(ARG(int, 0), &f, &s);
    if (err < 0)
        return err;
    err = s->ops->listen ? s->ops->listen(s, MIN(ARG(unsigned, 1), (unsigned)SOMAXCONN))
                         : -EOPNOTSUPP;
    if (err == 0)
        plat_host_port(s);
    file_unref(f);
    return err;
}

IF_LINKED(network_option, plat_host_port, unlinked_nothing);

// connect: implemented
SYSCALL(connect)
{
    struct sockaddr_k name;
    struct file *f;
    struct socket *s;
    int err = socket_get(ARG(int, 0), &f, &s);
    if (err < 0)
        return err;
    err = name_from_user(ARG(vaddr_t, 1), ARG(int, 2), &name);
    if (err == 0)
        err = socket_connect(s, &name, ARG(unsigned, 2), socket_dontwait(f));
    file_unref(f);
    return err;
}

static long do_accept(const struct syscall *sc, int flags)
{
    vaddr_t at = ARG(vaddr_t, 1);
    struct sockaddr_k name;
    unsigned len = 0;
    struct file *f;
    struct socket *s, *made;
    if (flags & ~(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    int err = socket_get(ARG(int, 0), &f, &s);
    if (err < 0)
        return err;
    /* Who waits to be accepted goes on waiting when there is no descriptor for it. */
    err = fd_available();
    if (err == 0)
        err = socket_accept(s, socket_dontwait(f), &made);
    file_unref(f);
    if (err < 0)
        return err;
    int named = at ? made->ops->name(made, true, &name, &len) : 0;
    if (named < 0) {
        made->ops->close(made);
        return -ECONNABORTED;
    }
    int fd = install(made, flags);
    if (fd < 0 || !at)
        return fd;
    err = name_to_user(&name, len, at, ARG(vaddr_t, 2));
    if (err == 0)
        return fd;
    fd_close(fd);
    return err;
}

// accept: implemented
SYSCALL(accept)
{
    return do_accept(sc, 0);
}

// accept4: implemented
SYSCALL(accept4)
{
    return do_accept(sc, ARG(int, 3));
}

static long get_name(const struct syscall *sc, bool peer)
{
    struct sockaddr_k name;
    unsigned len;
    struct file *f;
    struct socket *s;
    int err = socket_get(ARG(int, 0), &f, &s);
    if (err < 0)
        return err;
    err = s->ops->name(s, peer, &name, &len);
    if (err == 0)
        err = name_to_user(&name, len, ARG(vaddr_t, 1), ARG(vaddr_t, 2));
    file_unref(f);
    return err;
}

// getsockname: implemented
SYSCALL(getsockname)
{
    return get_name(sc, false);
}

// getpeername: implemented
SYSCALL(getpeername)
{
    return get_name(sc, true);
}

// shutdown: implemented
SYSCALL(shutdown)
{
    int how = ARG(int, 1);
    struct file *f;
    struct socket *s;
    int err = socket_get(ARG(int, 0), &f, &s);
    if (err < 0)
        return err;
    if (how < SHUT_RD || how > SHUT_RDWR)
        err = -EINVAL;
    else
        err = s->ops->shutdown ? s->ops->shutdown(s, how) : -EOPNOTSUPP;
    net_settle();
    file_unref(f);
    return err;
}
