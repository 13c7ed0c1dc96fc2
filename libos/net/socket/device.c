/* SPDX-License-Identifier: Apache-2.0 */
#include "device.h"

#include <u2k/errno.h>
#include <u2k/netdev.h>
#include <u2k/optional.h>
#include <u2k/string.h>

IF_LINKED(part_ip, socket_device_named, unlinked_nothing);
IF_LINKED(part_ip, socket_device_name, unlinked_nothing);

OPTIONAL unsigned socket_device_named(const char *name)
{
    const struct netdev *dev = netdev_by_name(name);
    return dev ? dev->index : 0;
}

OPTIONAL const char *socket_device_name(unsigned index)
{
    const struct netdev *dev = netdev_by_index(index);
    return dev ? dev->name : NULL;
}

int socket_bind_to_device(struct socket *s, const char *name, unsigned len)
{
    char copy[16] = {0};
    memcpy(copy, name, MIN(len, (unsigned)sizeof copy - 1));
    unsigned index = copy[0] ? socket_device_named(copy) : 0;
    if (copy[0] && !index)
        return -ENODEV;
    s->device = index;
    return 0;
}

int socket_bind_to_index(struct socket *s, int32_t index)
{
    if (index < 0)
        return -EINVAL;
    if (index && !socket_device_name((unsigned)index))
        return -ENODEV;
    s->device = (unsigned)index;
    return 0;
}

int socket_bound_device(const struct socket *s, char *name, unsigned *len)
{
    const char *from = s->device ? socket_device_name(s->device) : NULL;
    unsigned size = from ? (unsigned)strlen(from) + 1 : 0;
    if (size > *len)
        return -EINVAL;
    *len = size;
    if (from)
        memcpy(name, from, size);
    return 0;
}
