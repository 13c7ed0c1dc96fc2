/* SPDX-License-Identifier: Apache-2.0 */
/* Frames seen and sent. */
#include "packet_socket.h"
#include "../ethernet/ethernet.h"

#include <u2k/errno.h>
#include <u2k/inet.h>
#include <u2k/string.h>

enum { OVERHEAD = 768, TYPE_AT = 12, VLAN = 4 };
enum frame_kind { FRAME_HOST, FRAME_BROADCAST, FRAME_MULTICAST, FRAME_OTHERHOST, FRAME_OUTGOING };

static const struct packet_socket *sending; /* does not see what it sends */

static enum frame_kind kind_of(const struct packet *p)
{
    static const uint8_t all[ETH_ALEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    if (p->flags & PACKET_OURS)
        return FRAME_OUTGOING;
    if (p->data[0] & 1)
        return mac_same(p->data, all) ? FRAME_BROADCAST : FRAME_MULTICAST;
    return mac_same(p->data, p->dev->mac) ? FRAME_HOST : FRAME_OTHERHOST;
}

/* As Linux: who listens to one protocol is shown what comes in, who listens to all what goes out too. */
static bool wants(const struct packet_socket *u, const struct packet *p)
{
    bool outgoing = p->flags & PACKET_OURS;
    if (u == sending || (u->device && u->device != p->dev->index) || p->len < ETH_HLEN)
        return false;
    if (u->protocol == ETH_P_ALL)
        return !(outgoing && u->ignores_outgoing);
    return !outgoing && u->protocol == be16(p->data + TYPE_AT);
}

void packet_socket_see(struct netdev_tap *t, const struct packet *p)
{
    struct packet_socket *u = CONTAINER_OF(t, struct packet_socket, tap);
    if (!wants(u, p))
        return;
    u->seen++;
    struct packet *copy = u->queued > u->s.rcvbuf ? NULL : packet_clone(p, 0);
    if (!copy) {
        u->dropped++;
        return;
    }
    copy->dev = p->dev;
    copy->note[0] = kind_of(p);
    copy->time = u->s.timestamp ? clock_realtime() : 0;
    u->queued += copy->total + OVERHEAD;
    list_push_back(&u->received, &copy->link);
    socket_wake(&u->s, POLLIN | POLLRDNORM);
}

void packet_socket_drop_first(struct packet_socket *u)
{
    struct packet *p = LIST_ENTRY(u->received.next, struct packet, link);
    list_remove(&p->link);
    u->queued -= p->total + OVERHEAD;
    packet_free(p);
}

static void put_name(const struct packet *p, struct message *m)
{
    struct sockaddr_ll ll = {.family = AF_PACKET,
                             .protocol = raw16(p->data + TYPE_AT),
                             .device = (int32_t)p->dev->index,
                             .hardware = p->dev->type,
                             .kind = (uint8_t)p->note[0],
                             .len = ETH_ALEN};
    if (!m->name)
        return;
    memcpy(ll.address, p->data + ETH_ALEN, ETH_ALEN);
    memcpy(m->name, &ll, m->name_len = sizeof ll);
}

ssize_t packet_socket_receive(struct socket *s, struct message *m)
{
    struct packet_socket *u = packet_socket_of(s);
    size_t skip = s->type == SOCK_DGRAM ? ETH_HLEN : 0;
    m->name_len = 0;
    if (s->error)
        return socket_take_error(s);
    if (list_empty(&u->received))
        return -EAGAIN;
    struct packet *p = LIST_ENTRY(u->received.next, struct packet, link);
    size_t len = p->total - skip, want = MIN(len, m->data->left);
    if (packet_to_iter(p, skip, m->data, want) < want)
        return -EFAULT;
    put_name(p, m);
    if (s->timestamp)
        socket_put_time(s, m, p->time);
    if (want < len)
        m->out_flags |= MSG_TRUNC;
    if (!(m->flags & MSG_PEEK))
        packet_socket_drop_first(u);
    return (ssize_t)((m->flags & MSG_TRUNC) ? len : want);
}

/* Device and, for SOCK_DGRAM, header of what is sent. */
static int target(const struct packet_socket *u, const struct message *m, struct sockaddr_ll *ll)
{
    *ll = (struct sockaddr_ll){.protocol = net16(u->protocol), .device = (int32_t)u->device};
    if (!m->name || !m->name_len)
        return 0;
    if (m->name_len < LL_SHORT)
        return -EINVAL;
    memcpy(ll, m->name, MIN(m->name_len, (unsigned)sizeof *ll));
    if (u->s.type == SOCK_DGRAM && (m->name_len < LL_SHORT + ETH_ALEN || ll->len < ETH_ALEN))
        return -EINVAL;
    return 0;
}

static ssize_t send_frame(const struct packet_socket *u, struct message *m, struct netdev *dev,
                          const struct sockaddr_ll *ll)
{
    size_t len = m->data->left, header = u->s.type == SOCK_DGRAM ? 0 : ETH_HLEN;
    if (len > dev->mtu + header + (header ? VLAN : 0))
        return -EMSGSIZE;
    if (len < header)
        return -EINVAL;
    struct packet *p = packet_new(PACKET_HEADROOM, len);
    if (!p)
        return -ENOBUFS;
    if (iter_read(packet_append(p, len), m->data, len) < len) {
        packet_free(p);
        return -EFAULT;
    }
    sending = u;
    int err =
        header ? netdev_send(dev, p) : ethernet_send(dev, p, ll->address, net16(ll->protocol));
    sending = NULL;
    return err < 0 ? err : (ssize_t)len;
}

ssize_t packet_socket_send(struct socket *s, struct message *m)
{
    struct packet_socket *u = packet_socket_of(s);
    struct sockaddr_ll ll;
    int err = target(u, m, &ll);
    if (err < 0)
        return err;
    struct netdev *dev = ll.device ? netdev_by_index((unsigned)ll.device) : NULL;
    if (!dev)
        return -ENXIO;
    if (!(dev->flags & IFF_UP))
        return -ENETDOWN;
    /* Where there are no addresses a header needs none. */
    if (s->type == SOCK_DGRAM && !ll.len && !(dev->flags & (IFF_LOOPBACK | IFF_NOARP)))
        return -EINVAL;
    return send_frame(u, m, dev, &ll);
}
