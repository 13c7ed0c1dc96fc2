/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: a header, a header of the type, attributes; each aligned to four bytes (netlink(7)). */
#include "netlink.h"

#include <u2k/pages.h>
#include <u2k/string.h>

enum { MESSAGE_MAX = 1024 /* more than any that is made here */ };

struct rtattr {
    uint16_t len, type;
};

void answer_send(struct answer *a)
{
    struct netlink_datagram *d = a->filling;
    if (!d)
        return;
    a->filling = NULL;
    list_push_back(&a->to->received, &d->link);
    a->to->received_count++;
    socket_wake(&a->to->s, POLLIN | POLLRDNORM);
}

static uint8_t *room(struct answer *a, size_t n)
{
    uint8_t *at = a->filling->data + a->filling->len;
    size_t aligned = ALIGN_UP(n, 4);
    if (DATAGRAM_ROOM - a->filling->len < aligned)
        return NULL;
    memset(at, 0, aligned);
    a->filling->len += (uint32_t)aligned;
    return at;
}

void *answer_begin(struct answer *a, uint16_t type, size_t len)
{
    const struct nlmsghdr h = {
        .type = type, .flags = a->flags, .seq = a->request.seq, .pid = a->to->port};
    if (a->filling && DATAGRAM_ROOM - a->filling->len < MESSAGE_MAX)
        answer_send(a);
    if (!a->filling) {
        a->filling = a->lost ? NULL : pages_alloc(1, PAGES_ANY);
        if (!a->filling) {
            a->lost = true;
            return NULL;
        }
        a->filling->len = 0;
    }
    a->begun = a->filling->len;
    memcpy(room(a, sizeof h), &h, sizeof h);
    return room(a, len);
}

void answer_end(struct answer *a)
{
    uint32_t len = a->filling->len - a->begun;
    memcpy(a->filling->data + a->begun, &len, sizeof len);
}

void answer_attribute(struct answer *a, uint16_t type, const void *data, size_t len)
{
    const struct rtattr h = {(uint16_t)(sizeof h + len), type};
    uint8_t *at = room(a, sizeof h + len);
    if (!at)
        return;
    memcpy(at, &h, sizeof h);
    memcpy(at + sizeof h, data, len);
}

void answer_u32(struct answer *a, uint16_t type, uint32_t v)
{
    answer_attribute(a, type, &v, sizeof v);
}

void answer_text(struct answer *a, uint16_t type, const char *text)
{
    answer_attribute(a, type, text, strlen(text) + 1);
}

void answer_address(struct answer *a, uint16_t type, const struct ip_addr *addr)
{
    if (ip_is_v4(addr))
        answer_u32(a, type, ip_v4(addr));
    else
        answer_attribute(a, type, addr->bytes, sizeof addr->bytes);
}

struct attribute attribute_find(const struct cursor *c, size_t header, uint16_t type)
{
    struct cursor at = cursor_part(c, ALIGN_UP(header, 4),
                                   c->len > ALIGN_UP(header, 4) ? c->len - ALIGN_UP(header, 4) : 0);
    struct attribute found = {0};
    while (cursor_left(&at) >= sizeof(struct rtattr)) {
        uint16_t len = cursor_le16(&at), kind = cursor_le16(&at);
        if (len < sizeof(struct rtattr))
            break;
        size_t n = len - sizeof(struct rtattr);
        const uint8_t *data = cursor_take(&at, n);
        if (!data)
            break;
        if ((kind & 0x3fff) == type)
            found = (struct attribute){data, n};
        cursor_skip(&at, MIN(ALIGN_UP(n, 4) - n, cursor_left(&at)));
    }
    return found;
}

bool attribute_address(const struct attribute *a, uint8_t family, struct ip_addr *out)
{
    if (a->len != (family == AF_INET ? 4u : 16u))
        return false;
    if (family == AF_INET)
        *out = ip_from_v4(raw32(a->data));
    else
        memcpy(out->bytes, a->data, sizeof out->bytes);
    return true;
}

uint32_t attribute_u32(const struct attribute *a)
{
    return a->len >= 4 ? raw32(a->data) : 0;
}
