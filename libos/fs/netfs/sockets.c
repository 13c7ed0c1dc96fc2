/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/net/tcp and the like: net/ipv4/tcp_ipv4.c and udp.c of Linux say what the columns are. */
#include "netfs.h"

#include <u2k/optional.h>

IF_LINKED(part_tcp, tcp_each, unlinked_nothing);
IF_LINKED(part_udp, udp_each, unlinked_nothing);

enum { LISTENS = 10 };

struct listing {
    struct text *t;
    unsigned count;
    bool v6, udp;
};

static void address(const struct listing *l, const struct ip_addr *a, uint16_t port)
{
    if (l->v6)
        for (unsigned i = 0; i < 4; i++)
            net_hex(l->t, a->words[i], 8);
    else
        net_hex(l->t, a->words[3], 8);
    text_add(l->t, ":");
    net_hex(l->t, port, 4);
}

static void entry(const struct inet_info *i, void *arg)
{
    struct listing *l = arg;
    size_t start = l->t->len;
    const struct file *f = i->s ? i->s->s.file : NULL;

    if (i->v6 != l->v6)
        return;
    text_add(l->t, l->udp ? "%5u: " : "%4u: ", l->count++);
    address(l, &i->local, i->local_port);
    text_add(l->t, " ");
    address(l, &i->peer, i->peer_port);
    text_add(l->t, " ");
    net_hex(l->t, i->state, 2);
    text_add(l->t, " ");
    net_hex(l->t, i->state == LISTENS ? 0 : i->send_queue, 8); /* a backlog is netlink's to tell */
    text_add(l->t, ":");
    net_hex(l->t, i->receive_queue, 8);
    text_add(l->t, " 00:00000000 00000000 %5u        0 %lu 1 0000000000000000",
             f && f->inode ? f->inode->uid : 0, f && f->inode ? f->inode->ino : 0ul);
    if (l->udp)
        text_add(l->t, " 0");
    else
        text_add(l->t, " 100 0 0 10 0");
    net_pad(l->t, start, l->v6 ? 0 : l->udp ? 127 : 149);
}

static const char columns[] = "st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";

static void list_tcp(struct text *t, bool v6)
{
    struct listing l = {.t = t, .v6 = v6};
    size_t start = t->len;

    if (v6)
        text_add(t,
                 "  sl  local_address                         "
                 "remote_address                        %s",
                 columns);
    else
        text_add(t, "  sl  local_address rem_address   %s", columns);
    net_pad(t, start, v6 ? 0 : 149);
    tcp_each(entry, &l);
}

static void list_udp(struct text *t, bool v6)
{
    struct listing l = {.t = t, .v6 = v6, .udp = true};
    size_t start = t->len;

    if (v6)
        text_add(t,
                 "  sl  local_address                         "
                 "remote_address                        %s ref pointer drops",
                 columns);
    else
        text_add(t, "   sl  local_address rem_address   %s ref pointer drops", columns);
    net_pad(t, start, v6 ? 0 : 127);
    udp_each(entry, &l);
}

void proc_tcp(struct text *t, const struct proc_at *at)
{
    (void)at;
    list_tcp(t, false);
}
void proc_tcp6(struct text *t, const struct proc_at *at)
{
    (void)at;
    list_tcp(t, true);
}
void proc_udp(struct text *t, const struct proc_at *at)
{
    (void)at;
    list_udp(t, false);
}
void proc_udp6(struct text *t, const struct proc_at *at)
{
    (void)at;
    list_udp(t, true);
}

struct counts {
    unsigned used, orphans, waiting;
};

static void count(const struct inet_info *i, void *arg)
{
    enum { TIME_WAIT = 6 };
    struct counts *c = arg;

    if (i->state == TIME_WAIT)
        c->waiting++;
    else
        c->used++;
    c->orphans += i->s && !i->s->s.file;
}

void proc_sockstat(struct text *t, const struct proc_at *at)
{
    struct counts tcp = {0}, udp = {0};
    unsigned long pages = packet_memory >> PAGE_SHIFT;
    (void)at;

    tcp_each(count, &tcp);
    udp_each(count, &udp);
    text_add(t, "sockets: used %u\nTCP: inuse %u orphan %u tw %u alloc %u mem %lu\n",
             tcp.used + udp.used, tcp.used, tcp.orphans, tcp.waiting, tcp.used, pages);
    text_add(t, "UDP: inuse %u mem 0\nUDPLITE: inuse 0\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n",
             udp.used);
}
