/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A core that sends each frame back to whom it came from: the platform's network devices alone are under test. The
 * first byte behind the Ethernet header says more: 'Q' ends with status 0; 'C' computes for ever, so that only
 * the platform's tick brings what follows.
 */
#include "no_program.h"
#include <u2k/log.h>
#include <u2k/pages.h>
#include <u2k/string.h>

enum { HEADER = 14, IPV4 = 20, IPV6 = 40, TCP_CHECKSUM = 16 };

static bool computes;

void socket_init(struct socket *s, const struct socket_ops *ops, int family, int type, int protocol)
{
    *s = (struct socket){.ops = ops, .family = (uint16_t)family};
    panic("a socket of type %d, protocol %d", type, protocol);
}

void net_changed(void)
{
    plat_exit(3);
}

void netdev_offer(struct netdev *dev)
{
    format_text(dev->name, sizeof(dev->name), "eth0");
}

void netdev_received(struct netdev *dev)
{
    (void)dev;
}

/* What was merged goes out for segmentation again. */
static void restore_offload(struct packet *p)
{
    if (!p->gso)
        return;
    p->flags = PACKET_SUM_WANTED;
    p->csum_start = p->data + HEADER + (p->gso == GSO_TCP4 ? IPV4 : IPV6);
    p->csum_offset = TCP_CHECKSUM;
}

void netdev_receive(struct netdev *dev, struct packet *p)
{
    uint8_t to[6];
    if (p->data[HEADER] == 'Q')
        plat_exit(0);
    if (p->data[HEADER] == 'C')
        computes = true;
    memcpy(to, p->data + 6, sizeof(to));
    memcpy(p->data + 6, dev->mac, sizeof(to));
    memcpy(p->data, to, sizeof(to));
    restore_offload(p);
    (void)dev->send(dev, p, false);
}

NORETURN void core_main(void)
{
    plat_net_start();
    while (!computes)
        plat_idle(TIME_NEVER);
    /* The program: an endless loop, in a page of its own. */
    enum { PROGRAM = 0x400000 };
    static const uint8_t endless[] = {0xeb, 0xfe};
    if (plat_map(PROGRAM, PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_ZERO, NULL) < 0)
        panic("cannot map the program");
    memcpy((void *)PROGRAM, endless, sizeof(endless));
    struct regs regs;
    arch_start_regs(&regs, PROGRAM, PROGRAM + PAGE_SIZE);
    plat_enter(&regs);
}
