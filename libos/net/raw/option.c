/* SPDX-License-Identifier: Apache-2.0 */
/* Options of raw sockets: raw(7), icmp(7), RFC 3542 3.2. */
#include "raw.h"

#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/string.h>

enum { SOL_RAW = 255, SOL_ICMPV6 = 58, IP_HDRINCL = 3, ICMP_FILTER = 1, ICMPV6_FILTER = 1 };

/* The filter that `level` and `name` stand for; NULL: none. */
static void *filter_of(struct raw_socket *r, int level, int name, unsigned *size)
{
    uint8_t protocol = r->d.i.s.protocol;
    if (level == SOL_RAW && name == ICMP_FILTER && protocol == IPPROTO_ICMP) {
        *size = sizeof r->filter;
        return &r->filter;
    }
    if (level == SOL_ICMPV6 && name == ICMPV6_FILTER && protocol == IPPROTO_ICMPV6) {
        *size = sizeof r->filter_v6;
        return r->filter_v6;
    }
    return NULL;
}

int raw_setsockopt(struct socket *s, int level, int name, const void *value, unsigned len)
{
    struct raw_socket *r = raw_of(s);
    unsigned size;
    void *filter = filter_of(r, level, name, &size);
    if (filter) {
        memcpy(filter, value, MIN(len, size));
        return 0;
    }
    if (level == SOL_IP && name == IP_HDRINCL) {
        if (len < 1)
            return -EINVAL;
        r->header_included = *(const uint8_t *)value != 0;
        return 0;
    }
    return inet_setsockopt(s, level, name, value, len);
}

int raw_getsockopt(struct socket *s, int level, int name, void *value, unsigned *len)
{
    struct raw_socket *r = raw_of(s);
    int32_t v = r->header_included;
    unsigned size = sizeof v;
    const void *from = filter_of(r, level, name, &size);
    if (!from && !(level == SOL_IP && name == IP_HDRINCL))
        return inet_getsockopt(s, level, name, value, len);
    *len = MIN(*len, size);
    memcpy(value, from ? from : &v, *len);
    return 0;
}

IF_LINKED(sys_setsockopt, raw_setsockopt, unlinked_never);
IF_LINKED(sys_getsockopt, raw_getsockopt, unlinked_never);
