/* SPDX-License-Identifier: Apache-2.0 */
#include "stub.h"

#include <u2k/boot.h>
#include <u2k/log.h>
#include <u2k/pages.h>
#include <u2k/optional.h>
#include <u2k/platform.h>
#include <u2k/process.h>
#include <u2k/sched.h>

void *calloc(size_t n, size_t size);
void *aligned_alloc(size_t alignment, size_t size);
void free(void *p);
_Noreturn void abort(void);
int vdprintf(int fd, const char *format, __builtin_va_list args);

uint64_t stub_now = 1000 * NSEC_PER_SEC;
long stub_allocations;
struct given given;
struct ip_error told;
unsigned told_count, told_protocol;

void *heap_alloc(size_t size)
{
    stub_allocations++;
    return calloc(1, size ? size : 1);
}
void heap_free(void *p, size_t size)
{
    (void)size;
    stub_allocations -= p != NULL;
    free(p);
}
void *pages_alloc(size_t count, unsigned flags)
{
    void *p = aligned_alloc(PAGE_SIZE, count * PAGE_SIZE);
    memset(p, flags & PAGES_ZERO ? 0 : 0xa5, count * PAGE_SIZE);
    return p;
}
void pages_free(void *base, size_t count)
{
    (void)count;
    free(base);
}
size_t pages_total_count(void)
{
    return 16384;
}

uint64_t clock_monotonic(void)
{
    return stub_now;
}
uint64_t clock_realtime(void)
{
    return stub_now;
}
uint64_t plat_clock_realtime(void)
{
    return stub_now;
}
uint64_t plat_clock_monotonic(void)
{
    return stub_now;
}
int plat_random(void *buf, size_t len)
{
    static uint64_t state = 88172645463325252u;
    for (size_t i = 0; i < len; i++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        ((uint8_t *)buf)[i] = (uint8_t)state;
    }
    return 0;
}
bool arch_random64(uint64_t *out)
{
    return plat_random(out, sizeof *out) == 0;
}
void stub_pass(uint64_t ns)
{
    uint64_t end = stub_now + ns;

    while (timer_next() <= end) {
        stub_now = MAX(stub_now, timer_next());
        timers_run();
    }
    stub_now = end;
    net_poll(false);
}

void log_line(enum log_level level, const char *format, ...)
{
    (void)level, (void)format;
}
bool log_wanted(enum log_level level)
{
    (void)level;
    return false;
}
void panic(const char *format, ...)
{
    __builtin_va_list args;
    __builtin_va_start(args, format);
    vdprintf(2, format, args);
    __builtin_va_end(args);
    abort();
}
long unlinked_nothing(void)
{
    return 0;
}

/* ---- transports; weak ones give way to the real ones, where they are linked ---- */

static void note(struct packet *p, unsigned protocol)
{
    given.count++;
    given.protocol = protocol;
    given.src = p->src;
    given.dst = p->dst;
    given.len = p->total;
    if (!packet_copy(p, 0, given.bytes, MIN(given.len, sizeof given.bytes)))
        abort();
    packet_free(p);
}
void tcp_receive(struct packet *p)
{
    note(p, IPPROTO_TCP);
}
WEAK void udp_receive(struct packet *p)
{
    note(p, IPPROTO_UDP);
}
WEAK bool raw_receive(struct packet *p)
{
    note(packet_ref(p), IPPROTO_RAW);
    return true;
}
bool stub_doubts;

static bool note_error(const struct ip_error *e, unsigned protocol)
{
    told = *e;
    told_protocol = protocol;
    told_count++;
    uint8_t bytes[2048]; /* a sanitizer sees whether it is all there */
    memcpy(bytes, e->transport, MIN(e->len, sizeof bytes));
    return !stub_doubts;
}
bool tcp_error(const struct ip_error *e)
{
    return note_error(e, IPPROTO_TCP);
}
WEAK bool udp_error(const struct ip_error *e)
{
    return note_error(e, IPPROTO_UDP);
}

/* ---- the wire ---- */

struct frame *wire_sent[WIRE_FRAMES];
unsigned wire_count;

static int wire_send(struct netdev *dev, struct packet *p, bool more)
{
    (void)dev, (void)more;
    if (wire_count < WIRE_FRAMES) {
        struct frame *f = wire_sent[wire_count++] = calloc(1, sizeof *f);
        f->len = p->total;
        if (f->len > sizeof f->bytes || !packet_copy(p, 0, f->bytes, f->len))
            abort();
    }
    packet_free(p);
    return 0;
}
struct netdev wire = {.mac = {2, 0, 0, 0, 0, 1}, .mtu = 1500, .send = wire_send};

void wire_clear(void)
{
    while (wire_count)
        free(wire_sent[--wire_count]);
}
void plat_net_start(void)
{
    netdev_offer(&wire);
}
void wire_start(void)
{
    loopback_start();
    plat_net_start();
    const struct ip_addr localhost = v4(127, 0, 0, 1), own = v4(10, 0, 0, 2), gw = v4(10, 0, 0, 1);
    const struct ip_addr any = v4(0, 0, 0, 0);
    CHECK(ip_addr_add(netdev_by_name("lo"), &localhost, 8), 0);
    CHECK(ip_addr_add(&wire, &own, 24), 0);
    CHECK(ip_route_add(&any, 0, &gw, &wire, 0), 0);
}
void wire_give(const void *frame, size_t len)
{
    struct packet *p = packet_new(PACKET_HEADROOM, len);

    memcpy(packet_append(p, len), frame, len);
    netdev_receive(&wire, p);
    netdev_received(&wire);
}

struct ip_addr v4(unsigned a, unsigned b, unsigned c, unsigned d)
{
    return ip_from_v4(net32(a << 24 | b << 16 | c << 8 | d));
}

struct boot_config boot_config = {.hostname = "u2k"};
struct process process;
const char *stub_tokens[8];
void (*stub_while_waiting)(void);

const char *cmdline_each(const char *name, const void **at)
{
    const char **next = *at ? (const char **)(uintptr_t)*at + 1 : stub_tokens;
    *at = next;
    return strcmp(name, "ip") == 0 ? *next : NULL;
}
const char *cmdline_value(const char *name)
{
    (void)name;
    return NULL;
}
void part_missing(const char *name, const char *what)
{
    (void)name, (void)what;
}
struct thread *current;
void thread_wake(struct thread *t)
{
    (void)t;
}
int wait_sleep(uint64_t deadline, bool interruptible)
{
    (void)interruptible;
    if (stub_while_waiting)
        stub_while_waiting();
    stub_pass(deadline - stub_now);
    return 0;
}

WEAK void netlink_changed(void)
{
}
bool plat_host_events(bool sleeps)
{
    (void)sleeps;
    return false;
}
