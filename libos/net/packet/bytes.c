/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a packet: headers that come and go, payload in further buffers and in slices. */
#include <u2k/log.h>
#include <u2k/packet.h>
#include <u2k/string.h>

void packet_no_room(size_t n)
{
    panic("packet: no room for %zu bytes", n);
}

uint8_t *packet_push(struct packet *p, size_t n)
{
    if (UNLIKELY(packet_headroom(p) < n))
        packet_no_room(n);
    p->data -= n;
    p->len += (uint32_t)n;
    p->total += (uint32_t)n;
    return p->data;
}

void packet_pull(struct packet *p, size_t n)
{
    if (UNLIKELY(p->len < n))
        panic("packet_pull: %zu bytes of %u", n, p->len);
    p->data += n;
    p->len -= (uint32_t)n;
    p->total -= (uint32_t)n;
}

uint8_t *packet_append(struct packet *p, size_t n)
{
    uint8_t *at = packet_end(p);

    if (UNLIKELY(packet_tailroom(p) < n || p->slice_count))
        packet_no_room(n);
    p->len += (uint32_t)n;
    p->total += (uint32_t)n;
    return at;
}

bool packet_slice(struct packet *p, const void *at, size_t len, struct packet *of)
{
    if (p->slice_count == p->slice_max)
        return false;
    p->slices[p->slice_count++] = (struct slice){at, (uint32_t)len, of};
    if (of)
        packet_ref(of);
    p->total += (uint32_t)len;
    return true;
}

void packet_trim(struct packet *p, size_t total)
{
    size_t left = total;

    if (p->total <= total)
        return;
    p->total = (uint32_t)total;
    for (struct packet *b = p; b; b = b->next) {
        b->len = (uint32_t)MIN((size_t)b->len, left);
        left -= b->len;
        if (!left) {
            packet_free(b->next);
            b->next = NULL;
        }
    }
    unsigned kept = 0;
    for (unsigned i = 0; i < p->slice_count; i++) {
        struct slice *s = &p->slices[i];
        s->len = (uint32_t)MIN((size_t)s->len, left);
        left -= s->len;
        if (s->len)
            kept = i + 1;
        else
            packet_free(s->of);
    }
    p->slice_count = (uint16_t)kept;
}

bool packet_contiguous(struct packet *p, size_t n)
{
    if (LIKELY(p->len >= n))
        return true;
    if (p->total < n || p->slice_count || p->refs > 1 || packet_tailroom(p) < n - p->len)
        return false;
    while (p->len < n) {
        struct packet *b = p->next;
        if (!b)
            return false;
        uint32_t take = (uint32_t)MIN((size_t)b->len, n - p->len);
        memcpy(packet_end(p), b->data, take);
        p->len += take;
        b->data += take;
        b->len -= take;
        if (b->len)
            continue;
        p->next = b->next;
        b->next = NULL;
        packet_free(b);
    }
    return true;
}

/* The next piece of at most *len bytes at *offset of one run of bytes; what was before it is taken off. */
static size_t piece_of(size_t run, size_t *offset, size_t len)
{
    size_t skip = MIN(run, *offset);

    *offset -= skip;
    return MIN(run - skip, len);
}

bool packet_copy(const struct packet *p, size_t offset, void *out, size_t n)
{
    uint8_t *to = out;

    if (offset > p->total || n > p->total - offset)
        return false;
    for (const struct packet *b = p; b && n; b = b->next) {
        size_t at = offset, run = piece_of(b->len, &offset, n);
        memcpy(to, b->data + (at - offset), run);
        to += run;
        n -= run;
    }
    for (unsigned i = 0; i < p->slice_count && n; i++) {
        const struct slice *s = &p->slices[i];
        size_t at = offset, run = piece_of(s->len, &offset, n);
        memcpy(to, s->at + (at - offset), run);
        to += run;
        n -= run;
    }
    return n == 0;
}

/* A pointer into the headers of `from`, in the copy `to`; NULL if it stood in front of what was copied. */
static uint8_t *moved(const struct packet *from, const struct packet *to, const uint8_t *at)
{
    return at && at >= from->data && at <= packet_end(from) ? to->data + (at - from->data) : NULL;
}

struct packet *packet_clone(const struct packet *p, size_t headroom)
{
    struct packet *c = packet_new(headroom, p->total);

    if (!c)
        return NULL;
    packet_copy(p, 0, packet_append(c, p->total), p->total);
    c->flags = p->flags;
    c->csum_offset = p->csum_offset;
    c->csum_start = moved(p, c, p->csum_start);
    c->network = moved(p, c, p->network);
    c->transport = moved(p, c, p->transport);
    c->dev = p->dev;
    c->gso = p->gso;
    c->gso_size = p->gso_size;
    c->protocol = p->protocol;
    c->ttl = p->ttl;
    c->tos = p->tos;
    c->ethertype = p->ethertype;
    c->src = p->src;
    c->dst = p->dst;
    c->time = p->time;
    return c;
}
