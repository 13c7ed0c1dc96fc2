/* SPDX-License-Identifier: Apache-2.0 */
/* Which library makes a socket of a family. */
#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/socket.h>

enum { FAMILIES = 46, TYPES = 11 }; /* NPROTO, SOCK_MAX */

int socket_create(int family, int type, int protocol, struct socket **out)
{
    if (family < 0 || family >= FAMILIES)
        return -EAFNOSUPPORT;
    if (type < 0 || type >= TYPES)
        return -EINVAL;
    switch (family) {
    case AF_UNIX: return unix_create(type, protocol, out);
    case AF_INET:
    case AF_INET6: return inet_create(family, type, protocol, out);
    case AF_NETLINK: return netlink_create(type, protocol, out);
    case AF_PACKET: return packet_create(type, protocol, out);
    default: return -EAFNOSUPPORT;
    }
}

int unix_missing(void)
{
    part_missing("unix", "a socket of AF_UNIX was made");
    return -EAFNOSUPPORT;
}

int inet_missing(void)
{
    part_missing("inet", "a socket of AF_INET or AF_INET6 was made");
    return -EAFNOSUPPORT;
}

int netlink_missing(void)
{
    part_missing("netlink", "a socket of AF_NETLINK was made");
    return -EAFNOSUPPORT;
}

int packet_socket_missing(void)
{
    part_missing("packet_socket", "a socket of AF_PACKET was made");
    return -EAFNOSUPPORT;
}

IF_LINKED(part_netlink, netlink_create, netlink_missing);
IF_LINKED(part_packet_socket, packet_create, packet_socket_missing);
IF_LINKED(part_inet, inet_create, inet_missing);
IF_LINKED(part_unix, unix_create, unix_missing);
IF_LINKED(part_unix, unix_pair, unix_missing);
