/* SPDX-License-Identifier: Apache-2.0 */
/* sendmsg(2), recvmsg(2) and their many-message forms. */
#include "socket.h"

#include <u2k/clock.h>
#include <u2k/pages.h>

#define CONTROL_MAX 20480u /* net.core.optmem_max of old: what one call may give */

struct msghdr_k {
    vaddr_t name;
    int32_t name_len;
    uint32_t pad;
    vaddr_t iov;
    uint64_t iov_count;
    vaddr_t control;
    uint64_t control_len;
    uint32_t flags, pad2;
};
struct mmsghdr_k {
    struct msghdr_k hdr;
    uint32_t len, pad;
};

/* The header, and the buffers that it names. */
static int message_begin(vaddr_t at, struct msghdr_k *h, struct buffers *b)
{
    if (user_read(h, at, sizeof *h) < 0)
        return -EFAULT;
    if (!h->name)
        h->name_len = 0;
    if (h->name_len < 0)
        return -EINVAL;
    if (h->iov_count > IOV_MAX)
        return -EMSGSIZE;
    return buffers_many(b, h->iov, (long)h->iov_count);
}

static long send_with(struct socket *s, struct message *m, const struct msghdr_k *h)
{
    _Alignas(8) uint8_t few[256];
    if (h->control_len > CONTROL_MAX)
        return -ENOBUFS;
    uint8_t *given = h->control_len > sizeof few ? heap_alloc(h->control_len) : few;
    if (!given)
        return -ENOBUFS;
    struct control c = {.given = given, .given_len = h->control_len};
    m->control = &c;
    long n = user_read(given, h->control, h->control_len) < 0 ? -EFAULT : socket_send(s, m);
    if (given != few)
        heap_free(given, h->control_len);
    return n;
}

static long send_one(struct socket *s, vaddr_t at, unsigned flags)
{
    struct msghdr_k h;
    struct buffers b;
    struct sockaddr_k name;
    int err = message_begin(at, &h, &b);
    if (err < 0)
        return err;
    struct message m = {.data = &b.it, .flags = flags};
    if (h.name_len > 0) {
        m.name = &name;
        m.name_len = MIN((unsigned)h.name_len, (unsigned)sizeof name);
        err = name_from_user(h.name, (int)m.name_len, &name);
    }
    long n = err < 0 ? err : h.control && h.control_len ? send_with(s, &m, &h) : socket_send(s, &m);
    buffers_end(&b);
    return n;
}

static int put_results(vaddr_t at, const struct msghdr_k *h, const struct message *m,
                       const struct control *c)
{
    int32_t len = (int32_t)m->name_len;
    uint64_t used = c->used;
    if (h->name) {
        if (user_write(h->name, m->name, MIN((unsigned)h->name_len, m->name_len)) < 0 ||
            USER_PUT(at + offsetof(struct msghdr_k, name_len), len) < 0)
            return -EFAULT;
    }
    if (USER_PUT(at + offsetof(struct msghdr_k, flags), m->out_flags) < 0 ||
        USER_PUT(at + offsetof(struct msghdr_k, control_len), used) < 0)
        return -EFAULT;
    return 0;
}

static long receive_one(struct socket *s, vaddr_t at, unsigned flags)
{
    struct msghdr_k h;
    struct buffers b;
    struct sockaddr_k name;
    int err = message_begin(at, &h, &b);
    if (err < 0)
        return err;
    struct control c = {.at = h.control, .room = h.control ? h.control_len : 0};
    struct message m = {.data = &b.it,
                        .name = h.name ? &name : NULL,
                        .flags = flags,
                        .out_flags = flags & MSG_CMSG_CLOEXEC,
                        .control = &c};
    long n = socket_receive(s, &m);
    if (n >= 0 && (err = put_results(at, &h, &m, &c)) < 0)
        n = err;
    buffers_end(&b);
    return n;
}

static unsigned flags_for(const struct file *f, unsigned flags)
{
    return socket_dontwait(f) ? flags | MSG_DONTWAIT : flags;
}

// sendmsg: implemented
SYSCALL(sendmsg)
{
    struct file *f;
    struct socket *s;
    int err = socket_get(ARG(int, 0), &f, &s);
    if (err < 0)
        return err;
    long n = send_one(s, ARG(vaddr_t, 1), flags_for(f, ARG(unsigned, 2)));
    file_unref(f);
    return n;
}

// recvmsg: implemented
SYSCALL(recvmsg)
{
    struct file *f;
    struct socket *s;
    int err = socket_get(ARG(int, 0), &f, &s);
    if (err < 0)
        return err;
    long n = receive_one(s, ARG(vaddr_t, 1), flags_for(f, ARG(unsigned, 2)));
    file_unref(f);
    return n;
}

static int put_length(vaddr_t at, long n)
{
    uint32_t len = (uint32_t)n;
    return USER_PUT(at + offsetof(struct mmsghdr_k, len), len);
}

// sendmmsg: implemented
SYSCALL(sendmmsg)
{
    struct file *f;
    struct socket *s;
    unsigned count = MIN(ARG(unsigned, 2), (unsigned)IOV_MAX), done = 0;
    long n = socket_get(ARG(int, 0), &f, &s);
    if (n < 0)
        return n;
    for (; done < count; done++) {
        vaddr_t at = ARG(vaddr_t, 1) + done * sizeof(struct mmsghdr_k);
        n = send_one(s, at, flags_for(f, ARG(unsigned, 3)));
        if (n < 0 || (n = put_length(at, n)) < 0)
            break;
    }
    file_unref(f);
    return done > 0 ? (long)done : n;
}

static long receive_many(const struct syscall *sc, struct socket *s, unsigned flags,
                         uint64_t deadline)
{
    unsigned count = MIN(ARG(unsigned, 2), (unsigned)IOV_MAX), done = 0;
    long n = (flags & MSG_ERRQUEUE) ? 0 : socket_take_error(s);
    while (n >= 0 && done < count) {
        vaddr_t at = ARG(vaddr_t, 1) + done * sizeof(struct mmsghdr_k);
        n = receive_one(s, at, flags & ~(unsigned)MSG_WAITFORONE);
        if (n < 0 || (n = put_length(at, n)) < 0)
            break;
        done++;
        if (flags & MSG_WAITFORONE)
            flags |= MSG_DONTWAIT;
        if (deadline != TIME_NEVER && clock_monotonic() >= deadline)
            break; /* looked at after each message only, as recvmmsg(2) owns up to */
    }
    if (done > 0 && n < 0 && n != -EAGAIN && n != -EFAULT && n != -ERESTARTSYS && n != -EINTR)
        s->error = (int32_t)-n;
    return done > 0 ? (long)done : n;
}

// recvmmsg: implemented
SYSCALL(recvmmsg)
{
    struct file *f;
    struct socket *s;
    struct timespec64 t;
    vaddr_t timeout = ARG(vaddr_t, 4);
    uint64_t deadline = TIME_NEVER;
    if (timeout && USER_GET(t, timeout) < 0)
        return -EFAULT;
    if (timeout && !timespec_valid(&t))
        return -EINVAL;
    if (timeout)
        deadline = time_add(clock_monotonic(), timespec_ns(&t));
    int err = socket_get(ARG(int, 0), &f, &s);
    if (err < 0)
        return err;
    long n = receive_many(sc, s, flags_for(f, ARG(unsigned, 3)), deadline);
    file_unref(f);
    if (n > 0 && timeout) {
        uint64_t now = clock_monotonic();
        t = ns_timespec(deadline > now ? deadline - now : 0);
        if (USER_PUT(timeout, t) < 0)
            return -EFAULT;
    }
    return n;
}
