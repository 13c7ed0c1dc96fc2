/* SPDX-License-Identifier: Apache-2.0 */
/* A socket as an open file. */
#include <u2k/errno.h>
#include <u2k/fcntl.h>
#include <u2k/inet.h>
#include <u2k/netdev.h>
#include <u2k/optional.h>
#include <u2k/poll.h>
#include <u2k/socket.h>
#include <u2k/uaccess.h>

#define BUFFER_DEFAULT 212992u /* net.core.wmem_default, rmem_default */

void socket_init(struct socket *s, const struct socket_ops *ops, int family, int type, int protocol)
{
    s->ops = ops;
    s->family = (uint16_t)family;
    s->type = (uint16_t)type;
    s->protocol = (uint8_t)protocol;
    s->sndbuf = s->rcvbuf = BUFFER_DEFAULT;
    s->rcvlowat = 1;
    s->rcvtimeo = s->sndtimeo = TIME_NEVER;
    waitq_init(&s->wait);
}

void socket_error(struct socket *s, int error)
{
    s->error = error;
    socket_wake(s, POLLERR | POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM);
}

static unsigned wait_flag(const struct file *f)
{
    return (f->flags & O_NONBLOCK) ? MSG_DONTWAIT : 0u;
}

static ssize_t socket_read(struct file *f, struct iter *it, int64_t *pos)
{
    (void)pos;
    struct message m = {.data = it, .flags = wait_flag(f)};
    if (it->left == 0)
        return 0;
    return socket_receive(f->priv, &m);
}

static ssize_t socket_write(struct file *f, struct iter *it, int64_t *pos)
{
    (void)pos;
    struct message m = {.data = it, .flags = wait_flag(f)};
    return socket_send(f->priv, &m);
}

unsigned socket_poll(struct file *f, struct poll_set *set)
{
    struct socket *s = f->priv;
    poll_add(set, &s->wait);
    return s->ops->poll(s);
}

long socket_ioctl(struct file *f, unsigned request, vaddr_t arg)
{
    struct socket *s = f->priv;
    long result = s->ops->ioctl ? s->ops->ioctl(s, request, arg) : -ENOTTY;
    return result == -ENOTTY ? inet_ioctl(s, request, arg) : result;
}

static void socket_release(struct file *f)
{
    struct socket *s = f->priv;
    if (!s)
        return;
    s->file = NULL;
    s->ops->close(s);
    net_settle();
}

const struct file_ops socket_file_ops = {
    .read = socket_read,
    .write = socket_write,
    .poll = socket_poll,
    .ioctl = socket_ioctl,
    .release = socket_release,
    .send_pages = socket_send_pages,
};

int socket_file(struct socket *s, unsigned flags, struct file **out)
{
    struct file *f = file_anonymous(&socket_file_ops, S_IFSOCK | 0777, "socket", s,
                                    O_RDWR | (flags & (unsigned)O_NONBLOCK));
    if (!f)
        return -ENOMEM;
    s->file = f;
    *out = f;
    return 0;
}

struct socket *socket_of(struct file *f)
{
    return f->ops == &socket_file_ops ? f->priv : NULL;
}

IF_LINKED(file_poll, socket_poll, unlinked_never);
IF_LINKED(sys_ioctl, socket_ioctl, unlinked_never);
