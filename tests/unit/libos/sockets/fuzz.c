/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: a program that does anything with sockets that do not wait, and frames that come meanwhile. Nothing may
 * crash; when all descriptors are closed nothing may stay. An input is a row of operations, each some bytes long.
 */
#include "below.h"

#include <u2k/cursor.h>
#include <u2k/errno.h>
#include <u2k/poll.h>
#include <u2k/process.h>

#include "../../../../libos/net/raw/raw.h"
#include "../../../../libos/net/udp/udp.h"
#include "../../../../libos/net/unix/unix.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum operation {
    CREATE,
    PAIR,
    CLOSE,
    BIND,
    CONNECT,
    LISTEN,
    ACCEPT,
    SEND,
    RECEIVE,
    SHUT,
    SET,
    GET,
    IOCTL,
    POLL,
    NAME,
    FRAME,
    TIME,
    OPERATIONS
};

static struct cursor in;

static struct file *some(void)
{
    return below_fds[cursor_u8(&in) % FDS];
}

static void install(struct socket *s)
{
    struct file *f;
    CHECK(socket_file(s, 0, &f), 0);
    fd_install(f, 0, false);
}

static void create(void)
{
    static const struct {
        int family, type, protocol;
    } kinds[] = {
        {AF_UNIX, SOCK_STREAM, 0},    {AF_UNIX, SOCK_DGRAM, 0},   {AF_UNIX, SOCK_SEQPACKET, 0},
        {AF_INET, SOCK_DGRAM, 0},     {AF_INET6, SOCK_DGRAM, 0},  {AF_INET, SOCK_RAW, 1},
        {AF_INET, SOCK_DGRAM, 1},     {AF_INET6, SOCK_RAW, 58},   {AF_INET6, SOCK_DGRAM, 58},
        {AF_PACKET, SOCK_RAW, 0x300}, {AF_PACKET, SOCK_DGRAM, 8}, {AF_NETLINK, SOCK_RAW, 0},
        {AF_INET, SOCK_RAW, 255},     {AF_INET, SOCK_RAW, 17}};
    unsigned n = cursor_u8(&in) % ARRAY_SIZE(kinds);
    struct socket *s;
    if (socket_create(kinds[n].family, kinds[n].type, kinds[n].protocol, &s) == 0)
        install(s);
}

static void pair(void)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    struct socket *out[2];
    CHECK(unix_pair(types[cursor_u8(&in) % 3], 0, out), 0);
    install(out[0]);
    install(out[1]);
}

/* Few names and ports, so that they meet; or any bytes. */
static unsigned address(struct sockaddr_k *a)
{
    unsigned kind = cursor_u8(&in), n = kind >> 4;
    memset(a, 0, sizeof *a);
    switch (kind % 6) {
    case 0:
        a->family = AF_UNIX;
        a->data[1] = (uint8_t)('a' + n % 4);
        return 4;
    case 1:
        a->family = AF_INET;
        put_be16(a->data, (uint16_t)(1000 + n % 3));
        put_be32(a->data + 2, n & 4 ? 0x7f000001 : n & 8 ? 0x0a000002 : 0);
        return 16;
    case 2:
        a->family = AF_INET6;
        put_be16(a->data, (uint16_t)(1000 + n % 3));
        a->data[21] = n & 12 ? 1 : 0;
        if (n & 8) { /* a neighbour or a group, by a device that there may be */
            a->data[6] = n & 1 ? 0xff : 0xfe;
            a->data[7] = n & 1 ? 0x02 : 0x80;
            a->data[22] = (uint8_t)(n >> 1 & 3);
        }
        return 28;
    case 3:
        a->family = AF_PACKET;
        a->data[2] = (uint8_t)(n % 4);
        return 20;
    case 4: a->family = (uint16_t)(n ? AF_NETLINK : AF_UNSPEC); return 12;
    default:
        for (unsigned i = 0; i < n * 2; i++)
            ((uint8_t *)a)[i] = cursor_u8(&in);
        return n * 2;
    }
}

/* Descriptors, or any records. */
static size_t records(void)
{
    unsigned kind = cursor_u8(&in), n = kind % 8;
    if (kind & 0x80) {
        for (unsigned i = 0; i < n * 8; i++)
            space[i] = cursor_u8(&in);
        return n * 8;
    }
    memset(space, 0, sizeof space);
    space[0] = (uint8_t)(16 + 4 * n);
    space[8] = SOL_SOCKET;
    space[12] = SCM_RIGHTS;
    for (unsigned i = 0; i < n; i++)
        space[16 + 4 * i] = cursor_u8(&in) % (FDS + 1);
    return ALIGN_UP(16 + 4 * n, 8);
}

static void send(struct socket *s)
{
    unsigned how = cursor_u8(&in);
    size_t n = cursor_u8(&in) * (how & 1 ? 13u : 1u);
    struct sockaddr_k to;
    struct control c = {.given = space};
    struct iovec_k vec = {(vaddr_t)memory, n};
    struct iter it = {.vec = &vec, .count = 1, .left = n, .kernel = true};
    struct message m = {.data = &it,
                        .flags = MSG_DONTWAIT | MSG_NOSIGNAL | (how & 2 ? MSG_MORE : 0u)};
    for (size_t i = 0; i < MIN(n, 64ul); i++)
        memory[i] = cursor_u8(&in);
    if (how & 4) {
        m.name = &to;
        m.name_len = address(&to);
    }
    if (how & 8) {
        c.given_len = records();
        m.control = &c;
    }
    (void)socket_send(s, &m);
}

static void receive(struct socket *s)
{
    static const unsigned flags[] = {
        0, MSG_PEEK, MSG_TRUNC, MSG_WAITALL, MSG_PEEK | MSG_WAITALL, MSG_ERRQUEUE, MSG_OOB, 0};
    unsigned how = cursor_u8(&in);
    size_t n = cursor_u8(&in) * 16u;
    struct sockaddr_k from;
    struct control c = {.at = (vaddr_t)space, .room = how & 0x40 ? sizeof space : how >> 3 & 31};
    struct iovec_k vec[2] = {{(vaddr_t)memory, n / 3}, {(vaddr_t)memory + n / 3, n - n / 3}};
    struct iter it = {.vec = vec, .count = 2, .left = n, .kernel = true};
    struct message m = {.data = &it,
                        .name = &from,
                        .flags = MSG_DONTWAIT | flags[how % 8],
                        .control = how & 0x80 ? &c : NULL};
    ssize_t got = socket_receive(s, &m);
    if (got > (ssize_t)n && !(m.flags & MSG_TRUNC))
        __builtin_trap();
    if (m.name_len > sizeof from || c.used > c.room)
        __builtin_trap();
}

static void options(struct socket *s, bool set)
{
    static const int levels[] = {SOL_SOCKET,  SOL_IP, SOL_IPV6, SOL_PACKET,
                                 SOL_NETLINK, 255,    58,       SOL_UDP};
    int level = levels[cursor_u8(&in) % ARRAY_SIZE(levels)], name = cursor_u8(&in);
    unsigned len = cursor_u8(&in) % 161;
    _Alignas(8) uint8_t value[256];
    if (!set) {
        (void)socket_getsockopt(s, level, name, value, &len);
        return;
    }
    memset(value, 0, sizeof value);
    for (unsigned i = 0; i < MIN(len, 24u); i++)
        value[i] = cursor_u8(&in);
    (void)socket_setsockopt(s, level, name, value, len);
}

static void frame(void)
{
    static const uint8_t header[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 8, 0};
    size_t n = MIN(cursor_left(&in), (size_t)cursor_u8(&in) * 2);
    const uint8_t *bytes = n ? cursor_take(&in, n) : NULL;
    if (!bytes || n < 20)
        return;
    memcpy(memory, header, sizeof header);
    memcpy(memory + sizeof header, bytes, n);
    uint8_t *h = memory + sizeof header;
    if (bytes[0] & 0x80) { /* of IPv6 */
        put_be16(memory + 12, 0x86dd);
        h[0] = 0x60;
        put_be16(h + 4, (uint16_t)(n - 40));
    } else {
        h[0] = 0x45;
        put_be16(h + 2, (uint16_t)n);
        put_be16(h + 6, 0);
        put_be32(h + 16, 0x0a000002);
        put_raw16(h + 10, 0);
        put_raw16(h + 10, (uint16_t)~checksum(h, 20, 0));
        if (n >= 28 && h[9] == 17) { /* UDP without a checksum */
            put_be16(h + 22, (uint16_t)(1000 + h[23] % 3));
            put_raw16(h + 26, 0);
        }
    }
    wire_give(memory, sizeof header + n);
}

static void close_all(void)
{
    for (int fd = 0; fd < FDS; fd++) {
        struct file *f = below_fds[fd];
        below_fds[fd] = NULL;
        file_unref(f);
    }
}

static void on_one(enum operation op, struct socket *s, struct file *f)
{
    struct sockaddr_k a;
    struct socket *made;
    unsigned len;
    switch (op) {
    case BIND:
        len = address(&a);
        if (s->ops->bind)
            (void)s->ops->bind(s, &a, len);
        break;
    case CONNECT:
        len = address(&a);
        (void)socket_connect(s, &a, len, true);
        break;
    case LISTEN:
        if (s->ops->listen)
            (void)s->ops->listen(s, cursor_u8(&in) % 4);
        break;
    case ACCEPT:
        if (socket_accept(s, true, &made) == 0)
            install(made);
        break;
    case SEND: send(s); break;
    case RECEIVE: receive(s); break;
    case SHUT:
        if (s->ops->shutdown)
            (void)s->ops->shutdown(s, cursor_u8(&in) % 3);
        break;
    case SET: options(s, true); break;
    case GET: options(s, false); break;
    case IOCTL: (void)f->ops->ioctl(f, 0x8900u + cursor_u8(&in), (vaddr_t)memory); break;
    case POLL: (void)f->ops->poll(f, NULL); break;
    case NAME: (void)s->ops->name(s, cursor_u8(&in) & 1, &a, &len); break;
    default: break;
    }
}

static void step(void)
{
    enum operation op = cursor_u8(&in) % OPERATIONS;
    if (op == CREATE)
        create();
    else if (op == PAIR)
        pair();
    else if (op == FRAME)
        frame();
    else if (op == TIME)
        stub_pass(cursor_u8(&in) * (NSEC_PER_SEC / 10));
    else {
        struct file *f = some();
        if (f && op == CLOSE) {
            for (int fd = 0; fd < FDS; fd++)
                if (below_fds[fd] == f) {
                    below_fds[fd] = NULL;
                    break;
                }
            file_unref(f);
        } else if (f) {
            file_ref(f);
            on_one(op, f->priv, f);
            file_unref(f);
        }
    }
    net_settle();
    wire_clear();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool started;
    if (!started) {
        started = true;
        wire_start();
        process.limits[RLIMIT_NOFILE].soft = 40;
    }
    in = cursor_over(data, size);
    while (cursor_left(&in) >= 2)
        step();
    close_all();
    struct socket *last; /* what only messages hold is found when one is closed */
    CHECK(socket_create(AF_UNIX, SOCK_STREAM, 0, &last), 0);
    last->ops->close(last);
    stub_pass(40 * NSEC_PER_SEC);
    wire_clear();
    CHECK(list_empty(&unix_sockets), true);
    CHECK(list_empty(&raw_sockets), true);
    CHECK(ip_raw_sockets, 0);
    CHECK(unix_in_flight, 0);
    CHECK(packet_memory, 0);
    for (unsigned i = 0; udp_ports.started && i < PORT_BUCKETS; i++)
        CHECK(list_empty(&udp_ports.bucket[i]), true);
    return 0;
}
