/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reassembly for both versions. Bounded in datagrams, fragments, memory and time. Fragments that overlap end the
 * datagram (RFC 5722, 4; Linux does the same to IPv4 since 2018): what stays of it swallows the rest until its
 * time is over. One that came twice is passed over.
 */
#include "ip.h"

#include <u2k/pages.h>
#include <u2k/sched.h>

enum {
    DATAGRAMS_MAX = 64,
    FRAGMENTS_MAX = 128, /* of one datagram */
    MEMORY_SHARE = 8,    /* of what packets may take */
    LENGTH_MAX = 65535,
};
#define LIFE (30 * NSEC_PER_SEC) /* as Linux; RFC 8200 says at most 60 s */

struct datagram {
    struct list link; /* of all, the oldest first */
    struct fragment key; /* offset and more have no meaning */
    struct list fragments; /* by offset, which is in note[0] of each */
    uint32_t count, have, total; /* total 0: the last fragment is not there */
    size_t memory;
    bool dead;
    struct timer timer;
};

static struct list datagrams = LIST_INIT(datagrams);
static unsigned datagram_count;
static size_t memory;

static struct packet *packet_at(struct list *it)
{
    return LIST_ENTRY(it, struct packet, link);
}

static void drop_fragments(struct datagram *d)
{
    LIST_FOR_EACH_SAFE(it, &d->fragments)
    {
        list_remove(it);
        packet_free(packet_at(it));
    }
    memory -= d->memory;
    d->memory = 0;
}

static void forget(struct datagram *d)
{
    drop_fragments(d);
    timer_cancel(&d->timer);
    list_remove(&d->link);
    datagram_count--;
    DELETE(d);
}

static void due(struct timer *t)
{
    struct datagram *d = CONTAINER_OF(t, struct datagram, timer);
    struct list *first = d->fragments.next;

    if (!list_empty(&d->fragments) && packet_at(first)->note[0] == 0)
        ip_reassembly_ended(packet_at(first));
    forget(d);
}

static struct datagram *find(const struct fragment *f)
{
    LIST_FOR_EACH(it, &datagrams)
    {
        struct datagram *d = LIST_ENTRY(it, struct datagram, link);
        if (d->key.id == f->id && ip_same(&d->key.src, &f->src) && ip_same(&d->key.dst, &f->dst) &&
            (!ip_is_v4(&f->src) || d->key.protocol == f->protocol))
            return d;
    }
    return NULL;
}

static struct datagram *begin(const struct fragment *f)
{
    if (datagram_count >= DATAGRAMS_MAX)
        forget(LIST_ENTRY(datagrams.next, struct datagram, link));
    struct datagram *d = NEW(struct datagram);
    if (!d)
        return NULL;
    d->key = *f;
    list_init(&d->fragments);
    list_push_back(&datagrams, &d->link);
    datagram_count++;
    timer_set(&d->timer, clock_monotonic() + LIFE, due);
    return d;
}

enum placed { PLACED, TWICE, WRONG };

static enum placed place(struct datagram *d, struct packet *p, const struct fragment *f)
{
    uint32_t end = f->offset + p->total;
    struct list *before = d->fragments.prev;

    for (; before != &d->fragments; before = before->prev) { /* most come in order */
        const struct packet *other = packet_at(before);
        uint32_t start = (uint32_t)other->note[0], stop = start + other->total;
        if (start == f->offset && stop == end)
            return TWICE;
        if (start < end && f->offset < stop)
            return WRONG;
        if (start < f->offset)
            break;
    }
    if (f->more ? d->total && end > d->total : d->total && end != d->total)
        return WRONG;
    if (!f->more) {
        if (before != d->fragments.prev) /* something lies behind the last one */
            return WRONG;
        d->total = end;
    }
    p->note[0] = f->offset;
    list_insert_after(before, &p->link);
    return PLACED;
}

static struct packet *join(struct datagram *d)
{
    struct packet *whole = packet_at(d->fragments.next), *last = NULL;

    whole->protocol = d->key.protocol;
    LIST_FOR_EACH_SAFE(it, &d->fragments)
    {
        struct packet *p = packet_at(it);
        list_remove(it);
        if (last)
            last->next = p;
        for (last = p; last->next;)
            last = last->next;
    }
    whole->total = d->total;
    whole->flags &= (uint16_t) ~(PACKET_CHECKED | PACKET_LOOPED);
    forget(d);
    return whole;
}

static size_t size_of(const struct packet *p)
{
    size_t n = 0;

    for (; p; p = p->next)
        n += p->room;
    return n;
}

struct packet *ip_reassemble(struct packet *p, const struct fragment *f)
{
    struct datagram *d = find(f);
    bool wrong = (f->more && (p->total & 7)) || (f->more && !p->total) ||
                 f->offset + p->total > LENGTH_MAX || p->refs > 1;

    if (wrong || (!d && !(d = begin(f))) || d->dead) {
        packet_free(p);
        return NULL;
    }
    uint32_t len = p->total;
    size_t size = size_of(p);
    enum placed placed = d->count < FRAGMENTS_MAX ? place(d, p, f) : WRONG;
    if (placed != PLACED) {
        packet_free(p);
        if (placed == WRONG) {
            drop_fragments(d);
            d->dead = true;
        }
        return NULL;
    }
    d->count++;
    d->have += len;
    d->memory += size;
    memory += size;
    if (f->offset == 0)
        d->key.protocol = f->protocol;
    if (d->total && d->have == d->total)
        return join(d);
    while (memory > packet_memory_max / MEMORY_SHARE && !list_empty(&datagrams))
        forget(LIST_ENTRY(datagrams.next, struct datagram, link));
    return NULL;
}
