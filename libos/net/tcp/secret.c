/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What nobody outside may guess: initial sequence numbers (RFC 6528), timestamp offsets (RFC 7323, 7.1), SYN cookies,
 * places in the table. SipHash-2-4 (Aumasson, Bernstein 2012) where a guess would help an attacker to forge; two
 * keyed multiplications for the table, which is looked at with every segment.
 */
#include <u2k/platform.h>

#include "tcp.h"

static struct {
    uint64_t key[SECRETS][2];
    uint64_t table[4];
    bool ready;
} secret;

/* A platform without randomness yet: what differs from start to start is better than nothing; asked again next time. */
static void prepare(void)
{
    if (plat_random(&secret.key, sizeof secret.key) == 0 &&
        plat_random(&secret.table, sizeof secret.table) == 0) {
        secret.ready = true;
    } else if (!secret.table[0]) {
        uint64_t seed = clock_monotonic() ^ clock_realtime() << 20;
        for (unsigned i = 0; i < SECRETS * 2; i++) {
            uint64_t more = 0;
            (void)arch_random64(&more);
            seed = seed * 0x9e3779b97f4a7c15ull + more + 1;
            secret.key[i / 2][i % 2] = seed;
        }
        for (unsigned i = 0; i < 4; i++)
            secret.table[i] = seed = seed * 0x9e3779b97f4a7c15ull + 1;
        secret.ready = true;
    }
    for (unsigned i = 0; i < 4; i++)
        secret.table[i] |= 1;
}

static inline uint64_t rotate(uint64_t v, unsigned by)
{
    return v << by | v >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

static uint64_t siphash(const uint64_t key[2], const uint64_t *words, unsigned count)
{
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575ull, key[1] ^ 0x646f72616e646f6dull,
                     key[0] ^ 0x6c7967656e657261ull, key[1] ^ 0x7465646279746573ull};

    for (unsigned i = 0; i <= count; i++) {
        uint64_t m = i < count ? words[i] : (uint64_t)count * 8 << 56;
        v[3] ^= m;
        sip_round(v);
        sip_round(v);
        v[0] ^= m;
    }
    v[2] ^= 0xff;
    for (unsigned i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t tcp_secret_hash(enum tcp_secret which, const struct tcp_tuple *t, uint64_t more)
{
    if (UNLIKELY(!secret.ready))
        prepare();
    const uint64_t words[] = {t->local.halves[0],
                              t->local.halves[1],
                              t->peer.halves[0],
                              t->peer.halves[1],
                              (uint64_t)t->local_port << 16 | t->peer_port,
                              more};
    return siphash(secret.key[which], words, ARRAY_SIZE(words));
}

/* RFC 6528: a clock that moves every 64 ns (as Linux's; RFC 9293 says 4 us) and a keyed hash of the addresses. */
uint32_t tcp_initial_seq(const struct tcp_tuple *t)
{
    return (uint32_t)tcp_secret_hash(SECRET_ISN, t, 0) + (uint32_t)(tcp_clock >> 6);
}

uint32_t tcp_timestamp_offset(const struct tcp_tuple *t)
{
    const struct tcp_tuple addresses = {.local = t->local, .peer = t->peer};

    return (uint32_t)tcp_secret_hash(SECRET_TIMESTAMP, &addresses, 0);
}

static inline uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint32_t tcp_table_hash(const struct tcp_tuple *t)
{
    if (UNLIKELY(!secret.ready))
        prepare();
    uint64_t ports = (uint64_t)t->local_port << 16 | t->peer_port;
    uint64_t h = mix(t->peer.halves[1] ^ secret.table[0],
                     (t->local.halves[1] + (ports << 32)) ^ secret.table[1]);

    if (t->peer.halves[0] | t->local.halves[0])
        h ^= mix(t->peer.halves[0] ^ secret.table[2], t->local.halves[0] ^ secret.table[3]);
    h = mix(h, secret.table[2]);
    return (uint32_t)h ^ (uint32_t)(h >> 32);
}
