/* SPDX-License-Identifier: Apache-2.0 */
/* What the stack needs from below, a wire to watch, and transports that note what they were given. */
#ifndef STUB_H
#define STUB_H

#include <u2k/ip.h>
#include <u2k/netdev.h>
#include <u2k/packet.h>
#include <u2k/string.h>

int dprintf(int fd, const char *format, ...);
void exit(int status);
void *memset(void *dst, int byte, size_t len);

#define CHECK(got, want) \
    do { \
        long got_ = (long)(got), want_ = (long)(want); \
        if (got_ != want_) { \
            dprintf(2, "%s:%d: %s is %ld, not %ld\n", __FILE__, __LINE__, #got, got_, want_); \
            exit(1); \
        } \
    } while (0)

extern uint64_t stub_now;
extern long stub_allocations; /* blocks that are not given back */
void stub_pass(uint64_t ns);  /* time passes, timers fire */

/* The Ethernet device that tests offer: what the stack sent, the oldest first. */
enum { WIRE_FRAMES = 64, WIRE_BYTES = 70000 };
struct frame {
    size_t len;
    uint8_t bytes[WIRE_BYTES];
};
extern struct netdev wire;
extern struct frame *wire_sent[WIRE_FRAMES];
extern unsigned wire_count;
void wire_clear(void);
void wire_start(void);
void wire_give(const void *frame, size_t len); /* the stack receives it */

/* The last packets that a transport got, as bytes from the transport header on. */
struct given {
    unsigned count, protocol;
    struct ip_addr src, dst;
    size_t len;
    uint8_t bytes[70000];
};
extern struct given given;
extern struct ip_error told;
extern unsigned told_count, told_protocol;
extern bool stub_doubts; /* transports do not believe errors */
extern const char *stub_tokens[8]; /* values of ip= */
extern void (*stub_while_waiting)(void);

struct ip_addr v4(unsigned a, unsigned b, unsigned c, unsigned d);

struct test {
    const char *name;
    void (*run)(void);
};
extern const struct test tests_ipv4[], tests_ipv6[], tests_config[];

#endif
