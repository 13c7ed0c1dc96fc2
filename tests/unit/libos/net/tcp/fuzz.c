/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: a peer that sends what it likes, to sockets that a program uses as it likes. Nothing may crash, and when
 * all sockets are closed and all timers have run, nothing may be left. An input is a row of steps, each a byte and
 * its numbers; missing numbers are zeros.
 */
#include "wire.h"

#include <u2k/cursor.h>
#include <u2k/netinfo.h>

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SOCKETS = 8, PORTS = 4, PORT_FIRST = 1000, SERVED = 80, PAYLOAD_MAX = 3000 };

enum step {
    SEGMENT,   /* of a connection, its numbers near what is expected */
    OPEN,      /* a whole handshake */
    SACKED,    /* an acknowledgement with blocks near what was sent */
    ACCEPT,
    CONNECT,
    SEND,
    RECEIVE,
    CLOSE,
    SHUTDOWN,
    OPTION,
    TIME,
    ERROR,     /* an ICMP error about one of our segments */
    GARBAGE,   /* any bytes as a segment */
    LOOK,      /* poll, TCP_INFO, /proc/net/tcp */
    STEPS,
};

/* What the peer knows of its connection from port PORT_FIRST + i. */
static struct {
    uint32_t next, ack, una, stamp;
    uint16_t there;
    bool timestamps;
} known[PORTS];

static struct socket *sockets[SOCKETS], *listener;
static uint8_t bytes[65536];

static void listen_anew(void)
{
    if (!listener)
        listener = wire_listen(A, SERVED, 3);
}

/* The peer learns from what came to it. */
static void read_answers(void)
{
    static struct seen s;

    while (script_next(&s, 0)) {
        unsigned i = (unsigned)s.to_port - PORT_FIRST;
        if (i >= PORTS)
            continue;
        known[i].there = s.from_port;
        known[i].stamp = s.tsval;
        known[i].timestamps = s.has_ts;
        if (s.flags & TCP_ACK)
            known[i].una = s.ack;
        known[i].ack = s.seq + s.len + !!(s.flags & TCP_SYN) + !!(s.flags & TCP_FIN);
    }
}

static size_t stamp_option(unsigned i, uint8_t *out)
{
    if (!known[i].timestamps)
        return 0;
    out[0] = out[1] = 1;
    out[2] = 8;
    out[3] = 10;
    put_be32(out + 4, (uint32_t)(wire.now >> 20));
    put_be32(out + 8, known[i].stamp);
    return 12;
}

static void segment(struct cursor *c)
{
    unsigned i = cursor_u8(c) % PORTS;
    uint8_t options[40];
    size_t n = stamp_option(i, options);
    struct crafted s = {.from_port = (uint16_t)(PORT_FIRST + i),
                        .to_port = known[i].there ? known[i].there : SERVED,
                        .flags = cursor_u8(c),
                        .data = bytes};

    s.seq = known[i].next + (uint32_t)(int16_t)cursor_be16(c);
    s.ack = known[i].ack + (uint32_t)(int16_t)cursor_be16(c);
    s.window = cursor_be16(c);
    s.urgent = s.flags & TCP_URG ? cursor_be16(c) : 0;
    s.len = cursor_be16(c) % PAYLOAD_MAX;
    size_t raw = cursor_u8(c) % 41;
    if (raw > n) {
        const uint8_t *given = cursor_take(c, raw);
        if (given)
            memcpy(options, given, raw);
        n = given ? raw : n;
    }
    s.options = options;
    s.options_len = n;
    script_inject(&s);
    if (s.seq == known[i].next)
        known[i].next += (uint32_t)s.len + !!(s.flags & TCP_SYN) + !!(s.flags & TCP_FIN);
}

static void open_one(struct cursor *c)
{
    static const uint8_t offered[] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7};
    unsigned i = cursor_u8(c) % PORTS;
    bool modern = cursor_u8(c) & 1;
    struct crafted s = {.from_port = (uint16_t)(PORT_FIRST + i),
                        .to_port = SERVED,
                        .seq = cursor_be32(c),
                        .flags = TCP_SYN,
                        .window = 65535,
                        .options = offered,
                        .options_len = modern ? sizeof offered : 4};
    uint8_t options[12];

    listen_anew();
    read_answers();
    script_inject(&s);
    wire_run(20 * MS);
    known[i].there = SERVED;
    known[i].next = s.seq + 1;
    read_answers();
    s.seq++;
    s.ack = known[i].ack;
    s.flags = TCP_ACK;
    s.options = options;
    s.options_len = stamp_option(i, options);
    script_inject(&s);
}

static void sacked(struct cursor *c)
{
    unsigned i = cursor_u8(c) % PORTS, blocks = cursor_u8(c) % 4;
    uint8_t options[40];
    size_t n = stamp_option(i, options);
    struct crafted s = {.from_port = (uint16_t)(PORT_FIRST + i),
                        .to_port = known[i].there,
                        .seq = known[i].next,
                        .flags = TCP_ACK,
                        .window = cursor_be16(c)};

    options[n] = options[n + 1] = 1;
    options[n + 2] = 5;
    options[n + 3] = (uint8_t)(2 + 8 * MIN(blocks, (40 - n - 4) / 8));
    n += 4;
    for (unsigned b = 0; b < blocks && n + 8 <= sizeof options; b++, n += 8) {
        uint32_t left = known[i].ack + (uint32_t)(int16_t)cursor_be16(c);
        put_be32(options + n, left);
        put_be32(options + n + 4, left + cursor_be16(c));
    }
    s.ack = known[i].ack + (uint32_t)(int16_t)cursor_be16(c);
    s.options = options;
    s.options_len = n;
    script_inject(&s);
}

static struct socket **place(struct cursor *c, bool taken)
{
    unsigned first = cursor_u8(c);

    for (unsigned i = 0; i < SOCKETS; i++)
        if (!sockets[(first + i) % SOCKETS] != taken)
            return &sockets[(first + i) % SOCKETS];
    return NULL;
}

static void connect_one(struct cursor *c)
{
    struct socket **at = place(c, false);
    unsigned i = cursor_u8(c) % PORTS;

    if (!at)
        return;
    *at = wire_socket();
    (void)wire_connect(*at, PEER, (uint16_t)(PORT_FIRST + i));
    wire_run(20 * MS);
    known[i].next = cursor_be32(c);
    read_answers();
}

static void option(struct cursor *c, struct socket *s)
{
    static const uint8_t levels[] = {1, 6, 0, 41};
    int level = levels[cursor_u8(c) % sizeof levels], name = cursor_u8(c) % 80;
    int32_t value = (int32_t)cursor_be32(c);
    unsigned room = sizeof bytes;

    if (level == 1) {
        s->rcvbuf = 2048 + (uint32_t)value % (1u << 22);
        s->sndbuf = 4096 + (uint32_t)value % (1u << 22);
        s->keepalive = value & 1;
        s->linger = value & 2;
        s->linger_seconds = (uint32_t)value & 4;
        if (s->ops->changed)
            s->ops->changed(s);
        return;
    }
    (void)s->ops->setsockopt(s, level, name, &value, sizeof value);
    (void)s->ops->getsockopt(s, level, name, bytes, &room);
    memset(bytes, 0, 512);
}

static void icmp_error(struct cursor *c)
{
    unsigned i = cursor_u8(c) % PORTS;
    uint8_t quoted[8];
    static const int errors[] = {-ECONNREFUSED, -EHOSTUNREACH, -EMSGSIZE, -EPROTO};
    unsigned which = cursor_u8(c);

    put_be16(quoted, known[i].there);
    put_be16(quoted + 2, (uint16_t)(PORT_FIRST + i));
    put_be32(quoted + 4, known[i].una + (uint32_t)(int16_t)cursor_be16(c));
    const struct ip_error e = {.src = wire_address(A),
                               .dst = wire_address(PEER),
                               .transport = quoted,
                               .len = sizeof quoted,
                               .error = errors[which % ARRAY_SIZE(errors)],
                               .hard = which & 0x80,
                               .mtu = cursor_be16(c)};
    tcp_error(&e);
}

static void garbage(struct cursor *c)
{
    size_t n = cursor_be16(c) % 200;
    const uint8_t *given = cursor_take(c, n);

    if (!given || !n)
        return;
    struct packet *p = packet_new(PACKET_HEADROOM, n);
    memcpy(packet_append(p, n), given, n);
    p->src = wire_address(PEER);
    p->dst = wire_address(A);
    wire_arrive(p);
}

static void look_at(const struct inet_info *i, void *arg)
{
    (void)i;
    ++*(unsigned *)arg;
}

static void do_socket(enum step step, struct cursor *c)
{
    struct socket **at = place(c, true);

    if (!at)
        return;
    switch (step) {
    case SEND: (void)wire_send(*at, bytes, cursor_be16(c), cursor_u8(c) & (MSG_MORE | MSG_OOB)); break;
    case RECEIVE: (void)wire_receive(*at, bytes, cursor_be16(c), cursor_u8(c) & (MSG_PEEK | MSG_OOB)); break;
    case SHUTDOWN: (void)(*at)->ops->shutdown(*at, cursor_u8(c) % 3); break;
    case OPTION: option(c, *at); break;
    case LOOK: (void)(*at)->ops->poll(*at); break;
    default:
        wire_close(*at);
        *at = NULL;
    }
}

static void apply(enum step step, struct cursor *c)
{
    unsigned count = 0;

    switch (step) {
    case SEGMENT: segment(c); break;
    case OPEN: open_one(c); break;
    case SACKED: sacked(c); break;
    case CONNECT: connect_one(c); break;
    case TIME: wire_run(cursor_be16(c) * MS); break;
    case ERROR: icmp_error(c); break;
    case GARBAGE: garbage(c); break;
    case ACCEPT: {
        struct socket **at = place(c, false);
        listen_anew();
        if (at)
            *at = wire_accept(listener);
        break;
    }
    case LOOK: tcp_each(look_at, &count); /* fall through */
    default: do_socket(step, c);
    }
}

/* All is closed, and so much time passes that every timer has run. */
static void end(void)
{
    unsigned left = 0;

    for (unsigned i = 0; i < SOCKETS; i++)
        if (sockets[i]) {
            sockets[i]->linger = false;
            wire_close(sockets[i]);
            sockets[i] = NULL;
        }
    if (listener)
        wire_close(listener);
    listener = NULL;
    for (int i = 0; i < 200; i++) {
        wire_run(60 * SEC);
        script_drop();
    }
    tcp_each(look_at, &left);
    CHECK_EQ(left, 0);
    CHECK_EQ(packet_memory, 0);
    memset(known, 0, sizeof known);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor c = cursor_over(data, size);

    if (!current->waits.next)
        list_init(&current->waits);
    wire_reset();
    wire.delay = 1 * MS;
    while (cursor_left(&c)) {
        apply(cursor_u8(&c) % STEPS, &c);
        read_answers();
    }
    end();
    return 0;
}
