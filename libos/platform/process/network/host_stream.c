/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection of the host's as a socket of the program: each call is one of the host's, in place. The host's events
 * come edge by edge, so what poll() says is remembered; what is not known is asked.
 */
#include "../x86_64/hostcall.h"
#include "host_ports.h"
#include <u2k/errno.h>
#include <u2k/pages.h>
#include <u2k/string.h>
#include <u2k/uaccess.h>

enum { FIONREAD = 0x541b };
enum { KEEP_FLAGS = MSG_OOB | MSG_PEEK | MSG_TRUNC };

struct host_stream {
    struct watched watched; /* first */
    struct socket s;
    enum input input;
    bool room, ended, hung_up, failed;
    bool keepalive; /* as the host has been told */
    struct host_name peer;
    struct sockaddr_k own;
};

static struct host_stream *stream_of(struct socket *s)
{
    return CONTAINER_OF(s, struct host_stream, s);
}

/* What an error of the host's was: it tells once, by its own socket or by SO_ERROR of ours. */
static void learn_error(struct host_stream *h)
{
    int32_t error = 0;
    uint32_t len = sizeof(error);
    if (host_call(getsockopt, h->watched.fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error)
        h->s.error = error;
    h->failed = true;
}

static void stream_event(struct watched *w, uint32_t events)
{
    struct host_stream *h = CONTAINER_OF(w, struct host_stream, watched);
    unsigned wake = 0;
    if (events & HOST_EPOLLERR) {
        learn_error(h);
        wake |= POLLERR;
    }
    if (events & (HOST_EPOLLRDHUP | HOST_EPOLLHUP)) {
        h->ended = true;
        wake |= POLLRDHUP;
    }
    if (events & HOST_EPOLLHUP) {
        h->hung_up = true;
        wake |= POLLHUP;
    }
    if (events & (HOST_EPOLLIN | HOST_EPOLLRDHUP | HOST_EPOLLHUP | HOST_EPOLLERR)) {
        h->input = INPUT_THERE;
        wake |= POLLIN | POLLRDNORM;
    }
    /* The host says again that there is room when there is input: that is no event of the program's. */
    if (events & (HOST_EPOLLHUP | HOST_EPOLLERR) || (events & HOST_EPOLLOUT && !h->room)) {
        h->room = true;
        wake |= POLLOUT | POLLWRNORM;
    }
    if (wake)
        socket_wake(&h->s, wake);
}

static ssize_t stream_receive(struct socket *s, struct message *m)
{
    struct host_stream *h = stream_of(s);
    struct host_iovec v[VECTORS];
    unsigned count, flags = (m->flags & KEEP_FLAGS) | MSG_DONTWAIT;
    if (s->shut & SHUT_READING)
        return 0;
    size_t all = iter_vectors(m->data, PROT_WRITE, v, &count);
    if (!all && m->data->left)
        return -EFAULT;
    long n;
    if (count <= 1) {
        n = host_call(recvfrom, h->watched.fd, v[0].base, all, flags, 0, 0);
    } else {
        struct host_msghdr hdr = {.v = v, .count = count};
        n = host_call(recvmsg, h->watched.fd, &hdr, flags);
    }
    if (n == -EAGAIN)
        h->input = INPUT_NONE;
    if (n <= 0 && all && s->error) /* what came before it has been read */
        return socket_take_error(s);
    if (n < 0)
        return n;
    m->name_len = 0;
    if (!(m->flags & MSG_TRUNC)) /* tcp(7): those are thrown away */
        iter_skip(m->data, (size_t)n);
    if (n == 0 && all)
        h->ended = true;
    /* Less than there was room for is all there was (epoll(7), Q9); what is known to come after it stays known. */
    if (!(m->flags & (MSG_PEEK | MSG_OOB)))
        h->input = h->ended ? INPUT_THERE : (size_t)n < all ? INPUT_NONE : INPUT_UNKNOWN;
    return n;
}

static ssize_t stream_send(struct socket *s, struct message *m)
{
    struct host_stream *h = stream_of(s);
    struct host_iovec v[VECTORS];
    unsigned count, flags = (m->flags & (MSG_OOB | MSG_MORE)) | MSG_DONTWAIT | MSG_NOSIGNAL;
    if (s->error)
        return socket_take_error(s);
    size_t all = iter_vectors(m->data, PROT_READ, v, &count);
    if (!all && m->data->left)
        return -EFAULT;
    long n;
    if (count <= 1) {
        n = host_call(sendto, h->watched.fd, v[0].base, all, flags, 0, 0);
    } else {
        struct host_msghdr hdr = {.v = v, .count = count};
        n = host_call(sendmsg, h->watched.fd, &hdr, flags);
    }
    if (n == -EAGAIN || (n >= 0 && (size_t)n < all))
        h->room = false;
    if (n > 0)
        iter_skip(m->data, (size_t)n);
    return n;
}

static unsigned stream_poll(struct socket *s)
{
    struct host_stream *h = stream_of(s);
    if (h->input == INPUT_UNKNOWN) {
        uint8_t byte;
        long n = host_call(recvfrom, h->watched.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT, 0, 0);
        h->input = n == -EAGAIN ? INPUT_NONE : INPUT_THERE;
    }
    unsigned events = h->input == INPUT_THERE || s->shut & SHUT_READING ? POLLIN | POLLRDNORM : 0u;
    if (h->room)
        events |= POLLOUT | POLLWRNORM;
    bool ended = h->ended || s->shut & SHUT_READING;
    if (ended)
        events |= POLLRDHUP;
    if (h->hung_up || (ended && s->shut & SHUT_WRITING))
        events |= POLLHUP;
    return s->error ? events | POLLERR : events;
}

static int stream_shutdown(struct socket *s, int how)
{
    struct host_stream *h = stream_of(s);
    int error = (int)host_call(shutdown, h->watched.fd, how);
    if (error < 0)
        return error;
    s->shut |= (uint8_t)(how + 1); /* SHUT_RD .. SHUT_RDWR to bits */
    socket_wake(s, POLLIN | POLLOUT | POLLRDHUP | POLLHUP | POLLRDNORM | POLLWRNORM);
    return 0;
}

static int stream_name(struct socket *s, bool peer, struct sockaddr_k *out, unsigned *len)
{
    struct host_stream *h = stream_of(s);
    if (peer && h->failed && s->file) /* accept(2) tells whom it was, whatever came of it */
        return -ENOTCONN;
    *len = name_for(s->family, &h->peer, out);
    if (!peer)
        memcpy(out, &h->own, *len);
    return 0;
}

/* What only a socket that is not connected can do, with Linux's answers. */
static int stream_bind(struct socket *s, const struct sockaddr_k *a, unsigned len)
{
    (void)s, (void)a, (void)len;
    return -EINVAL;
}
static int stream_connect(struct socket *s, const struct sockaddr_k *a, unsigned len)
{
    (void)s, (void)a, (void)len;
    return -EISCONN;
}
static int stream_listen(struct socket *s, unsigned backlog)
{
    (void)s, (void)backlog;
    return -EINVAL;
}

/* Others than these would change nothing that the program can see, and are answered as Linux does. */
static int stream_setsockopt(struct socket *s, int level, int name, const void *value, unsigned len)
{
    enum { SOL_IP = 0, IP_TOS = 1, SOL_IPV6 = 41, IPV6_TCLASS = 67, TCP_LAST = 63 };
    if ((level == SOL_IP && name == IP_TOS) || (level == SOL_IPV6 && name == IPV6_TCLASS))
        return 0;
    if (level != IPPROTO_TCP || name <= 0 || name > TCP_LAST)
        return -ENOPROTOOPT;
    if (name > 31 || !(HOST_TCP_OPTIONS >> name & 1))
        return 0;
    return (int)host_call(setsockopt, stream_of(s)->watched.fd, level, name, value, len);
}

static int stream_getsockopt(struct socket *s, int level, int name, void *value, unsigned *len)
{
    if (level != IPPROTO_TCP)
        return -ENOPROTOOPT;
    uint32_t n = *len;
    int error = (int)host_call(getsockopt, stream_of(s)->watched.fd, level, name, value, &n);
    *len = n;
    return error;
}

static void set_option(struct host_stream *h, int name, const void *value, size_t len)
{
    (void)host_call(setsockopt, h->watched.fd, SOL_SOCKET, name, value, len);
}

static void stream_changed(struct socket *s)
{
    struct host_stream *h = stream_of(s);
    int32_t on = s->keepalive;
    if (s->keepalive == h->keepalive)
        return;
    h->keepalive = s->keepalive;
    set_option(h, SO_KEEPALIVE, &on, sizeof(on));
}

static long stream_ioctl(struct socket *s, unsigned request, vaddr_t arg)
{
    int32_t n = 0;
    if (request != FIONREAD)
        return -ENOTTY;
    long error = host_call(ioctl, stream_of(s)->watched.fd, FIONREAD, &n);
    return error < 0 ? error : USER_PUT(arg, n);
}

/* A linger of no time resets the connection (socket(7)); for any other the host goes on sending without us. */
static void stream_close(struct socket *s)
{
    struct host_stream *h = stream_of(s);
    const int32_t now[2] = {1, 0};
    if (s->linger && s->linger_seconds == 0)
        set_option(h, SO_LINGER, now, sizeof(now));
    (void)host_call(close, h->watched.fd);
    DELETE(h);
}

static const struct socket_ops stream_ops = {
    .bind = stream_bind,
    .connect = stream_connect,
    .listen = stream_listen,
    .name = stream_name,
    .send = stream_send,
    .receive = stream_receive,
    .shutdown = stream_shutdown,
    .poll = stream_poll,
    .setsockopt = stream_setsockopt,
    .getsockopt = stream_getsockopt,
    .ioctl = stream_ioctl,
    .changed = stream_changed,
    .close = stream_close,
};

int host_stream_new(int fd, const struct host_port *p, const struct host_name *from,
                    struct socket **out)
{
    struct socket *listener = p->socket;
    struct host_stream *h = NEW(struct host_stream);
    unsigned len;
    if (!h)
        return -ENOMEM;
    h->watched = (struct watched){fd, stream_event};
    h->peer = *from;
    h->input = INPUT_UNKNOWN;
    h->room = true;
    socket_init(&h->s, &stream_ops, listener->family, SOCK_STREAM, IPPROTO_TCP);
    h->s.state = SOCKET_CONNECTED;
    h->s.linger = listener->linger;
    h->s.linger_seconds = listener->linger_seconds;
    h->s.keepalive = listener->keepalive;
    stream_changed(&h->s);
    int error = p->below->name(listener, false, &h->own, &len);
    name_fill(&h->own);
    if (error == 0)
        error = host_watch(&h->watched, HOST_EPOLLIN | HOST_EPOLLOUT | HOST_EPOLLRDHUP);
    if (error < 0) {
        DELETE(h);
        return error;
    }
    *out = &h->s;
    return 0;
}
