/* SPDX-License-Identifier: Apache-2.0 */
/* The wire, the virtual clock, and what the stack needs from the layers below it. */
#include "wire.h"

#include <u2k/log.h>
#include <u2k/process.h>

struct wire wire;
static bool tracing;

struct frame {
    struct frame *next;
    uint64_t at, order;
    struct packet *p;
    uint32_t too_big; /* not 0: an ICMP error about the packet, with this MTU */
};
static struct frame *frames;
static uint64_t orders, link_free;
static struct netdev device = {.name = "eth0", .index = 2, .mtu = 1500, .gso_max = 65535};
static struct list deferred = LIST_INIT(deferred);
static bool in_batch;
uint32_t net_generation = 1;
static uint32_t device_mtu; /* of the path, once it was told */

/* ---- the script's queue ---- */

struct list wire_to_script = LIST_INIT(wire_to_script);

/* ---- time and events ---- */

uint64_t clock_monotonic(void)
{
    return wire.now;
}
uint64_t clock_realtime(void)
{
    return wire.now;
}

void wire_reset(void)
{
    wire = (struct wire){.now = wire.now ? wire.now : 1000 * SEC, .delay = 5 * MS, .mtu = 1500};
    device_mtu = 0;
    net_generation++;
    tracing = getenv("WIRE_TRACE") != NULL;
    srandom(7);
}

static void trace(const struct packet *p, const char *what)
{
    struct tcp_header *h = (struct tcp_header *)p->data;
    if (!tracing)
        return;
    fprintf(stderr, "%10.6f %d:%d > %d:%d %s%s%s%s%s seq %u len %u ack %u win %u off %u%s\n",
            (double)wire.now / 1e9, p->src.bytes[15], swap16(h->source), p->dst.bytes[15],
            swap16(h->destination), h->flags & TCP_SYN ? "S" : "", h->flags & TCP_FIN ? "F" : "",
            h->flags & TCP_RST ? "R" : "", h->flags & TCP_PSH ? "P" : "",
            h->flags & TCP_ACK ? "." : "", swap32(h->seq), p->total - (h->offset >> 4) * 4u,
            swap32(h->ack), swap16(h->window), h->offset >> 4, what);
}

static bool chance(unsigned of)
{
    return of && (unsigned)(random() % 10000) < of;
}

static void schedule(struct packet *p, uint64_t at, uint32_t too_big)
{
    struct frame *f = calloc(1, sizeof *f), **place = &frames;

    *f = (struct frame){.at = at, .order = orders++, .p = p, .too_big = too_big};
    while (*place && ((*place)->at < f->at || ((*place)->at == f->at && (*place)->order < f->order)))
        place = &(*place)->next;
    f->next = *place;
    *place = f;
}

static void put_on_wire(struct packet *p)
{
    struct tcp_header *h = (struct tcp_header *)p->data;
    uint32_t size = p->total + 20;

    wire.packets++;
    wire.bytes += size;
    uint64_t start = link_free > wire.now ? link_free : wire.now;
    bool full = wire.rate && (start - wire.now) * wire.rate / SEC > wire.queue_limit;
    if (wire.drop_all || chance(wire.loss) || full ||
        (wire.filter && !wire.filter(p, h, p->total - (h->offset >> 4) * 4u))) {
        wire.lost++;
        trace(p, " LOST");
        packet_free(p);
        return;
    }
    trace(p, "");
    if (wire.rate)
        link_free = start + size * SEC / wire.rate;
    for (int copies = chance(wire.duplicate) ? 2 : 1; copies; copies--) {
        uint64_t at = (wire.rate ? link_free : wire.now) + wire.delay;
        if (wire.jitter)
            at += (uint64_t)random() % wire.jitter;
        if (chance(wire.reorder))
            at += wire.delay / 2 + (uint64_t)random() % (wire.delay + 1);
        schedule(copies == 2 ? packet_clone(p, PACKET_HEADROOM) : p, at, 0);
    }
}

static void run_deferred(void)
{
    in_batch = false;
    while (!list_empty(&deferred)) {
        struct netdev_deferred *d = LIST_ENTRY(deferred.next, struct netdev_deferred, link);
        list_remove(&d->link);
        d->run(d);
    }
}

void netdev_defer(struct netdev_deferred *d)
{
    if (!in_batch)
        d->run(d);
    else if (!d->link.next || list_empty(&d->link))
        list_push_back(&deferred, &d->link);
}

void wire_arrive(struct packet *p)
{
    struct ip_addr script = wire_address(PEER);

    p->flags = 0;
    p->dev = &device;
    if (ip_same(&p->dst, &script)) {
        list_push_back(&wire_to_script, &p->link);
        p->time = wire.now;
        return;
    }
    /* Some devices check sums. */
    if (wire.packets & 1 &&
        checksum(p->data, p->total, checksum_pseudo(&p->src, &p->dst, IPPROTO_TCP, p->total)) == 0xffff)
        p->flags = PACKET_CHECKED;
    in_batch = true;
    tcp_receive(p);
    run_deferred();
}

static void tell_error(struct packet *p, uint32_t mtu)
{
    const struct ip_error e = {.src = p->src, .dst = p->dst, .transport = p->data, .len = 8,
                               .error = -EMSGSIZE, .mtu = mtu};
    device_mtu = mtu;
    net_generation++;
    tcp_error(&e);
    packet_free(p);
}

bool wire_step(void)
{
    uint64_t timer = timer_next();

    if (!frames && timer == TIME_NEVER)
        return false;
    if (frames && frames->at <= timer) {
        struct frame *f = frames;
        frames = f->next;
        wire.now = f->at > wire.now ? f->at : wire.now;
        if (f->too_big)
            tell_error(f->p, f->too_big);
        else
            wire_arrive(f->p);
        free(f);
        return true;
    }
    wire.now = timer > wire.now ? timer : wire.now;
    timers_run();
    return true;
}

static uint64_t next_event(void)
{
    uint64_t timer = timer_next();
    return frames && frames->at < timer ? frames->at : timer;
}

void wire_run(uint64_t ns)
{
    uint64_t end = wire.now + ns;

    while (next_event() <= end && wire_step())
        ;
    wire.now = end;
}

bool wire_until(bool (*done)(void *), void *arg, uint64_t ns)
{
    uint64_t end = wire.now + ns;

    while (!done(arg)) {
        if (next_event() > end) {
            wire.now = end;
            return done(arg);
        }
        wire_step();
    }
    return true;
}

/* ---- the Internet layer ---- */

struct ip_addr wire_address(const char *dotted)
{
    unsigned b[4];
    CHECK(sscanf(dotted, "%u.%u.%u.%u", &b[0], &b[1], &b[2], &b[3]) == 4);
    return ip_from_v4(net32(b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3]));
}

int ip_route(const struct ip_addr *to, const struct ip_addr *source, unsigned dev, struct ip_route *out)
{
    (void)dev;
    *out = (struct ip_route){.dev = &device,
                             .next_hop = *to,
                             .mtu = device_mtu ? device_mtu : wire.mtu,
                             .generation = net_generation,
                             .source = wire_address(A)};
    device.mtu = wire.mtu;
    device.features = wire.offload ? NETDEV_TSO4 | NETDEV_SUM : NETDEV_SUM;
    if (source && !ip_is_any(source))
        out->source = *source;
    return 0;
}

static struct tcp_header *copy_header(struct packet *from, struct packet *to)
{
    uint32_t size = (((struct tcp_header *)from->data)->offset >> 4) * 4u;
    struct tcp_header *h = (struct tcp_header *)packet_append(to, size);
    CHECK(packet_copy(from, 0, h, size));
    to->src = from->src;
    to->dst = from->dst;
    return h;
}

static void cut(struct packet *p)
{
    uint32_t size = (((struct tcp_header *)p->data)->offset >> 4) * 4u, len = p->total - size;
    uint32_t each = p->gso ? p->gso_size : len, at = 0;

    CHECK(!p->gso || (wire.offload && p->gso_size));
    do {
        uint32_t n = len - at < each ? len - at : each;
        struct packet *s = packet_new(PACKET_HEADROOM, size + n);
        struct tcp_header *h = copy_header(p, s);
        CHECK(packet_copy(p, size + at, packet_append(s, n), n));
        h->seq = swap32(swap32(h->seq) + at);
        if (at + n < len)
            h->flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
        h->checksum = 0;
        h->checksum = (uint16_t)~checksum(s->data, s->total,
                                          checksum_pseudo(&s->src, &s->dst, IPPROTO_TCP, s->total));
        CHECK(s->total + 20 <= wire.mtu);
        if (wire.path_mtu && s->total + 20 > wire.path_mtu) {
            wire.lost++;
            trace(s, " TOO LONG");
            if (wire.quiet_mtu)
                packet_free(s);
            else
                schedule(s, wire.now + wire.delay, wire.path_mtu);
        } else {
            put_on_wire(s);
        }
        at += n;
    } while (at < len);
}

static void check_sum_field(struct packet *p)
{
    uint16_t pseudo = checksum_pseudo(&p->src, &p->dst, IPPROTO_TCP, p->total), have;
    memcpy(&have, p->csum_start + p->csum_offset, 2);
    CHECK(p->flags & PACKET_SUM_WANTED);
    CHECK(have == pseudo);
    CHECK(p->csum_start == p->data && p->transport == p->data);
}

int ip_send(struct packet *p, struct ip_route *r, bool dont_fragment)
{
    CHECK(r->dev == &device && dont_fragment);
    CHECK((size_t)(p->data - (uint8_t *)(p + 1)) + 60 >= PACKET_HEADROOM);
    check_sum_field(p);
    cut(p);
    packet_free(p);
    return 0;
}

void ip_confirm(struct ip_route *r)
{
    (void)r;
}
bool ip_is_broadcast(const struct ip_addr *a)
{
    return ip_v4(a) == UINT32_MAX;
}

/* ---- sockets over IP ---- */

void socket_init(struct socket *s, const struct socket_ops *ops, int family, int type, int protocol)
{
    *s = (struct socket){.ops = ops, .family = (uint16_t)family, .type = (uint16_t)type,
                         .protocol = (uint8_t)protocol, .rcvtimeo = TIME_NEVER, .sndtimeo = TIME_NEVER};
    waitq_init(&s->wait);
}
void inet_init(struct inet_socket *s, const struct socket_ops *ops, int family, int type, int protocol)
{
    socket_init(&s->s, ops, family, type, protocol);
    s->local = s->peer = ip_from_v4(0);
    s->mtu_discover = 1;
}
int inet_from_sockaddr(const struct inet_socket *s, const struct sockaddr_k *a, unsigned len,
                       struct ip_addr *ip, uint16_t *port, unsigned *scope)
{
    (void)s, (void)scope;
    if (len < 8)
        return -EINVAL;
    if (a->family != AF_INET)
        return -EAFNOSUPPORT;
    *port = be16(a->data);
    *ip = ip_from_v4(raw32(a->data + 2));
    return 0;
}
int inet_name(struct socket *s, bool peer, struct sockaddr_k *out, unsigned *len)
{
    (void)s, (void)peer, (void)out, (void)len;
    return 0;
}
int inet_bind(struct inet_ports *t, struct inet_socket *s, const struct ip_addr *a, uint16_t port)
{
    (void)t;
    s->local = *a;
    s->local_port = port;
    s->bound = true;
    s->bound_address = !ip_is_any(a);
    return 0;
}
int inet_autobind(struct inet_ports *t, struct inet_socket *s,
                  bool (*free_for)(const struct inet_socket *s, uint16_t port))
{
    static uint16_t next = 40000;
    (void)t;
    while (free_for && !free_for(s, next))
        next++;
    s->local_port = next++;
    s->bound = s->port_chosen = true;
    return 0;
}
void inet_bind_as(struct inet_ports *t, struct inet_socket *s, uint16_t port)
{
    (void)t;
    s->local_port = port;
    s->bound = true;
}
int inet_bind_name(struct inet_ports *t, struct inet_socket *s, const struct sockaddr_k *a, unsigned len)
{
    struct ip_addr ip;
    uint16_t port;
    int err = inet_from_sockaddr(s, a, len, &ip, &port, NULL);
    return err ? err : inet_bind(t, s, &ip, port);
}
int inet_peer(struct inet_socket *s, const struct sockaddr_k *a, unsigned len, struct ip_addr *ip,
              uint16_t *port)
{
    return inet_from_sockaddr(s, a, len, ip, port, NULL);
}
bool inet_conflict(struct inet_ports *t, const struct inet_socket *s)
{
    (void)t, (void)s;
    return false;
}
void inet_close(struct inet_ports *t, struct inet_socket *s)
{
    inet_unbind(t, s);
}
size_t packet_to_iter(const struct packet *p, size_t offset, struct iter *it, size_t n)
{
    uint8_t copy[65536];
    CHECK(packet_copy(p, offset, copy, n));
    return iter_write(it, copy, n);
}
void inet_unbind(struct inet_ports *t, struct inet_socket *s)
{
    (void)t;
    s->bound = false;
}
int inet_route(struct inet_socket *s, const struct ip_addr *to)
{
    return ip_route(to, &s->local, 0, &s->route);
}
int inet_setsockopt(struct socket *s, int level, int name, const void *value, unsigned len)
{
    (void)s, (void)level, (void)name, (void)value, (void)len;
    return -ENOPROTOOPT;
}
int inet_getsockopt(struct socket *s, int level, int name, void *value, unsigned *len)
{
    (void)s, (void)level, (void)name, (void)value, (void)len;
    return -ENOPROTOOPT;
}
long inet_ioctl(struct socket *s, unsigned request, vaddr_t arg)
{
    (void)s, (void)request, (void)arg;
    return -ENOTTY;
}
