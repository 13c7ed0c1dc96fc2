/* SPDX-License-Identifier: Apache-2.0 */
/* Routes of a socket, its end, and copies of what it received. */
#include "inet.h"

#include <u2k/errno.h>

int inet_route_by(const struct inet_socket *s, const struct ip_addr *to,
                  const struct ip_addr *source, unsigned device, struct ip_route *out)
{
    if (ip_is_multicast(to)) {
        if (!device)
            device = s->multicast_device;
        if (ip_is_any(source) && !ip_is_any(&s->multicast_source))
            source = &s->multicast_source;
    }
    if (ip_is_any(source) || ip_is_multicast(source) || ip_is_broadcast(source))
        source = NULL;
    else if (ip_is_v4(source) != ip_is_v4(to))
        return -ENETUNREACH;
    return ip_route(to, source, device, out);
}

int inet_route(struct inet_socket *s, const struct ip_addr *to)
{
    if (LIKELY(ip_route_valid(&s->route) && ip_same(&s->route_to, to)))
        return 0;
    int err = inet_route_by(s, to, &s->local, s->s.device, &s->route);
    if (err < 0)
        s->route.dev = NULL;
    s->route_to = *to;
    return err;
}

void inet_close(struct inet_ports *t, struct inet_socket *s)
{
    if (s->bound)
        inet_unbind(t, s);
    inet_leave_groups(s);
}

size_t packet_to_iter(const struct packet *p, size_t offset, struct iter *it, size_t n)
{
    size_t done = 0;
    for (; p && done < n; p = p->next) {
        if (offset >= p->len) {
            offset -= p->len;
            continue;
        }
        size_t piece = MIN(p->len - offset, n - done);
        size_t got = iter_write(it, p->data + offset, piece);
        done += got;
        offset = 0;
        if (got < piece)
            break;
    }
    return done;
}
