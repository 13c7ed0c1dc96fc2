/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   --publish=tcp:PORT:FD     FD is a listening socket of the host, whose connections come to the program's PORT
 *   --publish=udp:PORT:FD     FD is a bound one
 * so that a program serves without a network of its own. It cannot connect to anybody that way.
 */
#include "host_ports.h"
#include "../x86_64/hostcall.h"
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/optional.h>
#include <u2k/string.h>

enum { F_DUPFD_CLOEXEC = 1030, F_GETFL = 3, F_SETFL = 4, HOST_O_NONBLOCK = 04000 };
enum { EPOLL_CLOEXEC = 02000000, RLIMIT_NOFILE = 7, DESCRIPTORS_MAX = 1 << 16 };

static struct host_port ports[HOST_PORTS_MAX];
struct host_sockets host_sockets = {.port = ports};

void host_ports_option(const char *value, const char *arg)
{
    char number[8];
    bool udp = strncmp(value, "udp:", 4) == 0;
    size_t n = 0;
    if (!udp && strncmp(value, "tcp:", 4) != 0)
        start_failed(arg, "a port is tcp:PORT:FD or udp:PORT:FD", 0);
    if (host_sockets.count == HOST_PORTS_MAX)
        start_failed(arg, "more ports than a unikernel as a process has room for (64)", 0);
    for (value += 4; *value && *value != ':' && n < sizeof(number) - 1; value++)
        number[n++] = *value;
    number[n] = '\0';
    struct host_port *p = &ports[host_sockets.count++];
    p->datagrams = udp;
    p->port = (uint16_t)option_number(number, UINT16_MAX, arg);
    if (*value++ != ':')
        start_failed(arg, "a port is tcp:PORT:FD or udp:PORT:FD", 0);
    p->watched.fd = (int)option_number(value, INT32_MAX, arg);
    p->accepted = -1;
}

/* More descriptors than any that is open: from there on they are sockets of ours. */
static long first_free(void)
{
    int highest = MAX(MAX(log_fd, memory_file.fd), MAX(bundle_file.fd, 2));
    highest = MAX(highest, host_sockets.epoll);
    for (unsigned i = 0; i < wire_count; i++)
        highest = MAX(highest, wires[i].fd);
    for (unsigned i = 0; i < host_sockets.count; i++)
        highest = MAX(highest, ports[i].watched.fd);
    return highest + 1;
}

/* accept4(2) takes the lowest free number: there is none below `base`. What else is open above was not meant for us. */
static void fill_below(long base)
{
    long fd;
    (void)host_call(close_range, base, UINT32_MAX, 0);
    while ((fd = host_call(dup, host_sockets.epoll)) >= 0 && fd < base)
        ;
    if (fd >= 0)
        (void)host_call(close, fd);
}

static void open_port(struct host_port *p, long base)
{
    struct host_name name = {.len = NAME_ROOM};
    long fd = host_call(fcntl, p->watched.fd, F_DUPFD_CLOEXEC, base);
    if (fd < 0 || host_call(getsockname, fd, name.bytes, &name.len) < 0)
        start_failed("--publish", "not a descriptor of a socket", fd);
    p->watched.fd = (int)fd;
    p->family = name.family;
    (void)host_call(fcntl, fd, F_SETFL, host_call(fcntl, fd, F_GETFL) | HOST_O_NONBLOCK);
    p->watched.event = p->datagrams ? datagrams_event : listener_event;
    p->input = INPUT_UNKNOWN;
    int error = host_watch(&p->watched, p->datagrams ? HOST_EPOLLIN | HOST_EPOLLOUT : HOST_EPOLLIN);
    if (error < 0)
        start_failed("--publish", "the host cannot wait for this descriptor", error);
}

void host_ports_open(void)
{
    uint64_t limit[2];
    if (!host_sockets.count)
        return;
    /* Each connection is a descriptor: as many as we may. */
    if (host_call(prlimit64, 0, RLIMIT_NOFILE, 0, limit) == 0) {
        limit[0] = limit[1];
        (void)host_call(prlimit64, 0, RLIMIT_NOFILE, limit, 0);
    }
    long fd = host_call(epoll_create1, EPOLL_CLOEXEC);
    if (fd < 0)
        start_failed("--publish", "the host gives no epoll descriptor", fd);
    host_sockets.epoll = (int)fd;
    long base = first_free();
    if (base > DESCRIPTORS_MAX)
        start_failed("--publish", "the numbers of descriptors are too high", 0);
    fill_below(base);
    host_sockets.base = (int)base;
    for (unsigned i = 0; i < host_sockets.count; i++)
        open_port(&ports[i], base);
}

/* Calls on descriptors of these sockets. */
static void allow(uint32_t nr)
{
    sandbox_allow(&(struct allowed){
        .nr = nr, .check = AT_LEAST, .count = 1, .values = {(uint32_t)host_sockets.base}});
}

/* Without MSG_FASTOPEN, by which a socket that was a listening one could connect to anybody. */
static void allow_send(uint32_t nr, unsigned flags)
{
    sandbox_allow(
        &(struct allowed){.nr = nr,
                          .check = AT_LEAST,
                          .count = 1,
                          .values = {(uint32_t)host_sockets.base},
                          .second = (uint8_t)flags,
                          .second_check = ONLY_BITS,
                          .second_value = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE | MSG_OOB});
}

static void allow_epoll(uint32_t nr)
{
    sandbox_allow(&(struct allowed){
        .nr = nr, .check = ONE_OF, .count = 1, .values = {(uint32_t)host_sockets.epoll}});
}

static void allow_options(void)
{
    struct allowed a = {.nr = HOST_setsockopt,
                        .argument = 2,
                        .check = ONE_OF,
                        .second = 0,
                        .second_check = AT_LEAST,
                        .second_value = (uint32_t)host_sockets.base};
    for (uint32_t name = 0; name < 32; name++)
        if (HOST_TCP_OPTIONS >> name & 1)
            a.values[a.count++] = name;
    a.values[a.count++] = SO_KEEPALIVE;
    a.values[a.count++] = SO_LINGER;
    sandbox_allow(&a);
}

/* The often used first. */
void host_ports_allow(void)
{
    if (!host_sockets.count)
        return;
    allow(HOST_recvfrom);
    allow_send(HOST_sendto, 3);
    allow_epoll(HOST_epoll_pwait2);
    allow_epoll(HOST_epoll_pwait);
    allow(HOST_recvmsg);
    allow_send(HOST_sendmsg, 2);
    allow(HOST_accept4);
    allow_epoll(HOST_epoll_ctl);
    allow(HOST_close);
    allow(HOST_shutdown);
    allow(HOST_getsockopt);
    allow_options();
}

/* Nobody serves it yet. */
static bool fits(const struct host_port *p, const struct socket *s, uint16_t port)
{
    return !p->socket && p->port == port && p->datagrams == (s->type == SOCK_DGRAM);
}

static struct host_port *first_of(const struct socket *s)
{
    for (unsigned i = 0; i < host_sockets.count; i++)
        if (&ports[i].ops == s->ops)
            return &ports[i];
    return NULL;
}

static void attach(struct host_port *p, struct socket *s)
{
    struct host_port *first = first_of(s);
    p->socket = s;
    p->input = INPUT_UNKNOWN;
    if (first) {
        p->below = first->below;
        p->also = first->also;
        first->also = p;
    } else {
        p->below = s->ops;
        p->ops = *s->ops;
        if (p->datagrams)
            datagrams_attach(p);
        else
            listener_attach(p);
        s->ops = &p->ops;
    }
    socket_wake(s, POLLIN | POLLRDNORM);
}

void host_ports_detach(struct socket *s)
{
    struct host_port *next, *p = port_of(s);
    for (s->ops = p->below; p; p = next) {
        next = p->also;
        p->also = NULL;
        p->socket = NULL;
    }
}

OPTIONAL void plat_host_port(struct socket *s)
{
    struct sockaddr_k name;
    unsigned len;
    if (!host_sockets.count || (s->family != AF_INET && s->family != AF_INET6) ||
        (s->type != SOCK_DGRAM && s->type != SOCK_STREAM) ||
        s->ops->name(s, false, &name, &len) < 0)
        return;
    for (unsigned i = 0; i < host_sockets.count; i++) {
        struct host_port *p = &ports[i];
        if (!fits(p, s, name_port(&name)))
            continue;
        if (!name_is_loopback(&name)) {
            attach(p, s);
            continue;
        }
        log_warning(
            "port %u is published, but the program serves it on its loopback address only: "
            "let it bind to all (0.0.0.0)",
            p->port);
        return;
    }
}
