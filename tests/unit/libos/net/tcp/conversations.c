/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: the input is a conversation. Each step is a segment near what the connection expects, a call of the
 * program, or time that passes. The stack's own accounts must hold after each, and all memory goes back at the end.
 */
#include "wire.h"

#include <string.h>

static const uint8_t *input;
static size_t left;
static struct socket *open_socket, *listener;
static uint32_t their_port;

static unsigned byte(void)
{
    if (left == 0)
        return 0;
    left--;
    return *input++;
}

/* Every third time something far away. */
static uint32_t near(uint32_t where)
{
    unsigned b = byte();
    static const int32_t steps[] = {0, 1, -1, 1000, -1000, 536, 1460, 65535, -65535, 1 << 30, INT32_MIN};
    return where + (uint32_t)(b < 128 ? 0 : b < 200 ? (int32_t)(b - 160) * 100 : steps[b % ARRAY_SIZE(steps)]);
}

static void check(const struct tcp *t)
{
    uint32_t sacked = 0, lost = 0, again = 0, at = t->snd_una;

    if (t->state == TCP_CLOSED || t->state == TCP_LISTEN || t->state == TCP_SYN_SENT)
        return;
    CHECK(!seq_after(t->snd_una, t->snd_nxt));
    CHECK(!seq_after(t->snd_nxt, t->written + 1));
    for (unsigned i = 0; i < t->sent_count; i++) {
        const struct tcp_sent *s = tcp_sent_at(t, i);
        CHECK_EQ(s->seq, at);
        CHECK(seq_before(s->seq, s->end));
        at = s->end;
        sacked += s->flags & SENT_SACKED ? tcp_sent_len(s) : 0;
        lost += s->flags & SENT_LOST ? tcp_sent_len(s) : 0;
        again += s->flags & SENT_AGAIN ? tcp_sent_len(s) : 0;
        CHECK(!(s->flags & SENT_SACKED) || !(s->flags & SENT_LOST));
    }
    CHECK(t->state == TCP_SYN_RECEIVED || at == t->snd_nxt);
    if (t->loss) {
        CHECK_EQ(t->loss->sacked, sacked);
        CHECK_EQ(t->loss->lost, lost);
        CHECK_EQ(t->loss->again, again);
    }
    if (t->sent_count)
        CHECK(t->due & DUE_SEND);
    uint32_t queued = 0, memory = 0;
    LIST_FOR_EACH(it, &t->rcv_queue)
    {
        const struct packet *p = LIST_ENTRY(it, struct packet, link);
        queued += p->total - (uint32_t)p->note[1];
        memory += tcp_packet_memory(p);
    }
    CHECK_EQ(queued, t->rcv_nxt - t->copied - t->fin_received);
    CHECK_EQ(memory, t->rcv_memory);
    uint32_t bytes = t->send_head ? t->send_head->seq : t->written;
    CHECK(!seq_after(bytes, t->snd_una) || bytes == t->written || t->state == TCP_SYN_RECEIVED);
    for (const struct tcp_chunk *c = t->send_head; c; c = c->next) {
        CHECK_EQ(c->seq, bytes);
        bytes += c->len;
    }
    CHECK_EQ(bytes, t->written);
}

static size_t put_options(uint8_t *o, const struct tcp *t)
{
    unsigned kind = byte();
    size_t n = 0;

    if (kind & 1) {
        memcpy(o, (uint8_t[]){1, 1, 8, 10}, 4);
        put_be32(o + 4, near(t ? t->ts_recent : 5));
        put_be32(o + 8, near(t ? tcp_beat() + t->ts_offset : 5));
        n = 12;
    }
    if (kind & 2) {
        unsigned blocks = byte() % (n ? 3 : 4) + 1;
        o[n] = o[n + 1] = 1;
        o[n + 2] = 5;
        o[n + 3] = (uint8_t)(2 + 8 * blocks);
        n += 4;
        for (unsigned i = 0; i < blocks; i++, n += 8) {
            uint32_t start = near(t ? t->snd_una + byte() * 16 : 0);
            put_be32(o + n, start);
            put_be32(o + n + 4, near(start + byte() * 16));
        }
    }
    if (kind & 4 && n < 16) {
        unsigned some = byte() % 16;
        for (unsigned i = 0; i < some; i++)
            o[n++] = (uint8_t)byte();
    }
    if (kind & 8 && n < 16) {
        memcpy(o + n, (uint8_t[]){2, 4, (uint8_t)byte(), (uint8_t)byte(), 4, 2, 3, 3, (uint8_t)byte()}, 9);
        n += 9;
    }
    return n;
}

static void segment(void)
{
    static const char data[3000];
    const struct tcp *t = open_socket ? tcp_of(open_socket) : NULL;
    uint8_t o[40];
    unsigned what = byte();
    struct crafted c = {.from_port = (uint16_t)(5000 + (what >> 6)), .to_port = (uint16_t)their_port};

    if (t && t->inet.peer_port)
        c.from_port = t->inet.peer_port;
    if (t && t->inet.local_port)
        c.to_port = t->inet.local_port;
    c.seq = near(t ? t->rcv_nxt : 1000);
    c.ack = near(t ? (what & 1 ? t->snd_nxt : t->snd_una) : 0);
    static const uint8_t flags[] = {TCP_ACK, TCP_ACK, TCP_ACK, TCP_ACK | TCP_PSH, TCP_ACK | TCP_FIN, TCP_SYN,
                                    TCP_SYN | TCP_ACK, TCP_RST, TCP_RST | TCP_ACK, TCP_ACK | TCP_URG};
    unsigned f = byte();
    c.flags = f < 250 ? flags[f % ARRAY_SIZE(flags)] : (uint8_t)byte();
    c.window = (uint16_t)(byte() << 8 | byte());
    c.urgent = (uint16_t)byte();
    c.data = data;
    c.len = byte() & 1 ? byte() * 8u : 0;
    c.options = o;
    c.options_len = put_options(o, t);
    script_inject(&c);
}

static void call(void)
{
    static char data[70000];
    struct socket *s = open_socket;

    switch (byte() % 12) {
    case 0:
        if (!s && (s = open_socket = wire_accept(listener)))
            their_port = 80;
        break;
    case 1:
        if (!s) {
            open_socket = wire_socket();
            wire_connect(open_socket, PEER, 5000);
        }
        break;
    case 2:
    case 3:
    case 4:
        if (s)
            wire_send(s, data, (byte() << 8 | byte()) % sizeof data + 1, byte() & 0xf ? 0 : MSG_MORE);
        break;
    case 5:
    case 6:
        if (s)
            wire_receive(s, data, (byte() << 8 | byte()) % sizeof data + 1, byte() & 0xf ? 0 : MSG_PEEK);
        break;
    case 7:
        if (s)
            s->ops->shutdown(s, byte() % 3);
        break;
    case 8:
        if (s && byte() < 64) {
            s->linger = byte() & 1;
            wire_close(s);
            open_socket = NULL;
        }
        break;
    case 9:
        if (s)
            wire_set(s, IPPROTO_TCP, byte() % 26, (int)byte());
        break;
    case 10:
        if (s)
            wire_send(s, data, 1, MSG_OOB);
        break;
    case 11:
        if (s)
            wire_receive(s, data, 1, MSG_OOB);
        break;
    }
}

static void pass_time(void)
{
    static const uint64_t spans[] = {1 * MS, 10 * MS, 50 * MS, 300 * MS, 1 * SEC, 5 * SEC, 60 * SEC};
    wire_run(spans[byte() % ARRAY_SIZE(spans)]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input = data;
    left = size;
    wire_reset();
    wire.delay = 0;
    unsigned first = byte();
    wire.offload = first & 1;
    their_port = 80;
    listener = wire_listen(A, 80, first & 2 ? 0 : 5);
    while (left) {
        unsigned what = byte();
        if (what < 150)
            segment();
        else if (what < 220)
            call();
        else
            pass_time();
        if (open_socket)
            check(tcp_of(open_socket));
    }
    if (open_socket) {
        if (tcp_of(open_socket)->state == TCP_LISTEN)
            CHECK(false);
        wire_close(open_socket);
        open_socket = NULL;
    }
    wire_close(listener);
    wire_run(2000 * SEC);
    script_drop();
    CHECK_EQ(tcp_timewaits, 0);
    CHECK_EQ(tcp_orphans, 0);
    CHECK_EQ(packet_memory, 0);
    return 0;
}
