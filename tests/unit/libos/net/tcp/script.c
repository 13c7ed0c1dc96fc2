/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets of the tests, and the peer that a script plays. */
#include "wire.h"

#include <string.h>

extern struct list wire_to_script;

static struct sockaddr_k name_of(const char *address, uint16_t port)
{
    struct sockaddr_k a = {.family = AF_INET};
    struct ip_addr ip = wire_address(address);
    put_be16(a.data, port);
    put_raw32(a.data + 2, ip_v4(&ip));
    return a;
}

struct socket *wire_socket(void)
{
    struct socket *s;
    CHECK(tcp_create(AF_INET, &s) == 0);
    s->file = (struct file *)calloc(1, sizeof(struct file));
    return s;
}

struct socket *wire_listen(const char *at, uint16_t port, unsigned backlog)
{
    struct socket *s = wire_socket();
    struct sockaddr_k a = name_of(at, port);
    CHECK_EQ(s->ops->bind(s, &a, 16), 0);
    CHECK_EQ(s->ops->listen(s, backlog), 0);
    return s;
}

int wire_connect(struct socket *s, const char *to, uint16_t port)
{
    struct sockaddr_k a = name_of(to, port);
    return s->ops->connect(s, &a, 16);
}

struct socket *wire_accept(struct socket *listener)
{
    struct socket *s;
    int err = listener->ops->accept(listener, &s);
    if (err == -EAGAIN)
        return NULL;
    CHECK_EQ(err, 0);
    s->file = (struct file *)calloc(1, sizeof(struct file));
    return s;
}

static ssize_t transfer(struct socket *s, void *data, size_t n, unsigned flags, bool send)
{
    struct iovec_k vec = {(vaddr_t)data, n};
    struct iter it = {.vec = &vec, .count = 1, .left = n};
    struct message m = {.data = &it, .flags = flags};
    return send ? s->ops->send(s, &m) : s->ops->receive(s, &m);
}
ssize_t wire_send(struct socket *s, const void *data, size_t n, unsigned flags)
{
    return transfer(s, (void *)(uintptr_t)data, n, flags, true);
}
ssize_t wire_receive(struct socket *s, void *data, size_t n, unsigned flags)
{
    return transfer(s, data, n, flags, false);
}
int wire_set(struct socket *s, int level, int name, int value)
{
    return s->ops->setsockopt(s, level, name, &value, sizeof value);
}
void wire_close(struct socket *s)
{
    free(s->file);
    s->file = NULL;
    s->ops->close(s);
}

static bool accepted(void *arg)
{
    struct socket **both = arg;
    return both[1] || (both[1] = wire_accept(both[0]));
}

void wire_pair(struct socket **client, struct socket **server, uint16_t port)
{
    struct socket *both[2] = {wire_listen(B, port, 5), NULL};
    *client = wire_socket();
    CHECK_EQ(wire_connect(*client, B, port), -EINPROGRESS);
    CHECK(wire_until(accepted, both, 60 * SEC));
    *server = both[1];
    CHECK((*client)->state == SOCKET_CONNECTED);
    wire_close(both[0]);
}

/* ---- the script ---- */

static bool waiting(void *unused)
{
    (void)unused;
    return !list_empty(&wire_to_script);
}

bool script_next(struct seen *out, uint64_t within)
{
    struct tcp_segment seg;

    if (!wire_until(waiting, NULL, within))
        return false;
    struct packet *p = LIST_ENTRY(wire_to_script.next, struct packet, link);
    list_remove(&p->link);
    CHECK(tcp_segment_read(&seg, p));
    const struct tcp_header *h = (const struct tcp_header *)p->transport;
    out->seq = seg.seq;
    out->ack = seg.ack;
    out->len = seg.len;
    out->window = (uint16_t)seg.window;
    out->flags = seg.flags;
    out->urgent = seg.urgent;
    out->has_ts = seg.has_ts;
    out->tsval = seg.tsval;
    out->tsecr = seg.tsecr;
    out->mss = seg.opt.mss;
    out->sack_permitted = seg.opt.sack_permitted;
    out->has_scale = seg.opt.has_scale;
    out->scale = seg.opt.scale;
    out->blocks = seg.opt.blocks;
    memcpy(out->block, seg.block, sizeof out->block);
    out->from_port = swap16(h->source);
    out->to_port = swap16(h->destination);
    out->at = p->time;
    CHECK(packet_copy(p, 0, out->data, seg.len));
    packet_free(p);
    return true;
}

bool script_quiet(uint64_t ns)
{
    return !wire_until(waiting, NULL, ns);
}

void script_drop(void)
{
    while (waiting(NULL)) {
        struct packet *p = LIST_ENTRY(wire_to_script.next, struct packet, link);
        list_remove(&p->link);
        packet_free(p);
    }
}

/* Arrives at once. */
void script_inject(const struct crafted *c)
{
    size_t options = ALIGN_UP(c->options_len, 4);
    struct packet *p = packet_new(PACKET_HEADROOM, 20 + options + c->len);
    struct tcp_header *h = (struct tcp_header *)packet_append(p, 20 + options + c->len);

    *h = (struct tcp_header){.source = swap16(c->from_port),
                             .destination = swap16(c->to_port),
                             .seq = swap32(c->seq),
                             .ack = swap32(c->ack),
                             .offset = (uint8_t)((20 + options) / 4 << 4),
                             .flags = c->flags,
                             .window = swap16(c->window),
                             .urgent = swap16(c->urgent)};
    memset(h + 1, 0, options);
    if (c->options_len)
        memcpy(h + 1, c->options, c->options_len);
    if (c->len)
        memcpy((uint8_t *)(h + 1) + options, c->data, c->len);
    p->src = wire_address(PEER);
    p->dst = wire_address(c->to ? c->to : A);
    h->checksum = (uint16_t)~checksum(p->data, p->total,
                                      checksum_pseudo(&p->src, &p->dst, IPPROTO_TCP, p->total));
    if (c->bad_checksum)
        h->checksum ^= 0x1234;
    wire_arrive(p);
}
