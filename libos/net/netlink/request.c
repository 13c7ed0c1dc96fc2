/* SPDX-License-Identifier: Apache-2.0 */
/* Requests: what each type asks for, and how its end or failure is told (netlink(7)). */
#include "netlink.h"

#include <u2k/errno.h>
#include <u2k/string.h>

static int dump(struct answer *a, const struct cursor *body)
{
    switch (a->request.type) {
    case RTM_GETLINK: return link_get(a, body);
    case RTM_GETADDR: return address_get(a, body);
    case RTM_GETROUTE: return route_get(a, body);
    case RTM_GETNEIGH: return neighbour_list(a, body);
    case RTM_GETRULE: return a->flags & NLM_F_MULTI ? 0 : -EOPNOTSUPP; /* none to be told */
    default: return -EOPNOTSUPP;
    }
}

/* 0 is an acknowledgement; an error has the whole request behind it. */
static void put_error(struct answer *a, const uint8_t *request, int error)
{
    struct {
        int32_t error;
        struct nlmsghdr request;
    } *m;
    size_t rest = error ? a->request.len - sizeof a->request : 0;
    if (rest > 512)
        rest = 0;
    m = answer_begin(a, NLMSG_ERROR, sizeof *m + rest);
    if (!m)
        return;
    m->error = error;
    memcpy(&m->request, request, sizeof m->request + rest);
    answer_end(a);
}

static void put_done(struct answer *a)
{
    int32_t *status = answer_begin(a, NLMSG_DONE, sizeof *status);
    if (status)
        answer_end(a);
}

static void request(struct netlink_socket *s, const uint8_t *data, const struct nlmsghdr *h)
{
    struct answer a = {.to = s, .request = *h};
    struct cursor body = cursor_over(data + sizeof *h, h->len - sizeof *h);
    bool get = (h->type & 3) == 2, all = get && (h->flags & NLM_F_DUMP);
    int err = 0;
    if (h->type >= NLMSG_MIN && (h->flags & NLM_F_REQUEST)) {
        a.flags = all ? NLM_F_MULTI : 0;
        /* Nothing is changed from inside: for that a container has no CAP_NET_ADMIN either. */
        err = h->type > RTM_MAX ? -EOPNOTSUPP : get ? dump(&a, &body) : -EPERM;
        if (err == 0 && all)
            put_done(&a);
    }
    a.flags = 0;
    if (err < 0 || ((h->flags & NLM_F_ACK) && !all))
        put_error(&a, data, err);
    answer_send(&a);
}

void netlink_requests(struct netlink_socket *s, const uint8_t *data, size_t len)
{
    struct nlmsghdr h;
    while (len >= sizeof h) {
        memcpy(&h, data, sizeof h);
        if (h.len < sizeof h || h.len > len)
            return;
        request(s, data, &h);
        size_t step = MIN(ALIGN_UP((size_t)h.len, 4), len);
        data += step;
        len -= step;
    }
}
