/* SPDX-License-Identifier: Apache-2.0 */
/* Options of SOL_SOCKET (socket(7)), with Linux's clamps. */

#include "device.h"

#include <u2k/clock.h>
#include <u2k/errno.h>
#include <u2k/process.h>
#include <u2k/socket.h>
#include <u2k/string.h>

#define BUFFER_MAX (4u << 20) /* net.core.wmem_max, rmem_max */
#define SNDBUF_MIN 4608u
#define RCVBUF_MIN 2304u
#define PRIORITY_MAX 6 /* what needs no CAP_NET_ADMIN */

struct linger_k {
    int32_t on, seconds;
};

static uint32_t buffer_size(int32_t value, uint32_t least, bool forced)
{
    uint32_t size = (uint32_t)value;
    if (forced)
        size = value < 0 ? 0 : MIN(size, (uint32_t)INT32_MAX / 2);
    else
        size = MIN(size, BUFFER_MAX);
    return MAX(size * 2, least);
}

static int set_timeout(uint64_t *out, const void *value, unsigned len)
{
    struct timespec64 t; /* struct timeval: microseconds */
    if (len < sizeof t)
        return -EINVAL;
    memcpy(&t, value, sizeof t);
    if (t.nsec < 0 || t.nsec >= 1000000)
        return -EDOM;
    t.nsec *= 1000;
    if (t.sec < 0) {
        *out = 0;
        return 0;
    }
    uint64_t ns = timespec_ns(&t);
    *out = ns == 0 || ns == TIME_NEVER - 1 ? TIME_NEVER : ns;
    return 0;
}

static int get_timeout(uint64_t ns, void *value, unsigned *len)
{
    struct timespec64 t = ns == TIME_NEVER ? (struct timespec64){0} : ns_timespec(ns);
    t.nsec /= 1000;
    *len = MIN(*len, (unsigned)sizeof t);
    memcpy(value, &t, *len);
    return 0;
}

static int set_linger(struct socket *s, const void *value, unsigned len)
{
    struct linger_k l;
    if (len < sizeof l)
        return -EINVAL;
    memcpy(&l, value, sizeof l);
    s->linger = l.on != 0;
    if (l.on)
        s->linger_seconds = (uint32_t)l.seconds;
    return 0;
}

/* Of datagrams of IP and frames; SO_TIMESTAMPING, which is of devices, is not there. */
static int set_timestamp(struct socket *s, int name, bool on)
{
    if (s->type == SOCK_STREAM || s->family == AF_UNIX || s->family == AF_NETLINK)
        return -ENOPROTOOPT;
    s->timestamp = on ? (uint8_t)name : 0;
    return 0;
}

/* A flag, an integer. */
static int set_number(struct socket *s, int name, int32_t v)
{
    switch (name) {
    case SO_REUSEADDR: s->reuseaddr = v != 0; return 0;
    case SO_REUSEPORT: s->reuseport = v != 0; return 0;
    case SO_KEEPALIVE: s->keepalive = v != 0; return 0;
    case SO_BROADCAST: s->broadcast = v != 0; return 0;
    case SO_DONTROUTE: s->dontroute = v != 0; return 0;
    case SO_OOBINLINE: s->oobinline = v != 0; return 0;
    case SO_SNDBUF: s->sndbuf = buffer_size(v, SNDBUF_MIN, false); return 0;
    case SO_RCVBUF: s->rcvbuf = buffer_size(v, RCVBUF_MIN, false); return 0;
    case SO_SNDBUFFORCE:
    case SO_RCVBUFFORCE:
        if (!capable(CAP_NET_ADMIN))
            return -EPERM;
        if (name == SO_SNDBUFFORCE)
            s->sndbuf = buffer_size(v, SNDBUF_MIN, true);
        else
            s->rcvbuf = buffer_size(v, RCVBUF_MIN, true);
        return 0;
    case SO_RCVLOWAT: s->rcvlowat = v < 0 ? INT32_MAX : v ? (uint32_t)v : 1; return 0;
    case SO_PRIORITY:
        if ((v < 0 || v > PRIORITY_MAX) && !capable(CAP_NET_ADMIN) && !capable(CAP_NET_RAW))
            return -EPERM;
        s->priority = (uint32_t)v;
        return 0;
    case SO_MARK:
        if (!capable(CAP_NET_ADMIN) && !capable(CAP_NET_RAW))
            return -EPERM;
        s->mark = (uint32_t)v;
        return 0;
    case SO_TIMESTAMP:
    case SO_TIMESTAMPNS: return set_timestamp(s, name, v != 0);
    case SO_TYPE:
    case SO_PROTOCOL:
    case SO_DOMAIN:
    case SO_ERROR:
    case SO_ACCEPTCONN:
    case SO_SNDLOWAT: return -ENOPROTOOPT;
    /* Hints, which one CPU and no queueing discipline make idle. */
    case SO_BUSY_POLL:
    case SO_INCOMING_CPU:
    case SO_NO_CHECK: return 0; /* checksums cost nothing that is worth a choice */
    case SO_BINDTOIFINDEX: return socket_bind_to_index(s, v);
    default: return -ENOPROTOOPT;
    }
}

static int set(struct socket *s, int name, const void *value, unsigned len)
{
    int32_t v;
    if (name == SO_BINDTODEVICE)
        return socket_bind_to_device(s, value, len);
    if (len < sizeof v)
        return -EINVAL;
    memcpy(&v, value, sizeof v);
    switch (name) {
    case SO_LINGER: return set_linger(s, value, len);
    case SO_RCVTIMEO: return set_timeout(&s->rcvtimeo, value, len);
    case SO_SNDTIMEO: return set_timeout(&s->sndtimeo, value, len);
    default: return set_number(s, name, v);
    }
}

int socket_setsockopt(struct socket *s, int level, int name, const void *value, unsigned len)
{
    int err = level == SOL_SOCKET ? set(s, name, value, len) : -ENOPROTOOPT;
    if (err == -ENOPROTOOPT)
        return s->ops->setsockopt    ? s->ops->setsockopt(s, level, name, value, len)
               : level == SOL_SOCKET ? err
                                     : -EOPNOTSUPP;
    if (err == 0 && s->ops->changed)
        s->ops->changed(s);
    return err;
}

static bool get_number(struct socket *s, int name, int32_t *v)
{
    switch (name) {
    case SO_REUSEADDR: *v = s->reuseaddr; break;
    case SO_REUSEPORT: *v = s->reuseport; break;
    case SO_KEEPALIVE: *v = s->keepalive; break;
    case SO_BROADCAST: *v = s->broadcast; break;
    case SO_DONTROUTE: *v = s->dontroute; break;
    case SO_OOBINLINE: *v = s->oobinline; break;
    case SO_SNDBUF: *v = (int32_t)s->sndbuf; break;
    case SO_RCVBUF: *v = (int32_t)s->rcvbuf; break;
    case SO_RCVLOWAT: *v = (int32_t)s->rcvlowat; break;
    case SO_SNDLOWAT: *v = 1; break;
    case SO_PRIORITY: *v = (int32_t)s->priority; break;
    case SO_MARK: *v = (int32_t)s->mark; break;
    case SO_TYPE: *v = s->type; break;
    case SO_PROTOCOL: *v = s->protocol; break;
    case SO_DOMAIN: *v = s->family; break;
    case SO_ERROR: *v = -socket_take_error(s); break;
    case SO_ACCEPTCONN: *v = s->state == SOCKET_LISTENING; break;
    case SO_TIMESTAMP:
    case SO_TIMESTAMPNS: *v = s->timestamp == name; break;
    case SO_BINDTOIFINDEX: *v = (int32_t)s->device; break;
    case SO_BUSY_POLL:
    case SO_NO_CHECK:
    case SO_INCOMING_CPU: *v = 0; break;
    default: return false;
    }
    return true;
}

int socket_getsockopt(struct socket *s, int level, int name, void *value, unsigned *len)
{
    struct linger_k l = {s->linger, (int32_t)s->linger_seconds};
    int32_t v;
    if (level == SOL_SOCKET && get_number(s, name, &v)) {
        *len = MIN(*len, (unsigned)sizeof v);
        memcpy(value, &v, *len);
        return 0;
    }
    if (level == SOL_SOCKET) {
        switch (name) {
        case SO_RCVTIMEO: return get_timeout(s->rcvtimeo, value, len);
        case SO_SNDTIMEO: return get_timeout(s->sndtimeo, value, len);
        case SO_BINDTODEVICE: return socket_bound_device(s, value, len);
        case SO_LINGER:
            *len = MIN(*len, (unsigned)sizeof l);
            memcpy(value, &l, *len);
            return 0;
        default: break;
        }
    }
    int err = s->ops->getsockopt ? s->ops->getsockopt(s, level, name, value, len) : -EOPNOTSUPP;
    if (err >= 0 || level != SOL_SOCKET)
        return err;
    if (name != SO_PEERCRED)
        return -ENOPROTOOPT;
    const struct ucred_k nobody = {0, UINT32_MAX, UINT32_MAX};
    *len = MIN(*len, (unsigned)sizeof nobody);
    memcpy(value, &nobody, *len);
    return 0;
}
