/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file server without files, for long transfers: bytes of a generator whose digest both sides can tell.
 *
 *   GET N SEED\n   -> N bytes               PUT N\n, N bytes -> sha256 in hex, \n
 *   SEND N\n       -> N zeros               TAKE N\n, N bytes -> 64 zeros, \n
 *
 * The second line is for measurements: neither side computes.
 *
 * One process, one thread, epoll; a connection serves requests until it is closed. Listens on port 8000.
 * SHA-256 is FIPS 180-4; the generator is xorshift64* (Marsaglia 2003, Vigna 2016).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT = 8000, ROOM = 128 * 1024 };

struct sha {
    uint32_t h[8];
    uint64_t length;
    uint8_t block[64];
};

static uint32_t k[64];

static uint32_t rotate(uint32_t v, int n)
{
    return v >> n | v << (32 - n);
}

/* The constants are the first 32 bits of the fractional parts of the cube roots (k) and square roots (h) of the
 * first primes: exact by integer search. */
static uint32_t root_fraction(uint64_t prime, int power)
{
    unsigned __int128 low = 0, high = (unsigned __int128)1 << 40, goal = prime;

    goal <<= power == 2 ? 64 : 96;
    while (high - low > 1) {
        unsigned __int128 middle = (low + high) / 2;
        unsigned __int128 value = power == 2 ? middle * middle : middle * middle * middle;
        if (value <= goal)
            low = middle;
        else
            high = middle;
    }
    return (uint32_t)low;
}

static uint32_t start[8];

static void sha_prepare(void)
{
    int count = 0;

    for (uint64_t p = 2; count < 64; p++) {
        int prime = 1;
        for (uint64_t d = 2; d * d <= p; d++)
            prime &= p % d != 0;
        if (!prime)
            continue;
        if (count < 8)
            start[count] = root_fraction(p, 2);
        k[count++] = root_fraction(p, 3);
    }
}

static void sha_begin(struct sha *s)
{
    memcpy(s->h, start, sizeof start);
    s->length = 0;
}

static void sha_block(struct sha *s, const uint8_t *p)
{
    uint32_t w[64], v[8];

    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 |
               (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t a = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t b = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + a + w[i - 7] + b;
    }
    memcpy(v, s->h, sizeof v);
    for (int i = 0; i < 64; i++) {
        uint32_t e = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
        uint32_t one = v[7] + e + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
        uint32_t a = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
        uint32_t two = a + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += one;
        v[0] = one + two;
    }
    for (int i = 0; i < 8; i++)
        s->h[i] += v[i];
}

static void sha_add(struct sha *s, const uint8_t *p, size_t n)
{
    while (n) {
        size_t at = s->length % 64, part = 64 - at < n ? 64 - at : n;
        if (part == 64) {
            sha_block(s, p);
        } else {
            memcpy(s->block + at, p, part);
            if (at + part == 64)
                sha_block(s, s->block);
        }
        s->length += part;
        p += part;
        n -= part;
    }
}

static void sha_end(struct sha *s, char *hex)
{
    uint64_t bits = s->length * 8;
    uint8_t tail[72] = {0x80};
    size_t pad = (s->length % 64 < 56 ? 56 : 120) - s->length % 64;

    for (int i = 0; i < 8; i++)
        tail[pad + (size_t)i] = (uint8_t)(bits >> (56 - 8 * i));
    sha_add(s, tail, pad + 8);
    for (int i = 0; i < 8; i++)
        sprintf(hex + 8 * i, "%08x", s->h[i]);
}

enum state { COMMAND, SENDING, RECEIVING, ANSWERING };

struct connection {
    int fd;
    enum state state;
    uint64_t left, x; /* x: the generator, 0: zeros */
    int digest;
    char line[128];
    size_t length, sent; /* of line */
    uint8_t *bytes;
    size_t have, gone; /* in bytes, when sending */
    struct sha sha;
};

static void generate(struct connection *c)
{
    uint64_t *out = (uint64_t *)c->bytes;

    for (size_t i = 0; c->x && i < ROOM / 8; i++) {
        c->x ^= c->x >> 12;
        c->x ^= c->x << 25;
        c->x ^= c->x >> 27;
        out[i] = c->x * 0x2545f4914f6cdd1dull;
    }
    c->have = c->left < ROOM ? (size_t)c->left : ROOM;
    c->gone = 0;
}

/* What was asked to be sent here is here: only then, since no event comes after the last byte. */
static void answer(struct connection *c)
{
    memset(c->line, '0', 64);
    if (c->digest)
        sha_end(&c->sha, c->line);
    c->line[64] = '\n';
    c->sent = 0;
    c->state = ANSWERING;
}

static int command(struct connection *c)
{
    unsigned long long n, seed;

    if (!c->bytes && !(c->bytes = malloc(ROOM)))
        return -1;
    if (sscanf(c->line, "GET %llu %llu", &n, &seed) == 2) {
        c->state = SENDING;
        c->left = n;
        c->x = seed;
        c->have = c->gone = 0;
    } else if (sscanf(c->line, "SEND %llu", &n) == 1) {
        c->state = SENDING;
        c->left = n;
        c->x = 0;
        c->have = c->gone = 0;
        memset(c->bytes, 0, ROOM);
    } else if (sscanf(c->line, "PUT %llu", &n) == 1 || sscanf(c->line, "TAKE %llu", &n) == 1) {
        c->state = RECEIVING;
        c->left = n;
        c->digest = c->line[0] == 'P';
        sha_begin(&c->sha);
        if (!n)
            answer(c);
    } else {
        return -1;
    }
    return 0;
}

/* One step: 1: go on, 0: wait, -1: the connection is over. */
static int step(struct connection *c)
{
    ssize_t n = 0;

    switch (c->state) {
    case COMMAND:
        n = read(c->fd, c->line + c->length, 1);
        if (n <= 0)
            break;
        if (c->line[c->length++] != '\n')
            return c->length < sizeof c->line - 1 ? 1 : -1;
        c->line[c->length] = '\0';
        c->length = 0;
        return command(c) < 0 ? -1 : 1;
    case SENDING:
        if (c->gone == c->have) {
            if (!c->left) {
                c->state = COMMAND;
                return 1;
            }
            generate(c);
        }
        n = send(c->fd, c->bytes + c->gone, c->have - c->gone, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        c->gone += (size_t)n;
        c->left -= (size_t)n;
        return 1;
    case RECEIVING:
        n = read(c->fd, c->bytes, c->left < ROOM ? (size_t)c->left : ROOM);
        if (n <= 0)
            break;
        if (c->digest)
            sha_add(&c->sha, c->bytes, (size_t)n);
        c->left -= (uint64_t)n;
        if (!c->left)
            answer(c);
        return 1;
    case ANSWERING:
        n = send(c->fd, c->line + c->sent, 65 - c->sent, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        c->sent += (size_t)n;
        if (c->sent == 65)
            c->state = COMMAND;
        return 1;
    }
    return n < 0 && errno == EAGAIN ? 0 : -1;
}

static void serve(int poll, struct connection *c)
{
    int more = 1;

    for (int i = 0; more == 1 && i < 64; i++)
        more = step(c);
    if (more < 0) {
        close(c->fd);
        free(c->bytes);
        free(c);
        return;
    }
    unsigned events = c->state == SENDING || c->state == ANSWERING ? EPOLLOUT : EPOLLIN;
    struct epoll_event e = {.events = events, .data.ptr = c};
    epoll_ctl(poll, EPOLL_CTL_MOD, c->fd, &e);
}

int main(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), poll = epoll_create1(0), on = 1;
    struct epoll_event e = {.events = EPOLLIN}, ready[64];

    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    sha_prepare();
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&a, sizeof a) < 0 || listen(listener, 1024) < 0) {
        perror("port 8000");
        return 1;
    }
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &e);
    puts("ready");
    fflush(stdout);
    for (;;) {
        int n = epoll_wait(poll, ready, 64, -1);
        for (int i = 0; i < n; i++) {
            if (ready[i].data.ptr) {
                serve(poll, ready[i].data.ptr);
                continue;
            }
            int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
            struct connection *c = fd < 0 ? NULL : calloc(1, sizeof *c);
            if (!c)
                continue;
            c->fd = fd;
            e = (struct epoll_event){.events = EPOLLIN, .data.ptr = c};
            epoll_ctl(poll, EPOLL_CTL_ADD, fd, &e);
        }
    }
}
