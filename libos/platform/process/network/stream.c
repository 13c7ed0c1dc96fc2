/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames over a stream socket: in front of each its length, four bytes, most significant first (QEMU's -netdev
 * stream, passt(1)). Reads and writes end anywhere.
 */
#include "network.h"
#include "../x86_64/hostcall.h"
#include <u2k/cursor.h>
#include <u2k/errno.h>
#include <u2k/pages.h>
#include <u2k/string.h>

enum { LENGTH = 4, ETHERNET = 14, IP_ALIGN = 2, BUFFER = 128 * 1024, MTU = 1500, MTU_MAX = 65535 };
enum { F_GETFL = 3, F_SETFL = 4, HOST_O_NONBLOCK = 04000 };
_Static_assert(BUFFER >= LENGTH + FRAME_MAX, "a whole frame fits");

static int stream_receive(struct wire *w);
static int stream_send(struct wire *w, const struct packet *p);
static const struct wire_ops stream_ops = {stream_receive, stream_send};

void stream_wire_open(struct wire *w)
{
    long flags = host_call(fcntl, w->fd, F_GETFL);
    if (flags < 0)
        start_failed("--net=stream", "no such descriptor", flags);
    (void)host_call(fcntl, w->fd, F_SETFL, flags | HOST_O_NONBLOCK);
    w->dev.mtu = MTU;
    w->dev.mtu_max = MTU_MAX; /* passt has 65520, and says so by DHCP */
    w->ops = &stream_ops;
}

static void take_frame(struct wire *w, const uint8_t *frame, size_t n)
{
    struct packet *p = n < ETHERNET ? NULL : packet_new(IP_ALIGN, n);
    if (!p) {
        w->dev.stats.rx_dropped++;
        return;
    }
    memcpy(packet_append(p, n), frame, n);
    p->total = (uint32_t)n;
    p->dev = &w->dev;
    netdev_receive(&w->dev, p);
}

/* Whole frames at the front of what has come; -EPROTO: no frame has that length, so the place is lost. */
static int take_frames(struct wire *w)
{
    struct cursor c = cursor_over(w->bytes, w->filled);
    size_t done = 0;
    while (cursor_left(&c) >= LENGTH) {
        uint32_t n = cursor_be32(&c);
        if (n == 0 || n > FRAME_MAX)
            return -EPROTO;
        const uint8_t *frame = cursor_take(&c, n);
        if (!frame)
            break;
        take_frame(w, frame, n);
        done = c.pos;
    }
    w->filled -= done;
    memmove(w->bytes, w->bytes + done, w->filled);
    return 0;
}

static int stream_receive(struct wire *w)
{
    if (!w->bytes && !(w->bytes = pages_alloc(BUFFER / PAGE_SIZE, PAGES_ANY)))
        return -EAGAIN; /* no memory: the host keeps it for us */
    size_t room = BUFFER - w->filled;
    struct host_iovec v = {w->bytes + w->filled, room};
    long n = host_call(readv, w->fd, &v, 1);
    if (n <= 0)
        return n == 0 ? -EPIPE : (int)n;
    w->filled += (size_t)n;
    int error = take_frames(w);
    return error ? error : (size_t)n == room;
}

/* `skip` bytes have gone out already. */
static struct host_iovec *without(struct host_iovec *v, unsigned *count, size_t skip)
{
    for (; skip >= v->len; v++, --*count)
        skip -= v->len;
    v->base = (const uint8_t *)v->base + skip;
    v->len -= skip;
    return v;
}

static int stream_send(struct wire *w, const struct packet *p)
{
    uint32_t length = net32(p->total);
    struct host_iovec vectors[VECTORS_MAX] = {{&length, LENGTH}}, *v = vectors;
    unsigned count = packet_vectors(p, v + 1, VECTORS_MAX - 1);
    if (!count)
        return -EMSGSIZE;
    count++;
    v = without(v, &count, w->out_done);
    long n = host_call(writev, w->fd, v, count);
    if (n == -EAGAIN)
        return 0;
    if (n < 0)
        return (int)n;
    w->out_done += (size_t)n;
    if (w->out_done < LENGTH + p->total)
        return 0;
    w->out_done = 0;
    return 1;
}
