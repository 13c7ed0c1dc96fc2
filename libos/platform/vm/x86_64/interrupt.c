/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local APIC, I/O APIC (Intel SDM volume 3, 11; 82093AA data sheet) and the timer. Set up when the
 * first interrupt is wanted.
 */
#include "interrupt.h"

#include <u2k/errno.h>
#include <u2k/platform.h>

#include "../vm.h"
#include "acpi.h"
#include "clock.h"
#include "cpu.h"
#include "layout.h"

enum {
    VECTOR_TIMER = 32,
    VECTOR_FIRST = 33,
    VECTOR_SPURIOUS = VECTORS - 1,
    DEVICES = VECTOR_SPURIOUS - VECTOR_FIRST,
};
enum { /* local APIC registers, by their number */
       APIC_ID = 0x02,
       APIC_TPR = 0x08,
       APIC_EOI = 0x0b,
       APIC_SPURIOUS = 0x0f,
       APIC_LVT_TIMER = 0x32,
       APIC_LVT_LINT0 = 0x35,
       APIC_INITIAL_COUNT = 0x38,
       APIC_CURRENT_COUNT = 0x39,
       APIC_DIVIDE = 0x3e,
};
enum {
    SPURIOUS_ENABLE = 0x100,
    LVT_MASKED = 1 << 16,
    LVT_TSC_DEADLINE = 1 << 18,
    DIVIDE_BY_16 = 3,
    APIC_BASE_X2 = 1 << 10,
    X2APIC_MSR = 0x800,
    PIC_MASTER_MASK = 0x21,
    PIC_SLAVE_MASK = 0xa1,
    IO_APIC_REDIRECTION = 0x10,
    IO_APIC_VERSION = 1,
    IO_APIC_INPUTS_USUAL = 24,
    REDIRECTION_LEVEL = 1 << 15,
};
#define IO_APIC_USUAL 0xfec00000ull
#define MESSAGE_ADDRESS 0xfee00000ull
#define APIC_BASE_MASK 0xffffff000ull
#define TIMER_HZ_USUAL \
    (NSEC_PER_SEC / 16) /* QEMU's and KVM's bus clock is 1 GHz; corrected below */
#define TIMER_COUNT_MAX 0x7fffffffu

static struct handler {
    void (*fn)(void *);
    void *arg;
} handlers[DEVICES];
static unsigned handler_count;

static bool running, x2apic;
static volatile uint32_t *apic;

static uint32_t apic_read(unsigned reg)
{
    return x2apic ? (uint32_t)rdmsr(X2APIC_MSR + reg) : apic[reg * 4];
}

static void apic_write(unsigned reg, uint32_t value)
{
    if (x2apic)
        wrmsr(X2APIC_MSR + reg, value);
    else
        apic[reg * 4] = value;
}

/* A BIOS leaves the old controller with the timer's ticks, on vectors that are exceptions here. */
void interrupt_quiet(void)
{
    outb(PIC_MASTER_MASK, 0xff);
    outb(PIC_SLAVE_MASK, 0xff);
}

static int start(void)
{
    if (running)
        return 0;
    uint64_t base = rdmsr(MSR_APIC_BASE);
    x2apic = base & APIC_BASE_X2;
    if (!x2apic && !(apic = device_map(base & APIC_BASE_MASK, PAGE_SIZE)))
        return -ENOMEM;
    apic_write(APIC_TPR, 0);
    apic_write(APIC_LVT_LINT0, LVT_MASKED);
    apic_write(APIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
    apic_write(APIC_DIVIDE, DIVIDE_BY_16);
    apic_write(APIC_LVT_TIMER, VECTOR_TIMER | (cpu.tsc_deadline ? (uint32_t)LVT_TSC_DEADLINE : 0));
    running = true;
    return 0;
}

static uint8_t apic_id(void)
{
    uint32_t id = apic_read(APIC_ID);

    return (uint8_t)(x2apic ? id : id >> 24);
}

static uint64_t timer_hz = TIMER_HZ_USUAL;
static uint64_t armed = TIME_NEVER;
static uint64_t armed_at;
static uint32_t armed_count;

/*
 * Learn the timer's rate from each count that ran for long enough to tell; `left` is what is left of it. An end is
 * noticed late, so that estimates are a little low. A low one is believed only where no lateness explains it: the
 * next timer would end early, and have to be set again for what is missing. The clock is read behind the count, so
 * that a host which stops us in between makes an estimate low as well, never high.
 */
static void learn_rate(uint32_t left)
{
    enum { TELLING = 10000000 }; /* ns */
    uint64_t ran = plat_clock_monotonic() - armed_at;

    if (!armed_count || ran < TELLING)
        return;
    uint64_t counted = armed_count - left, expected = mul_div(counted, NSEC_PER_SEC, timer_hz);
    if (ran < expected || ran > expected + TELLING)
        timer_hz = MAX(mul_div(counted, NSEC_PER_SEC, ran), 1000ull);
    armed_count = 0;
}

void interrupt(unsigned vector)
{
    if (vector == VECTOR_SPURIOUS)
        return;
    if (vector == VECTOR_TIMER && armed_count)
        learn_rate(apic_read(APIC_CURRENT_COUNT));
    if (vector >= VECTOR_FIRST && vector - VECTOR_FIRST < handler_count) {
        const struct handler *h = &handlers[vector - VECTOR_FIRST];
        h->fn(h->arg);
    }
    apic_write(APIC_EOI, 0);
}

static int new_vector(void (*fn)(void *), void *arg)
{
    if (handler_count == DEVICES || start() < 0)
        return -ENOSPC;
    handlers[handler_count] = (struct handler){fn, arg};
    return VECTOR_FIRST + (int)handler_count++;
}

static uint32_t io_apic_read(volatile uint32_t *io_apic, unsigned reg)
{
    io_apic[0] = reg;
    return io_apic[4];
}

static void io_apic_write(volatile uint32_t *io_apic, unsigned reg, uint32_t value)
{
    io_apic[0] = reg;
    io_apic[4] = value;
}

/* The first I/O APIC is where it always is; others, and one elsewhere, only ACPI can tell. */
static volatile uint32_t *find_io_apic(unsigned gsi, unsigned *first)
{
    uint64_t address = IO_APIC_USUAL;

    *first = 0;
    if (gsi >= IO_APIC_INPUTS_USUAL && !acpi_io_apic(gsi, &address, first))
        return NULL;
    volatile uint32_t *io_apic = device_map(address, PAGE_SIZE);
    if (io_apic && io_apic_read(io_apic, IO_APIC_VERSION) == UINT32_MAX)
        io_apic = acpi_io_apic(gsi, &address, first) ? device_map(address, PAGE_SIZE) : NULL;
    return io_apic;
}

int interrupt_line(unsigned gsi, bool level, void (*fn)(void *), void *arg)
{
    unsigned first;
    volatile uint32_t *io_apic = find_io_apic(gsi, &first);

    if (!io_apic)
        return -ENODEV;
    unsigned input = gsi - first;
    if (input > (io_apic_read(io_apic, IO_APIC_VERSION) >> 16 & 0xff))
        return -EINVAL;
    int vector = new_vector(fn, arg);
    if (vector < 0)
        return vector;
    io_apic_write(io_apic, IO_APIC_REDIRECTION + 2 * input + 1, (uint32_t)apic_id() << 24);
    io_apic_write(io_apic, IO_APIC_REDIRECTION + 2 * input,
                  (uint32_t)vector | (level ? (uint32_t)REDIRECTION_LEVEL : 0));
    return 0;
}

int device_irq(const struct device_place *at, void (*fn)(void *), void *arg)
{
    return interrupt_line(at->irq, at->level, fn, arg);
}

int device_message(void (*fn)(void *), void *arg, uint64_t *address, uint32_t *data)
{
    int vector = new_vector(fn, arg);

    if (vector < 0)
        return vector;
    *address = MESSAGE_ADDRESS | (uint64_t)apic_id() << 12;
    *data = (uint32_t)vector;
    return 0;
}

/* ---- timer ---- */

static uint64_t count_for(uint64_t ns)
{
    return MIN(mul_div(ns, timer_hz, NSEC_PER_SEC), TIMER_COUNT_MAX - 1ull) + 1;
}

void interrupt_timer(uint64_t deadline)
{
    if (deadline == armed && deadline == TIME_NEVER)
        return;
    if (start() < 0)
        return;
    armed = deadline;
    if (cpu.tsc_deadline) {
        uint64_t tsc = deadline == TIME_NEVER ? 0 : clock_tsc_at(deadline);
        if (tsc || deadline == TIME_NEVER) {
            wrmsr(MSR_TSC_DEADLINE, tsc);
            return;
        }
    }
    if (deadline == TIME_NEVER) {
        armed_count = 0;
        apic_write(APIC_INITIAL_COUNT, 0);
        return;
    }
    uint32_t left = apic_read(APIC_CURRENT_COUNT);
    if (left) /* one that has ended says nothing about when */
        learn_rate(left);
    armed_at = plat_clock_monotonic();
    armed_count = (uint32_t)count_for(deadline > armed_at ? deadline - armed_at : 0);
    apic_write(APIC_INITIAL_COUNT, armed_count);
}
