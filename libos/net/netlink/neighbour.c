/* SPDX-License-Identifier: Apache-2.0 */
/* Neighbours: `ip neigh`. */
#include "netlink.h"

#include <u2k/errno.h>
#include <u2k/netinfo.h>
#include <u2k/string.h>

enum { NDA_DST = 1, NDA_LLADDR = 2, UNICAST = 1, NTF_ROUTER = 0x80 };

struct ndmsg {
    uint8_t family, pad[3];
    int32_t device;
    uint16_t state;
    uint8_t flags, type;
};
struct listing {
    struct answer *answer;
    uint8_t family; /* 0: all */
};

static void put(const struct neighbour_info *n, void *arg)
{
    const struct listing *l = arg;
    if (!n->state || (l->family && l->family != family_of(&n->addr)))
        return;
    struct ndmsg *m = answer_begin(l->answer, RTM_NEWNEIGH, sizeof *m);
    if (!m)
        return;
    *m = (struct ndmsg){.family = family_of(&n->addr),
                        .device = (int32_t)n->dev->index,
                        .state = n->state,
                        .flags = n->router ? NTF_ROUTER : 0,
                        .type = UNICAST};
    answer_address(l->answer, NDA_DST, &n->addr);
    if (!(n->state & (NUD_INCOMPLETE | NUD_FAILED)))
        answer_attribute(l->answer, NDA_LLADDR, n->mac, sizeof n->mac);
    answer_end(l->answer);
}

int neighbour_list(struct answer *a, const struct cursor *body)
{
    const uint8_t *family = cursor_at(body, 0, 1);
    struct listing l = {a, family ? *family : 0};
    if (!(a->flags & NLM_F_MULTI))
        return -EOPNOTSUPP;
    neighbours_each(put, &l);
    return 0;
}
