/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A core that echoes what comes to the host's ports 80/tcp and 53/udp: the platform's part of them alone, above
 * protocols that have nothing. A line "names" gets the connection's names, "reset" ends it by a reset, "quit" all.
 * "call" and seven numbers of 64 bits are a call of the host's, as a program could make it that jumps into here.
 */
#include "no_program.h"
#include <u2k/errno.h>
#include <u2k/host_port.h>
#include <u2k/list.h>
#include <u2k/log.h>
#include <u2k/pages.h>
#include <u2k/string.h>

enum { BUFFER = 256 * 1024, NAME = 28 };

struct peer {
    struct list link;
    struct socket *s;
    size_t done, len; /* of data that waits to be sent */
    char *data;
};
static struct list peers = LIST_INIT(peers);
static struct socket listener, datagrams;
static char buffer[BUFFER];

void net_changed(void) {}
void netdev_offer(struct netdev *dev)
{
    (void)dev;
}
void netdev_receive(struct netdev *dev, struct packet *p)
{
    (void)dev;
    packet_free(p);
}
void netdev_received(struct netdev *dev)
{
    (void)dev;
}
void socket_init(struct socket *s, const struct socket_ops *ops, int family, int type, int protocol)
{
    s->ops = ops;
    s->family = (uint16_t)family;
    s->type = (uint16_t)type;
    s->protocol = (uint8_t)protocol;
}

/* ---- the protocol below, which has nothing ---- */

static int no_connection(struct socket *s, struct socket **out)
{
    (void)s;
    (void)out;
    return -EAGAIN;
}
static ssize_t no_datagram(struct socket *s, struct message *m)
{
    (void)s;
    (void)m;
    return -EAGAIN;
}
static ssize_t no_route(struct socket *s, struct message *m)
{
    (void)s;
    (void)m;
    return -ENETUNREACH;
}
static unsigned nothing_ready(struct socket *s)
{
    return s->type == SOCK_DGRAM ? POLLOUT : 0;
}
static int any_address(struct socket *s, bool peer, struct sockaddr_k *out, unsigned *len)
{
    (void)peer;
    *out = (struct sockaddr_k){.family = s->family};
    out->data[1] = s->type == SOCK_DGRAM ? 53 : 80;
    *len = s->family == AF_INET ? 16 : NAME;
    return 0;
}
static const struct socket_ops below = {.accept = no_connection,
                                        .name = any_address,
                                        .receive = no_datagram,
                                        .send = no_route,
                                        .poll = nothing_ready};

/* ---- the server ---- */

static void hex(char *out, const struct sockaddr_k *name, unsigned len)
{
    for (unsigned i = 0; i < len; i++)
        (void)format_text(out + 2 * (size_t)i, 3, "%02x", ((const uint8_t *)name)[i]);
}

static size_t names(struct socket *s, char *out)
{
    struct sockaddr_k name;
    unsigned len;
    (void)s->ops->name(s, true, &name, &len);
    hex(out, &name, len);
    out[2 * len] = ' ';
    size_t used = 2 * (size_t)len + 1;
    (void)s->ops->name(s, false, &name, &len);
    hex(out + used, &name, len);
    return used + 2 * (size_t)len;
}

static struct iter over(struct iovec_k *v, void *at, size_t n)
{
    *v = (struct iovec_k){(vaddr_t)at, n};
    return (struct iter){.vec = v, .count = 1, .left = n, .kernel = true};
}

static void finish(struct peer *p)
{
    list_remove(&p->link);
    p->s->ops->close(p->s);
    if (p->data)
        heap_free(p->data, p->len);
    DELETE(p);
}

/* False: nothing can be sent now. */
static bool send_rest(struct peer *p)
{
    struct iovec_k v;
    struct iter it = over(&v, p->data + p->done, p->len - p->done);
    struct message m = {.data = &it};
    ssize_t n = p->s->ops->send(p->s, &m);
    p->done += n > 0 ? (size_t)n : 0;
    if (n < 0 && n != -EAGAIN)
        p->done = p->len;
    if (p->done < p->len)
        return n > 0;
    heap_free(p->data, p->len);
    p->data = NULL;
    return true;
}

static void keep(struct peer *p, size_t n)
{
    p->data = heap_alloc(n);
    memcpy(p->data, buffer, n);
    p->len = n;
    p->done = 0;
}

static void host_call_of(const uint64_t *a)
{
    register uint64_t r10 __asm__("r10") = a[4];
    register uint64_t r8 __asm__("r8") = a[5];
    register uint64_t r9 __asm__("r9") = a[6];
    uint64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(a[0]), "D"(a[1]), "S"(a[2]), "d"(a[3]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    memcpy(buffer, &result, sizeof(result));
}

static bool is(const char *text, size_t n)
{
    return n >= strlen(text) && strncmp(buffer, text, strlen(text)) == 0;
}

/* True: there may be more to do. */
static bool serve(struct peer *p)
{
    unsigned ready = p->s->ops->poll(p->s);
    if (p->data)
        return ready & POLLOUT && send_rest(p);
    if (!(ready & POLLIN))
        return false;
    struct iovec_k v;
    struct iter it = over(&v, buffer, BUFFER);
    struct message m = {.data = &it};
    ssize_t n = p->s->ops->receive(p->s, &m);
    if (n == -EAGAIN)
        return false;
    if (n <= 0) {
        finish(p);
        return true;
    }
    if (is("quit\n", (size_t)n))
        plat_exit(0);
    if (is("reset\n", (size_t)n)) {
        p->s->linger = true;
        finish(p);
        return true;
    }
    if (is("call", (size_t)n)) {
        uint64_t a[7];
        memcpy(a, buffer + 4, sizeof(a));
        host_call_of(a);
    }
    keep(p, is("names\n", (size_t)n) ? names(p->s, buffer) : (size_t)n);
    return true;
}

static bool serve_datagram(void)
{
    struct sockaddr_k name;
    struct iovec_k v;
    struct iter it = over(&v, buffer, BUFFER);
    struct message m = {.data = &it, .name = &name};
    if (!(datagrams.ops->poll(&datagrams) & POLLIN))
        return false;
    ssize_t n = datagrams.ops->receive(&datagrams, &m);
    if (n < 0)
        return false;
    it = over(&v, buffer, (size_t)n);
    (void)datagrams.ops->send(&datagrams, &m);
    return true;
}

static bool accept_one(void)
{
    struct socket *s;
    if (!(listener.ops->poll(&listener) & POLLIN) || listener.ops->accept(&listener, &s) < 0)
        return false;
    struct peer *p = NEW(struct peer);
    p->s = s;
    list_push_back(&peers, &p->link);
    return true;
}

NORETURN void core_main(void)
{
    bool more = false;
    socket_init(&listener, &below, AF_INET6, SOCK_STREAM, IPPROTO_TCP);
    socket_init(&datagrams, &below, AF_INET, SOCK_DGRAM, IPPROTO_UDP);
    listener.state = SOCKET_LISTENING;
    plat_host_port(&listener);
    plat_host_port(&datagrams);
    for (;;) {
        if (!more)
            plat_idle(TIME_NEVER);
        more = serve_datagram();
        while (accept_one())
            more = true;
        LIST_FOR_EACH_SAFE(it, &peers)
        {
            more |= serve(LIST_ENTRY(it, struct peer, link));
        }
    }
}
