/* SPDX-License-Identifier: Apache-2.0 */
/* The send queue: bytes that were written and not acknowledged, in pieces that segments refer to. */
#include "tcp.h"

_Static_assert(sizeof(struct packet) % _Alignof(struct tcp_chunk) == 0,
               "a chunk's record stands right behind the packet");

static struct tcp_chunk *record_of(struct packet *p)
{
    return (struct tcp_chunk *)(void *)(p + 1);
}

/* A common buffer if `room` is that small, else one for bulk. NULL: no memory. */
struct tcp_chunk *tcp_chunk_new(size_t room)
{
    size_t head = PACKET_HEADROOM + sizeof(struct tcp_chunk), small = PACKET_ROOM - head;
    size_t size = room <= small ? small : MIN(ALIGN_UP(room + head, PAGE_SIZE), TCP_CHUNK) - head;
    struct packet *p = packet_new(head, size);

    if (!p)
        return NULL;
    struct tcp_chunk *c = record_of(p);
    *c = (struct tcp_chunk){
        .data = p->data, .size = (uint32_t)packet_tailroom(p), .in_place = true, .headroom = true};
    return c;
}

/* Bytes that stay where they are for ever. */
struct tcp_chunk *tcp_chunk_outside(const void *at, uint32_t len)
{
    struct packet *p = packet_new(sizeof(struct tcp_chunk), 0);

    if (!p)
        return NULL;
    struct tcp_chunk *c = record_of(p);
    *c = (struct tcp_chunk){.data = (uint8_t *)(uintptr_t)at, .len = len, .size = len};
    return c;
}

void tcp_chunk_free(struct tcp_chunk *c)
{
    packet_free(tcp_chunk_packet(c));
}

/* Its bytes follow what was written before. */
void tcp_chunk_append(struct tcp *t, struct tcp_chunk *c)
{
    c->seq = t->written;
    t->written += c->len;
    if (t->send_tail)
        t->send_tail->next = c;
    else
        t->send_head = c;
    t->send_tail = c;
    if (!t->send_next && c->seq == t->snd_nxt)
        t->send_next = c;
}

/* Everything below snd_una goes. */
void tcp_send_queue_acked(struct tcp *t)
{
    struct tcp_chunk *c = t->send_head;

    while (c && !seq_after(c->seq + c->len, t->snd_una)) {
        struct tcp_chunk *next = c->next;
        if (t->send_next == c)
            t->send_next = next;
        tcp_chunk_free(c);
        c = next;
    }
    t->send_head = c;
    if (!c)
        t->send_tail = NULL;
}

void tcp_send_queue_purge(struct tcp *t)
{
    while (t->send_head) {
        struct tcp_chunk *c = t->send_head;
        t->send_head = c->next;
        tcp_chunk_free(c);
    }
    t->send_tail = t->send_next = NULL;
}
