/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges segment by segment: the test is the peer. Each case is a function. */
#include "wire.h"

#include <string.h>

#define ISS 1000u /* of the script */
#define SERVER_PORT 80
#define SCRIPT_PORT 5555

static struct seen got;

/* One connection, as the script sees it. */
static struct {
    struct socket *s, *listener;
    uint32_t seq, ack; /* ours next, theirs next */
    uint16_t window, port;
    bool ts;
    uint32_t ts_val, ts_ecr;
    uint8_t sack[4 + 32];
    size_t sack_len;
} c;

static size_t options(uint8_t *out)
{
    size_t n = 0;
    if (c.ts) {
        const uint8_t head[4] = {1, 1, 8, 10};
        memcpy(out, head, 4);
        put_be32(out + 4, c.ts_val);
        put_be32(out + 8, c.ts_ecr);
        n = 12;
    }
    memcpy(out + n, c.sack, c.sack_len);
    n += c.sack_len;
    c.sack_len = 0;
    return n;
}

static void sack(unsigned n, const uint32_t *edges)
{
    c.sack[0] = c.sack[1] = 1;
    c.sack[2] = 5;
    c.sack[3] = (uint8_t)(2 + 8 * n);
    for (unsigned i = 0; i < 2 * n; i++)
        put_be32(c.sack + 4 + 4 * i, edges[i]);
    c.sack_len = 4 + 8 * n;
}

/* A segment with the next sequence number; data and flags take sequence space. */
static void say_at(uint32_t seq, uint8_t flags, const char *data, size_t len)
{
    uint8_t opt[40];
    size_t n = options(opt);
    script_inject(&(struct crafted){.from_port = SCRIPT_PORT,
                                    .to_port = c.port,
                                    .seq = seq,
                                    .ack = flags & TCP_ACK ? c.ack : 0,
                                    .flags = flags,
                                    .window = c.window,
                                    .data = data,
                                    .len = len,
                                    .options = opt,
                                    .options_len = n});
}
static void say(uint8_t flags, const char *data)
{
    size_t len = data ? strlen(data) : 0;
    say_at(c.seq, flags, data, len);
    c.seq += (uint32_t)len + !!(flags & TCP_FIN);
}

/* The next segment has these flags and so much data; its acknowledgement and number are right. */
static void expect(uint8_t flags, uint32_t len, uint64_t within)
{
    CHECK(script_next(&got, within));
    CHECK_EQ(got.flags & ~TCP_PSH, flags);
    CHECK_EQ(got.len, len);
}
static void expect_next(uint8_t flags, uint32_t len, uint64_t within)
{
    expect(flags, len, within);
    CHECK_EQ(got.seq, c.ack);
    CHECK_EQ(got.ack, c.seq);
    c.ack += len + !!(flags & TCP_FIN);
}
static void quiet(uint64_t ns)
{
    CHECK(script_quiet(ns));
}

enum { WITH_TS = 1, WITH_SACK = 2, WITH_SCALE = 4, NO_ACCEPT = 8 };

static size_t syn_options(uint8_t *o, unsigned with)
{
    size_t n = 4;
    memcpy(o, (uint8_t[]){2, 4, 1000 >> 8, 1000 & 255}, 4);
    if (with & WITH_SACK) {
        memcpy(o + n, (uint8_t[]){1, 1, 4, 2}, 4);
        n += 4;
    }
    if (with & WITH_TS) {
        memcpy(o + n, (uint8_t[]){1, 1, 8, 10}, 4);
        put_be32(o + n + 4, c.ts_val);
        put_be32(o + n + 8, 0);
        n += 12;
    }
    if (with & WITH_SCALE) {
        memcpy(o + n, (uint8_t[]){1, 3, 3, 2}, 4);
        n += 4;
    }
    return n;
}

static void send_syn(unsigned with)
{
    uint8_t o[40];
    size_t n = syn_options(o, with);
    script_inject(&(struct crafted){.from_port = SCRIPT_PORT, .to_port = c.port, .seq = ISS,
                                    .flags = TCP_SYN, .window = 60000, .options = o, .options_len = n});
}

static void begin(void)
{
    wire_reset();
    wire.delay = 0;
    script_drop();
    memset(&c, 0, sizeof c);
    c.port = SERVER_PORT;
    c.window = 60000;
    c.ts_val = 5000;
}

static void open_passive(unsigned with)
{
    begin();
    c.listener = wire_listen(A, SERVER_PORT, 10);
    send_syn(with);
    expect(TCP_SYN | TCP_ACK, 0, 1 * MS);
    CHECK_EQ(got.ack, ISS + 1);
    CHECK_EQ(got.mss, 1460);
    CHECK_EQ(got.has_ts, !!(with & WITH_TS));
    CHECK_EQ(got.sack_permitted, !!(with & WITH_SACK));
    CHECK_EQ(got.has_scale, !!(with & WITH_SCALE));
    if (with & WITH_TS) {
        CHECK_EQ(got.tsecr, c.ts_val);
        c.ts_ecr = got.tsval;
        c.ts = true;
    }
    c.seq = ISS + 1;
    c.ack = got.seq + 1;
    CHECK(!wire_accept(c.listener));
    say(TCP_ACK, NULL);
    quiet(10 * MS);
    if (with & NO_ACCEPT)
        return;
    c.s = wire_accept(c.listener);
    CHECK(c.s);
    CHECK_EQ(c.s->ops->poll(c.s) & (POLLIN | POLLOUT | POLLHUP), POLLOUT);
}

static void send_all(const char *text)
{
    CHECK_EQ(wire_send(c.s, text, strlen(text), 0), strlen(text));
}
static void receive_all(const char *text)
{
    char data[4096];
    CHECK_EQ(wire_receive(c.s, data, sizeof data, 0), strlen(text));
    CHECK(memcmp(data, text, strlen(text)) == 0);
}
static void send_bytes(size_t n)
{
    static char zeros[100000];
    CHECK_EQ(wire_send(c.s, zeros, n, 0), n);
}

static void handshake(void)
{
    open_passive(WITH_TS | WITH_SACK | WITH_SCALE);
    say(TCP_ACK | TCP_PSH, "hello");
    receive_all("hello");
    expect_next(TCP_ACK, 0, 5 * MS); /* the first segments are acknowledged at once */
    send_all("world!");
    expect_next(TCP_ACK, 6, 5 * MS);
    CHECK(got.has_ts && memcmp(got.data, "world!", 6) == 0);
    CHECK(got.flags & TCP_PSH);
    say(TCP_ACK, NULL);
    /* The peer closes first. */
    say(TCP_FIN | TCP_ACK, NULL);
    expect_next(TCP_ACK, 0, 5 * MS);
    char byte;
    CHECK_EQ(wire_receive(c.s, &byte, 1, 0), 0);
    CHECK(c.s->ops->poll(c.s) & POLLRDHUP);
    wire_close(c.s);
    expect_next(TCP_FIN | TCP_ACK, 0, 5 * MS);
    say(TCP_ACK, NULL);
    CHECK_EQ(tcp_timewaits, 0);
    quiet(5 * SEC);
    say(TCP_ACK, "x"); /* nothing is there any more */
    expect(TCP_RST, 0, 5 * MS);
    CHECK_EQ(got.seq, c.ack);
}

static void active_close(void)
{
    open_passive(WITH_TS);
    wire_close(c.s);
    expect_next(TCP_FIN | TCP_ACK, 0, 5 * MS);
    say(TCP_ACK, NULL);
    quiet(1 * SEC);
    CHECK_EQ(tcp_timewaits, 1); /* FIN-WAIT-2 of an orphan is a record */
    c.ts_val += 1000;
    say(TCP_FIN | TCP_ACK, NULL);
    expect(TCP_ACK, 0, 5 * MS);
    CHECK_EQ(got.ack, c.seq);
    say_at(c.seq - 1, TCP_FIN | TCP_ACK, NULL, 0); /* again: acknowledged again */
    expect(TCP_ACK, 0, 5 * MS);
    /* A new SYN with a later timestamp opens it anew (RFC 6191), numbers go on. */
    uint32_t old = c.ack;
    c.ts_val += 1000;
    send_syn(WITH_TS);
    expect(TCP_SYN | TCP_ACK, 0, 5 * MS);
    CHECK(seq_after(got.seq, old));
    CHECK_EQ(tcp_timewaits, 0);
}

static void time_wait_ends(void)
{
    open_passive(0);
    wire_close(c.s);
    expect_next(TCP_FIN | TCP_ACK, 0, 5 * MS);
    say(TCP_FIN | TCP_ACK, NULL);
    expect(TCP_ACK, 0, 5 * MS);
    wire_run(59 * SEC);
    CHECK_EQ(tcp_timewaits, 1);
    wire_run(4 * SEC);
    CHECK_EQ(tcp_timewaits, 0);
}

static void active_open(unsigned with)
{
    begin();
    c.s = wire_socket();
    CHECK_EQ(wire_connect(c.s, PEER, SCRIPT_PORT), -EINPROGRESS);
    CHECK_EQ(wire_connect(c.s, PEER, SCRIPT_PORT), -EALREADY);
    expect(TCP_SYN, 0, 1 * MS);
    CHECK(got.has_ts && got.sack_permitted && got.has_scale && got.mss == 1460);
    c.port = got.from_port;
    c.ack = got.seq + 1;
    c.ts_ecr = got.tsval;
    c.seq = ISS;
    if (with & NO_ACCEPT)
        return;
    uint8_t o[40];
    size_t n = syn_options(o, with);
    if (with & WITH_TS)
        put_be32(o + (with & WITH_SACK ? 8 : 4) + 8, got.tsval);
    script_inject(&(struct crafted){.from_port = SCRIPT_PORT, .to_port = c.port, .seq = ISS, .ack = c.ack,
                                    .flags = TCP_SYN | TCP_ACK, .window = 60000, .options = o, .options_len = n});
    c.seq++;
    c.ts = with & WITH_TS;
    expect_next(TCP_ACK, 0, 1 * MS);
    CHECK_EQ(c.s->state, SOCKET_CONNECTED);
    CHECK_EQ(wire_connect(c.s, PEER, SCRIPT_PORT), -EISCONN);
}

static void connects(void)
{
    active_open(WITH_TS | WITH_SACK | WITH_SCALE);
    send_all("abc");
    expect_next(TCP_ACK, 3, 1 * MS);
}

static void refused(void)
{
    active_open(NO_ACCEPT);
    say(TCP_RST, NULL); /* without an acknowledgement: anybody's */
    CHECK_EQ(c.s->state, SOCKET_CONNECTING);
    say(TCP_RST | TCP_ACK, NULL);
    CHECK_EQ(c.s->error, ECONNREFUSED);
    CHECK_EQ(c.s->state, SOCKET_CLOSED);
    CHECK(c.s->ops->poll(c.s) & POLLERR);
}

static void syn_times_out(void)
{
    active_open(NO_ACCEPT);
    uint64_t last = got.at, gap = 1000;
    for (int i = 0; i < 6; i++, gap *= 2) { /* 1, 3, 7, 15, 31, 63 s */
        expect(TCP_SYN, 0, 70 * SEC);
        CHECK(got.at - last > gap * MS * 95 / 100 && got.at - last < gap * MS * 11 / 10);
        last = got.at;
    }
    wire_run(130 * SEC);
    CHECK_EQ(c.s->error, ETIMEDOUT);
}

static void simultaneous_open(void)
{
    active_open(NO_ACCEPT);
    uint8_t o[40];
    size_t n = syn_options(o, WITH_SACK);
    script_inject(&(struct crafted){.from_port = SCRIPT_PORT, .to_port = c.port, .seq = ISS,
                                    .flags = TCP_SYN, .window = 60000, .options = o, .options_len = n});
    expect(TCP_SYN | TCP_ACK, 0, 1 * MS);
    CHECK_EQ(got.seq, c.ack - 1);
    CHECK_EQ(got.ack, ISS + 1);
    c.seq = ISS + 1;
    say(TCP_ACK, NULL);
    CHECK_EQ(c.s->state, SOCKET_CONNECTED);
    send_all("both");
    expect_next(TCP_ACK, 4, 1 * MS);
}

static void simultaneous_close(void)
{
    open_passive(0);
    CHECK_EQ(c.s->ops->shutdown(c.s, SHUT_WR), 0);
    expect(TCP_FIN | TCP_ACK, 0, 1 * MS);
    CHECK_EQ(got.seq, c.ack);
    say(TCP_FIN | TCP_ACK, NULL); /* does not acknowledge theirs yet */
    expect(TCP_ACK, 0, 1 * MS);
    CHECK_EQ(got.ack, c.seq);
    CHECK_EQ(tcp_of(c.s)->state, TCP_CLOSING);
    c.ack++;
    say(TCP_ACK, NULL);
    CHECK_EQ(tcp_timewaits, 1);
    CHECK_EQ(tcp_of(c.s)->state, TCP_CLOSED);
    wire_close(c.s);
}

static void half_close(void)
{
    open_passive(0);
    CHECK_EQ(c.s->ops->shutdown(c.s, SHUT_WR), 0);
    expect_next(TCP_FIN | TCP_ACK, 0, 1 * MS);
    say(TCP_ACK, "still here");
    receive_all("still here");
    CHECK_EQ(wire_send(c.s, "x", 1, 0), -EPIPE);
    expect(TCP_ACK, 0, 50 * MS);
    say(TCP_FIN | TCP_ACK, NULL);
    expect(TCP_ACK, 0, 1 * MS);
    char byte;
    CHECK_EQ(wire_receive(c.s, &byte, 1, 0), 0);
    CHECK_EQ(tcp_timewaits, 1);
    wire_close(c.s);
}

/* RFC 5961, 3: only the exact number resets. */
static void reset_attack(void)
{
    open_passive(0);
    say_at(c.seq + 100, TCP_RST, NULL, 0);
    expect_next(TCP_ACK, 0, 1 * MS);
    say_at(c.seq - 1, TCP_RST, NULL, 0); /* below the window: nothing */
    say_at(c.seq + 1000000, TCP_RST, NULL, 0); /* beyond it */
    quiet(10 * MS);
    wire_run(1 * SEC);
    for (int i = 0; i < 5000; i++)
        say_at(c.seq + 100, TCP_RST, NULL, 0);
    expect_next(TCP_ACK, 0, 1 * MS); /* one, not 5000 */
    quiet(100 * MS);
    CHECK_EQ(tcp_of(c.s)->state, TCP_ESTABLISHED);
    say(TCP_RST, NULL);
    CHECK_EQ(tcp_of(c.s)->state, TCP_CLOSED);
    char byte;
    CHECK_EQ(wire_receive(c.s, &byte, 1, 0), -ECONNRESET);
    CHECK_EQ(wire_receive(c.s, &byte, 1, 0), 0);
    CHECK_EQ(wire_send(c.s, "x", 1, 0), -EPIPE);
}

/* RFC 5961, 4 and 5. */
static void syn_and_ack_attack(void)
{
    open_passive(0);
    say_at(c.seq + 5, TCP_SYN, NULL, 0);
    expect_next(TCP_ACK, 0, 1 * MS);
    wire_run(1 * SEC);
    uint32_t right = c.ack;
    c.ack = right + 5000; /* of what was never sent */
    say(TCP_ACK, "evil");
    c.ack = right;
    c.seq -= 4;
    expect_next(TCP_ACK, 0, 1 * MS);
    wire_run(1 * SEC);
    c.ack = right - 3000000; /* of long ago */
    say(TCP_ACK, "evil");
    c.ack = right;
    c.seq -= 4;
    expect_next(TCP_ACK, 0, 1 * MS);
    say(TCP_ACK, "good");
    receive_all("good");
}

static void bad_checksum(void)
{
    open_passive(0);
    script_inject(&(struct crafted){.from_port = SCRIPT_PORT, .to_port = c.port, .seq = c.seq, .ack = c.ack,
                                    .flags = TCP_ACK, .window = 100, .data = "evil", .len = 4,
                                    .bad_checksum = true});
    char byte;
    CHECK_EQ(wire_receive(c.s, &byte, 1, 0), -EAGAIN);
    quiet(1 * SEC);
}

static void delayed_ack(void)
{
    open_passive(0);
    for (int i = 0; i < (int)TCP_QUICK_ACKS; i++) {
        say(TCP_ACK, "quick");
        expect_next(TCP_ACK, 0, 1 * MS);
    }
    say(TCP_ACK, "slow");
    quiet(35 * MS);
    expect_next(TCP_ACK, 0, 10 * MS);
    char data[3000];
    memset(data, 'x', sizeof data);
    for (int i = 0; i < 2; i++) { /* every second full segment at once */
        say_at(c.seq, TCP_ACK, data, 1000);
        c.seq += 1000;
    }
    expect_next(TCP_ACK, 0, 1 * MS);
    say(TCP_ACK, "ask"); /* the answer carries it */
    send_all("answer");
    expect_next(TCP_ACK, 6, 1 * MS);
    say(TCP_ACK, NULL);
    quiet(100 * MS);
}

static void zero_window(void)
{
    open_passive(0);
    send_all("first");
    expect_next(TCP_ACK, 5, 1 * MS);
    c.window = 0;
    say(TCP_ACK, NULL);
    send_all("later");
    uint64_t last = wire.now, gap = 0;
    for (int i = 0; i < 6; i++) { /* probes, ever slower, answered each time */
        expect(TCP_ACK, 0, 100 * SEC);
        CHECK_EQ(got.seq, c.ack - 1);
        CHECK(got.at - last >= gap * 3 / 2);
        gap = got.at - last;
        last = got.at;
        say(TCP_ACK, NULL);
    }
    c.window = 3; /* filled to its edge, as Linux does */
    say(TCP_ACK, NULL);
    expect_next(TCP_ACK, 3, 1 * MS);
    c.window = 1000;
    say(TCP_ACK, NULL);
    expect_next(TCP_ACK, 2, 1 * MS);
    say(TCP_ACK, NULL);
    quiet(10 * SEC);
}

static void dead_peer_of_zero_window(void)
{
    open_passive(0);
    send_all("first");
    expect_next(TCP_ACK, 5, 1 * MS);
    c.window = 0;
    say(TCP_ACK, NULL);
    send_all("never");
    int probes = 0;
    while (script_next(&got, 200 * SEC))
        probes++;
    CHECK_EQ(probes, 15);
    CHECK_EQ(c.s->error, ETIMEDOUT);
}

static void retransmission(void)
{
    open_passive(0);
    send_all("data");
    expect_next(TCP_ACK, 4, 1 * MS);
    uint64_t last = got.at;
    uint64_t gap = 200 * MS;
    for (int i = 0; i < 15; i++) {
        expect(TCP_ACK, 4, 130 * SEC);
        CHECK_EQ(got.seq, c.ack - 4);
        CHECK(got.at - last >= gap && got.at - last <= gap + gap / 10 + 20 * MS);
        last = got.at;
        gap = MIN(2 * gap, 120 * SEC - 120 * MS);
        if (i == 0)
            gap = got.at - last + 400 * MS;
    }
    quiet(119 * SEC);
    wire_run(5 * SEC);
    CHECK_EQ(c.s->error, ETIMEDOUT);
    CHECK(c.s->ops->poll(c.s) & POLLERR);
}

static void user_timeout(void)
{
    open_passive(0);
    CHECK_EQ(wire_set(c.s, IPPROTO_TCP, 18, 3000), 0);
    send_all("data");
    wire_run(2 * SEC);
    CHECK_EQ(c.s->error, 0);
    wire_run(4 * SEC);
    CHECK_EQ(c.s->error, ETIMEDOUT);
}

/* Ten segments go, the second is lost; three SACKs, and it comes again. */
static void fast_retransmit(void)
{
    open_passive(WITH_SACK);
    send_bytes(10000);
    uint32_t base = c.ack;
    for (int i = 0; i < 10; i++)
        expect_next(TCP_ACK, 1000, 1 * MS);
    wire_run(2 * MS);
    c.ack = base + 1000;
    say(TCP_ACK, NULL);
    for (uint32_t i = 3; i <= 4; i++) {
        sack(1, (uint32_t[]){base + 2000, base + i * 1000});
        say(TCP_ACK, NULL);
    }
    quiet(1 * MS);
    sack(1, (uint32_t[]){base + 2000, base + 5000});
    say(TCP_ACK, NULL);
    expect(TCP_ACK, 1000, 1 * MS);
    CHECK_EQ(got.seq, base + 1000);
    CHECK_EQ(tcp_of(c.s)->recovery, TCP_RECOVERY);
    sack(1, (uint32_t[]){base + 2000, base + 10000});
    say(TCP_ACK, NULL);
    quiet(1 * MS); /* nothing else was lost */
    c.ack = base + 10000;
    say(TCP_ACK, NULL);
    quiet(10 * SEC);
    CHECK_EQ(tcp_of(c.s)->recovery, TCP_OPEN);
    CHECK(tcp_of(c.s)->cwnd < 10000 && tcp_of(c.s)->cwnd >= 6900);
    CHECK_EQ(tcp_of(c.s)->total_again, 1);
}

/* The same without SACK, by duplicates (RFC 6582); a partial acknowledgement asks for the next hole. */
static void newreno(void)
{
    open_passive(0);
    send_bytes(10000);
    uint32_t base = c.ack;
    for (int i = 0; i < 10; i++)
        expect_next(TCP_ACK, 1000, 1 * MS);
    wire_run(10 * MS);
    c.ack = base + 1000;
    for (int i = 0; i < 3; i++)
        say(TCP_ACK, NULL);
    quiet(1 * MS);
    say(TCP_ACK, NULL);
    expect(TCP_ACK, 1000, 1 * MS);
    CHECK_EQ(got.seq, base + 1000);
    c.ack = base + 4000;
    say(TCP_ACK, NULL);
    expect(TCP_ACK, 1000, 1 * MS);
    CHECK_EQ(got.seq, base + 4000);
    c.ack = base + 10000;
    say(TCP_ACK, NULL);
    quiet(10 * SEC);
    CHECK_EQ(tcp_of(c.s)->total_again, 2);
}

static void tail_loss_probe(void)
{
    open_passive(WITH_SACK | WITH_TS);
    wire_run(1 * SEC);
    send_bytes(2000);
    uint32_t base = c.ack;
    expect_next(TCP_ACK, 988, 1 * MS);
    expect_next(TCP_ACK, 988, 1 * MS);
    expect_next(TCP_ACK, 24, 1 * MS);
    uint64_t sent = got.at;
    c.ts_ecr = got.tsval;
    c.ts_val += 1000;
    expect(TCP_ACK, 24, 190 * MS); /* the last one again, before the time-out */
    CHECK_EQ(got.seq, base + 1976);
    CHECK(got.at - sent < 190 * MS);
    c.ts_ecr = got.tsval;
    wire_run(10 * MS);
    sack(1, (uint32_t[]){base + 1976, base + 2000}); /* it alone arrived: the others are lost */
    c.ack = base;
    say(TCP_ACK, NULL);
    expect(TCP_ACK, 988, 100 * MS);
    CHECK_EQ(got.seq, base);
}

static void out_of_order(void)
{
    open_passive(WITH_SACK);
    say_at(c.seq + 10, TCP_ACK, "0123456789", 10);
    expect(TCP_ACK, 0, 1 * MS);
    CHECK_EQ(got.ack, c.seq);
    CHECK_EQ(got.blocks, 1);
    CHECK_EQ(got.block[0].start, c.seq + 10);
    CHECK_EQ(got.block[0].end, c.seq + 20);
    say_at(c.seq + 30, TCP_ACK, "abcdefghij", 10);
    expect(TCP_ACK, 0, 1 * MS);
    CHECK_EQ(got.blocks, 2);
    CHECK_EQ(got.block[0].start, c.seq + 30); /* the latest first */
    CHECK_EQ(got.block[1].start, c.seq + 10);
    say_at(c.seq + 10, TCP_ACK, "0123456789", 10); /* again: a D-SACK */
    expect(TCP_ACK, 0, 1 * MS);
    CHECK_EQ(got.blocks, 3);
    CHECK_EQ(got.block[0].start, c.seq + 10);
    CHECK_EQ(got.block[0].end, c.seq + 20);
    say_at(c.seq + 15, TCP_ACK, "56789KLMNOPQRSTabcde", 20); /* overlaps both */
    expect(TCP_ACK, 0, 1 * MS);
    CHECK_EQ(got.block[got.blocks - 1].start, c.seq + 10);
    CHECK_EQ(got.block[got.blocks - 1].end, c.seq + 40);
    char data[100];
    CHECK_EQ(wire_receive(c.s, data, sizeof data, 0), -EAGAIN);
    say_at(c.seq, TCP_ACK, "ABCDEFGHIJ01", 12);
    c.seq += 40;
    expect(TCP_ACK, 0, 1 * MS);
    CHECK_EQ(got.ack, c.seq);
    receive_all("ABCDEFGHIJ0123456789KLMNOPQRSTabcdefghij");
    say_at(c.seq + 5, TCP_ACK | TCP_FIN, "fghij", 5); /* a FIN beyond a hole */
    expect(TCP_ACK, 0, 1 * MS);
    CHECK_EQ(got.ack, c.seq);
    say(TCP_ACK, "abcde");
    receive_all("abcdefghij");
    expect(TCP_ACK, 0, 1 * MS);
    CHECK_EQ(got.ack, c.seq + 6);
    CHECK_EQ(wire_receive(c.s, data, sizeof data, 0), 0);
}

static void paws(void)
{
    open_passive(WITH_TS);
    c.ts_val += 10;
    say(TCP_ACK, "new");
    receive_all("new");
    expect(TCP_ACK, 0, 50 * MS);
    CHECK_EQ(got.tsecr, c.ts_val);
    c.ts_val -= 5;
    say(TCP_ACK, "old"); /* acceptable by number, not by time (RFC 7323, 5.3) */
    c.seq -= 3;
    expect(TCP_ACK, 0, 50 * MS);
    CHECK_EQ(got.ack, c.seq);
    char byte;
    CHECK_EQ(wire_receive(c.s, &byte, 1, 0), -EAGAIN);
    /* Timestamps wrap. */
    for (int i = 0; i < 4; i++) {
        c.ts_val += 0x50000000;
        say(TCP_ACK, "wrap");
        receive_all("wrap");
        expect(TCP_ACK, 0, 50 * MS);
        CHECK_EQ(got.tsecr, c.ts_val);
    }
    /* After 24 days of silence any is new. */
    wire_run(25ull * 86400 * SEC);
    c.ts_val -= 1000;
    say(TCP_ACK, "late");
    receive_all("late");
}

static void sequence_wrap(void)
{
    begin();
    c.listener = wire_listen(A, SERVER_PORT, 10);
    uint32_t iss = 0xfffffff0u;
    script_inject(&(struct crafted){.from_port = SCRIPT_PORT, .to_port = c.port, .seq = iss, .flags = TCP_SYN,
                                    .window = 60000});
    expect(TCP_SYN | TCP_ACK, 0, 1 * MS);
    CHECK_EQ(got.ack, iss + 1);
    c.seq = iss + 1;
    c.ack = got.seq + 1;
    say(TCP_ACK, NULL);
    c.s = wire_accept(c.listener);
    say_at(c.seq + 20, TCP_ACK, "later", 5);
    say(TCP_ACK, "01234567890123456789");
    receive_all("01234567890123456789later");
}

static void backlog(void)
{
    begin();
    c.listener = wire_listen(A, SERVER_PORT, 1);
    for (uint16_t i = 0; i < 3; i++) { /* backlog + 1 are accepted, as on Linux */
        script_inject(&(struct crafted){.from_port = (uint16_t)(6000 + i), .to_port = c.port, .seq = ISS,
                                        .flags = TCP_SYN, .window = 60000});
        if (i == 2)
            break;
        expect(TCP_SYN | TCP_ACK, 0, 1 * MS);
        script_inject(&(struct crafted){.from_port = (uint16_t)(6000 + i), .to_port = c.port, .seq = ISS + 1,
                                        .ack = got.seq + 1, .flags = TCP_ACK, .window = 60000});
    }
    quiet(100 * MS); /* the third is not even answered */
    struct socket *first = wire_accept(c.listener);
    CHECK(first);
    script_inject(&(struct crafted){.from_port = 6002, .to_port = c.port, .seq = ISS, .flags = TCP_SYN,
                                    .window = 60000});
    expect(TCP_SYN | TCP_ACK, 0, 1 * MS);
    wire_close(c.listener); /* those that wait are reset */
    expect(TCP_RST | TCP_ACK, 0, 1 * MS);
    CHECK_EQ(got.to_port, 6001);
}

static void cookies(void)
{
    begin();
    c.listener = wire_listen(A, SERVER_PORT, 3);
    for (uint16_t i = 0; i < 4; i++) {
        script_inject(&(struct crafted){.from_port = (uint16_t)(7000 + i), .to_port = c.port, .seq = ISS,
                                        .flags = TCP_SYN, .window = 60000});
        expect(TCP_SYN | TCP_ACK, 0, 1 * MS);
    }
    long before = wire_allocations;
    for (int i = 0; i < 1000; i++) { /* the flood */
        script_inject(&(struct crafted){.from_port = (uint16_t)(8000 + i), .to_port = c.port, .seq = 77u * (unsigned)i,
                                        .flags = TCP_SYN, .window = 60000});
        expect(TCP_SYN | TCP_ACK, 0, 1 * MS);
    }
    CHECK_EQ(wire_allocations, before);
    send_syn(WITH_TS | WITH_SACK | WITH_SCALE); /* somebody honest */
    expect(TCP_SYN | TCP_ACK, 0, 1 * MS);
    CHECK_EQ(wire_allocations, before);
    CHECK(got.has_ts && got.sack_permitted && got.has_scale);
    c.seq = ISS + 1;
    c.ack = got.seq + 1;
    c.ts = true;
    c.ts_ecr = got.tsval;
    c.ts_val++;
    say_at(c.seq, TCP_ACK, "request", 7);
    c.seq += 7;
    c.s = wire_accept(c.listener);
    CHECK(c.s);
    const struct tcp *t = tcp_of(c.s);
    CHECK(t->ts_on && t->sack_on && t->snd_scale == 2 && t->peer_mss == 536);
    receive_all("request");
    /* One that was made up. */
    wire_run(1 * MS);
    script_drop();
    script_inject(&(struct crafted){.from_port = 9000, .to_port = c.port, .seq = 5, .ack = 12345,
                                    .flags = TCP_ACK, .window = 60000});
    expect(TCP_RST, 0, 1 * MS);
    CHECK_EQ(got.seq, 12345);
}

static void syn_ack_lost(void)
{
    begin();
    c.listener = wire_listen(A, SERVER_PORT, 3);
    send_syn(0);
    expect(TCP_SYN | TCP_ACK, 0, 1 * MS);
    uint64_t last = got.at, gap = 1000;
    for (int i = 0; i < 5; i++, gap *= 2) {
        expect(TCP_SYN | TCP_ACK, 0, 40 * SEC);
        CHECK(got.at - last > gap * MS * 95 / 100 && got.at - last < gap * MS * 11 / 10 + 10 * MS);
        last = got.at;
    }
    quiet(100 * SEC);
    CHECK_EQ(tcp_of(c.listener)->listener->request_count, 0);
}

static void defer_accept(void)
{
    begin();
    c.listener = wire_listen(A, SERVER_PORT, 3);
    CHECK_EQ(wire_set(c.listener, IPPROTO_TCP, 9, 5), 0);
    send_syn(0);
    expect(TCP_SYN | TCP_ACK, 0, 1 * MS);
    c.seq = ISS + 1;
    c.ack = got.seq + 1;
    say(TCP_ACK, NULL);
    CHECK(!wire_accept(c.listener));
    say(TCP_ACK, "GET");
    c.s = wire_accept(c.listener);
    CHECK(c.s);
    receive_all("GET");
}

static void keepalive(void)
{
    open_passive(0);
    c.s->keepalive = true;
    CHECK_EQ(wire_set(c.s, IPPROTO_TCP, 4, 10), 0);
    CHECK_EQ(wire_set(c.s, IPPROTO_TCP, 5, 2), 0);
    CHECK_EQ(wire_set(c.s, IPPROTO_TCP, 6, 3), 0);
    c.s->ops->changed(c.s);
    quiet(9 * SEC);
    expect(TCP_ACK, 0, 2 * SEC);
    CHECK_EQ(got.seq, c.ack - 1);
    say(TCP_ACK, NULL); /* alive */
    quiet(9 * SEC);
    for (int i = 0; i < 3; i++)
        expect(TCP_ACK, 0, 3 * SEC);
    expect(TCP_RST | TCP_ACK, 0, 3 * SEC);
    CHECK_EQ(c.s->error, ETIMEDOUT);
}

static void data_after_close(void)
{
    open_passive(0);
    wire_close(c.s);
    expect_next(TCP_FIN | TCP_ACK, 0, 1 * MS);
    say(TCP_ACK, "too late");
    expect(TCP_RST | TCP_ACK, 0, 1 * MS);
    CHECK_EQ(tcp_timewaits, 0);
}

static void unread_data(void)
{
    open_passive(0);
    say(TCP_ACK, "never read");
    wire_close(c.s);
    CHECK(script_next(&got, 1 * MS));
    if (!(got.flags & TCP_RST))
        CHECK(script_next(&got, 1 * MS));
    CHECK_EQ(got.flags, TCP_RST | TCP_ACK);
}

static void linger_zero(void)
{
    open_passive(0);
    c.s->linger = true;
    wire_close(c.s);
    expect(TCP_RST | TCP_ACK, 0, 1 * MS);
    CHECK_EQ(got.seq, c.ack);
}

static void nagle(void)
{
    open_passive(0);
    send_all("a");
    expect_next(TCP_ACK, 1, 1 * MS);
    send_all("b"); /* waits for the acknowledgement, and for company */
    send_all("c");
    quiet(10 * MS);
    say(TCP_ACK, NULL);
    expect_next(TCP_ACK, 2, 1 * MS);
    CHECK_EQ(wire_set(c.s, IPPROTO_TCP, 1, 1), 0);
    send_all("d");
    expect_next(TCP_ACK, 1, 1 * MS);
    send_all("e");
    expect_next(TCP_ACK, 1, 1 * MS);
}

static void cork(void)
{
    open_passive(0);
    CHECK_EQ(wire_set(c.s, IPPROTO_TCP, 3, 1), 0);
    send_all("head");
    quiet(100 * MS);
    send_all("body");
    CHECK_EQ(wire_set(c.s, IPPROTO_TCP, 3, 0), 0);
    expect_next(TCP_ACK, 8, 1 * MS);
    say(TCP_ACK, NULL);
    CHECK_EQ(wire_send(c.s, "more", 4, MSG_MORE), 4);
    quiet(100 * MS);
    send_all("last");
    expect_next(TCP_ACK, 8, 1 * MS);
    say(TCP_ACK, NULL);
    CHECK_EQ(wire_send(c.s, "alone", 5, MSG_MORE), 5);
    quiet(150 * MS);
    expect_next(TCP_ACK, 5, 100 * MS); /* tcp(7): 200 ms at the most */
    say(TCP_ACK, NULL);
}

static void urgent(void)
{
    open_passive(0);
    char data[20];
    CHECK_EQ(wire_receive(c.s, data, 1, MSG_OOB), -EINVAL);
    script_inject(&(struct crafted){.from_port = SCRIPT_PORT, .to_port = c.port, .seq = c.seq, .ack = c.ack,
                                    .flags = TCP_ACK | TCP_URG, .window = 1000, .data = "abXcd", .len = 5,
                                    .urgent = 3});
    c.seq += 5;
    CHECK(c.s->ops->poll(c.s) & POLLPRI);
    receive_all("ab");
    CHECK_EQ(wire_receive(c.s, data, 1, MSG_OOB), 1);
    CHECK_EQ(data[0], 'X');
    CHECK_EQ(wire_receive(c.s, data, 1, MSG_OOB), -EINVAL);
    receive_all("cd");
    wire_run(100 * MS);
    script_drop();
    CHECK_EQ(wire_send(c.s, "Y", 1, MSG_OOB), 1);
    CHECK(script_next(&got, 1 * MS));
    CHECK(got.flags & TCP_URG);
    CHECK_EQ(got.urgent, 1);
}

/* The peer may send no more than it was told it may; reading opens the window again. */
static void own_window(void)
{
    open_passive(0);
    char data[1000];
    memset(data, 'x', sizeof data);
    uint32_t edge = 0;
    for (int i = 0; i < 200; i++) {
        say_at(c.seq, TCP_ACK, data, 1000);
        c.seq += 1000;
        while (script_next(&got, 0)) {
            CHECK(!edge || !seq_before(got.ack + got.window, edge)); /* never shrinks */
            edge = got.ack + got.window;
        }
        if (edge && seq_after(c.seq + 1000, edge))
            break;
    }
    uint32_t there = c.seq - (ISS + 1);
    CHECK(there >= 60000 && there <= 66000);
    say_at(c.seq, TCP_ACK, data, 1000); /* what does not fit is cut off */
    wire_run(100 * MS);
    script_drop();
    static char big[100000];
    CHECK(wire_receive(c.s, big, 1000, 0) == 1000);
    quiet(1 * MS); /* not worth telling */
    while (wire_receive(c.s, big, sizeof big, 0) > 0)
        ;
    CHECK(script_next(&got, 1 * MS));
    CHECK(got.window > 60000);
}

static void path_mtu(void)
{
    open_passive(0);
    uint32_t base = c.ack;
    wire.path_mtu = 700;
    send_bytes(3000);
    uint32_t have = 0;
    while (have < 3000) {
        CHECK(script_next(&got, 1 * SEC));
        CHECK(got.len <= 660);
        if (got.seq - base == have)
            have += got.len;
        c.ack = base + have;
        say(TCP_ACK, NULL);
    }
    CHECK(tcp_of(c.s)->mss == 660);
}

static void black_hole(void)
{
    open_passive(0);
    uint32_t base = c.ack;
    wire.path_mtu = 700;
    wire.quiet_mtu = true;
    send_bytes(3000);
    uint32_t have = 0;
    while (have < 3000) {
        CHECK(script_next(&got, 30 * SEC));
        CHECK(got.len <= 660);
        if (got.seq - base == have)
            have += got.len;
        c.ack = base + have;
        say(TCP_ACK, NULL);
    }
}

static void spurious_timeout(void)
{
    open_passive(WITH_TS);
    send_bytes(5000);
    uint32_t base = c.ack;
    for (int i = 0; i < 5; i++)
        expect_next(TCP_ACK, 988, 1 * MS);
    uint32_t stamp = got.tsval, cwnd = tcp_of(c.s)->cwnd;
    expect_next(TCP_ACK, 60, 1 * MS);
    CHECK(script_next(&got, 300 * MS)); /* the time-out */
    CHECK_EQ(got.seq, base);
    c.ts_ecr = stamp; /* but the original was only late (RFC 3522) */
    c.ack = base + 988;
    say(TCP_ACK, NULL);
    CHECK(tcp_of(c.s)->cwnd >= cwnd);
    CHECK_EQ(tcp_of(c.s)->recovery, TCP_OPEN);
}

static void sendfile(void)
{
    open_passive(0);
    struct inode i = {0};
    CHECK_EQ(c.s->ops->send_pages(c.s, &i, 100, 2500, false), 2500);
    expect_next(TCP_ACK, 1000, 1 * MS);
    expect_next(TCP_ACK, 1000, 1 * MS);
    expect_next(TCP_ACK, 500, 1 * MS);
    say(TCP_ACK, NULL);
    i.priv = &i; /* not of the root image */
    CHECK_EQ(c.s->ops->send_pages(c.s, &i, 0, 100, false), -EINVAL);
}

static void bound_without_reuse(void)
{
    open_passive(0);
    wire_close(c.s);
    expect_next(TCP_FIN | TCP_ACK, 0, 1 * MS);
    say(TCP_FIN | TCP_ACK, NULL);
    CHECK_EQ(tcp_timewaits, 1);
    wire_close(c.listener);
    struct socket *s = wire_socket();
    struct sockaddr_k a = {.family = AF_INET};
    put_be16(a.data, SERVER_PORT);
    CHECK_EQ(s->ops->bind(s, &a, 16), -EADDRINUSE);
    s->reuseaddr = true;
    CHECK_EQ(s->ops->bind(s, &a, 16), 0);
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"handshake", handshake},
    {"active_close", active_close},
    {"time_wait_ends", time_wait_ends},
    {"connects", connects},
    {"refused", refused},
    {"syn_times_out", syn_times_out},
    {"simultaneous_open", simultaneous_open},
    {"simultaneous_close", simultaneous_close},
    {"half_close", half_close},
    {"reset_attack", reset_attack},
    {"syn_and_ack_attack", syn_and_ack_attack},
    {"bad_checksum", bad_checksum},
    {"delayed_ack", delayed_ack},
    {"zero_window", zero_window},
    {"dead_peer_of_zero_window", dead_peer_of_zero_window},
    {"retransmission", retransmission},
    {"user_timeout", user_timeout},
    {"fast_retransmit", fast_retransmit},
    {"newreno", newreno},
    {"tail_loss_probe", tail_loss_probe},
    {"out_of_order", out_of_order},
    {"paws", paws},
    {"sequence_wrap", sequence_wrap},
    {"backlog", backlog},
    {"cookies", cookies},
    {"syn_ack_lost", syn_ack_lost},
    {"defer_accept", defer_accept},
    {"keepalive", keepalive},
    {"data_after_close", data_after_close},
    {"unread_data", unread_data},
    {"linger_zero", linger_zero},
    {"nagle", nagle},
    {"cork", cork},
    {"urgent", urgent},
    {"own_window", own_window},
    {"path_mtu", path_mtu},
    {"black_hole", black_hole},
    {"spurious_timeout", spurious_timeout},
    {"sendfile", sendfile},
    {"bound_without_reuse", bound_without_reuse},
};

int main(int argc, char **argv)
{
    bool known = false;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (argc > 1 && strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
            known = true;
        }
    return known ? 0 : 2;
}
