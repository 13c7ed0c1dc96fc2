/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network devices: opened before the sandbox, looked at when the program asks, when nothing else is to do,
 * and from time to time while it computes. A look that finds nothing costs a host call, hence the guesses in here
 * of when there is more.
 */
#include "../x86_64/hostcall.h"
#include "host_ports.h"
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/optional.h>

enum { ITIMER_PROF = 2, TICK_USEC = 4000, ARPHRD_ETHER = 1 };
/* Frames of one look, so that who has the CPU gets it back; single frames between two tries for more;
 * looks that need no waiting before the host's other events get their turn. */
enum { BATCH = 64, SHALLOW_MAX = 8, EAGER_MAX = 32 };

struct wire wires[DEVICES_MAX];
unsigned wire_count;

static int send(struct netdev *dev, struct packet *p, bool more)
{
    (void)more; /* each frame is a call */
    return wire_send(CONTAINER_OF(dev, struct wire, dev), p);
}

static void died(struct wire *w, int error)
{
    w->dead = true;
    w->dev.flags &= ~(unsigned)IFF_RUNNING;
    log_error("%s: the host's side of the device is gone (error %d)", w->dev.name, -error);
    wire_discard(w);
    net_changed();
}

/* Whether there is more than one frame shows only by another read, which costs a call when there is not: it is
 * made while the last such try was a success, and once in a while. */
static bool receive(struct wire *w)
{
    unsigned got = 0;
    int more = 1;
    bool deep = w->deep || w->shallow >= SHALLOW_MAX;
    while (more == 1 && got < BATCH && !w->dead) {
        more = w->ops->receive(w);
        if (more >= 0)
            got++;
        else if (more != -EAGAIN && more != -EINTR)
            died(w, more);
        if (!deep)
            break;
    }
    w->shallow = deep ? 0 : (uint8_t)(w->shallow + 1);
    w->deep = deep ? got > 1 : w->deep;
    if (got)
        netdev_received(&w->dev);
    return got != 0;
}

static bool poll(struct netdev *dev)
{
    struct wire *w = CONTAINER_OF(dev, struct wire, dev);
    return !w->dead && receive(w);
}

OPTIONAL void network_open(void)
{
    for (unsigned i = 0; i < wire_count; i++)
        wires[i].open(&wires[i]);
    host_ports_open();
    if (!wire_count && !host_sockets.count)
        return;
    /* CPU time and not time: an idle unikernel is not woken. */
    const int64_t it[4] = {0, TICK_USEC, 0, TICK_USEC};
    (void)host_call(setitimer, ITIMER_PROF, it, 0);
}

OPTIONAL void network_allow(void)
{
    struct allowed a = {.check = ONE_OF, .count = (uint8_t)wire_count};
    host_ports_allow();
    if (!wire_count)
        return;
    for (unsigned i = 0; i < wire_count; i++)
        a.values[i] = (uint32_t)wires[i].fd;
    a.nr = HOST_readv;
    sandbox_allow(&a);
    a.nr = HOST_writev;
    sandbox_allow(&a);
}

void plat_net_start(void)
{
    for (unsigned i = 0; i < wire_count; i++) {
        struct netdev *dev = &wires[i].dev;
        dev->type = ARPHRD_ETHER;
        dev->features |= NETDEV_IDLE_POLLS;
        dev->flags = IFF_BROADCAST | IFF_MULTICAST | IFF_RUNNING;
        dev->send = send;
        dev->poll = poll;
        netdev_offer(dev);
    }
}

static bool look(void)
{
    bool came = host_events();
    for (unsigned i = 0; i < wire_count; i++)
        if (!wires[i].dead && receive(&wires[i]))
            came = true;
    return came;
}

/* Under load there is something nearly always: reading then says so and brings it in one call. As long as it does,
 * ppoll() is not asked, but for the others' sake once in a while; else the guess is tried once in a while. */
OPTIONAL bool network_came(void)
{
    static bool eager;
    static unsigned idle, hits;
    if (!wire_count) /* one call waits and tells */
        return false;
    if (!eager && ++idle < SHALLOW_MAX)
        return false;
    idle = 0;
    if (++hits >= EAGER_MAX) {
        hits = 0;
        return false;
    }
    eager = look();
    return eager;
}

OPTIONAL unsigned network_wanted(struct host_pollfd *fds)
{
    for (unsigned i = 0; i < wire_count; i++) {
        const struct wire *w = &wires[i];
        int16_t events = w->out_count ? HOST_POLLIN | HOST_POLLOUT : HOST_POLLIN;
        fds[i] = (struct host_pollfd){.fd = w->dead ? -1 : w->fd, .events = events};
    }
    if (!host_sockets.count)
        return wire_count;
    fds[wire_count] = (struct host_pollfd){.fd = host_sockets.epoll, .events = HOST_POLLIN};
    return wire_count + 1;
}

OPTIONAL void network_ready(const struct host_pollfd *fds, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (i == wire_count) {
            (void)host_events();
            break;
        }
        if (fds[i].revents & HOST_POLLOUT)
            wire_flush(&wires[i]);
        if (fds[i].revents & ~HOST_POLLOUT)
            (void)receive(&wires[i]);
    }
}

OPTIONAL void network_tick(void)
{
    (void)look();
}

IF_LINKED(net_start, network_open, unlinked_nothing);
IF_LINKED(net_start, network_allow, unlinked_nothing);
IF_LINKED(net_start, network_came, unlinked_nothing);
IF_LINKED(net_start, network_wanted, unlinked_nothing);
IF_LINKED(net_start, network_ready, unlinked_nothing);
IF_LINKED(net_start, network_tick, unlinked_nothing);
