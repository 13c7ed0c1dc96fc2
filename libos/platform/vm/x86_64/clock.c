/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time from the time stamp counter. Its rate comes from the hypervisor (kvmclock, the timing leaf) or
 * the CPU (CPUID 0x15, 0x16). Where nobody tells, the timer chip (i8254) is the clock at first: it is
 * read beside the TSC on every request, and when a quarter of a second has passed the ratio is exact
 * to some parts in a million, and the chip is not asked again. Nothing is measured in a loop, and
 * nothing at all before somebody asks for the time.
 */
#include "clock.h"

#include <u2k/log.h>
#include <u2k/platform.h>

#include "../vm.h"
#include "cpu.h"
#include "interrupt.h"
#include "kvmclock.h"
#include "pit.h"

enum {
    CPUID_CRYSTAL = 0x15,
    CPUID_FREQUENCY = 0x16,
    CPUID_HYPERVISOR = 0x40000000,
    CPUID_HYPERVISOR_TIMING = 0x40000010,
};
#define MEASURED_ENOUGH (NSEC_PER_SEC / 4)

extern struct clock_page vdso_data;

static enum { CLOCK_OFF, CLOCK_TSC, CLOCK_KVM, CLOCK_PIT } source;
static uint64_t last; /* the clock never goes back */
static uint64_t idle_ns;

static uint64_t time_of(const struct clock_page *c)
{
    uint64_t ns = rdtsc() - c->base_tsc, high;

    /* ns * mult >> shift of 1 to 63; the compiler would call a function for the shift */
    __asm__("mulq %3\n\tshrdq %%cl, %%rdx, %%rax"
            : "+a"(ns), "=&d"(high)
            : "c"(c->shift), "m"(c->mult)
            : "cc");
    return c->base_ns + ns;
}

static void publish(const struct clock_page *page)
{
    uint32_t sequence = vdso_data.sequence;

    vdso_data = *page;
    vdso_data.sequence = sequence + 2;
}

/* `hz` of the TSC; the clock shows `now` at `tsc`. */
static void run_from_tsc(uint64_t hz, uint64_t tsc, uint64_t now)
{
    struct clock_page page = {.shift = 32, .base_tsc = tsc, .base_ns = now, .wall = vdso_data.wall};

    page.mult = mul_div(NSEC_PER_SEC, 1ull << 32, hz);
    source = CLOCK_TSC;
    publish(&page);
}

static uint64_t told_tsc_hz(void)
{
    if (cpu.max_leaf >= CPUID_CRYSTAL) {
        struct cpuid c = cpuid(CPUID_CRYSTAL, 0);
        if (c.eax && c.ebx && c.ecx)
            return (uint64_t)c.ecx * c.ebx / c.eax;
        if (c.eax && c.ebx && cpu.max_leaf >= CPUID_FREQUENCY) /* SDM volume 3, 19.7.3 */
            return cpuid(CPUID_FREQUENCY, 0).eax * 1000000ull;
    }
    if (cpu.hypervisor && cpuid(CPUID_HYPERVISOR, 0).eax >= CPUID_HYPERVISOR_TIMING)
        return cpuid(CPUID_HYPERVISOR_TIMING, 0).eax * 1000ull;
    /* As Linux's parameter of this name has it, for machines that tell nothing by themselves. */
    return vm_cmdline_number("tsc_early_khz") * 1000;
}

static void start(void)
{
    struct clock_page page = {0};
    uint64_t hz;

    pit_quiet();
    if (kvmclock_start() && kvmclock_read(&page)) {
        source = CLOCK_KVM;
        if (kvmclock_stable())
            publish(&page);
    } else if ((hz = told_tsc_hz())) {
        run_from_tsc(hz, rdtsc(), NSEC_PER_SEC);
    } else if (pit_start(rdtsc())) {
        source = CLOCK_PIT;
    } else {
        panic("no clock: no kvmclock, no timer chip, no rate of the TSC; boot with tsc_early_khz=");
    }
    uint64_t wall = 0, now = plat_clock_monotonic();
    vdso_data.wall = vm_wall_clock(&wall) ? wall - now : 0;
}

uint64_t plat_clock_monotonic(void)
{
    struct clock_page page;
    uint64_t now = last, tsc;

    switch (source) {
    case CLOCK_OFF: start(); return plat_clock_monotonic();
    case CLOCK_KVM:
        if (!kvmclock_stable()) {
            kvmclock_read(&page);
            now = time_of(&page);
            break;
        } /* fall through */
    case CLOCK_TSC: now = time_of(&vdso_data); break;
    case CLOCK_PIT:
        tsc = rdtsc();
        now = pit_elapsed(tsc);
        if (now >= MEASURED_ENOUGH)
            run_from_tsc(pit_tsc_hz(), tsc, MAX(now, last));
        break;
    }
    last = MAX(last, now);
    return last;
}

uint64_t plat_clock_realtime(void)
{
    return plat_clock_monotonic() + vdso_data.wall;
}

uint64_t plat_clock_cpu(void)
{
    return plat_clock_monotonic() - idle_ns;
}

uint64_t clock_tsc_at(uint64_t deadline)
{
    const struct clock_page *c = &vdso_data;

    if (!c->mult)
        return 0;
    uint64_t delta = deadline > c->base_ns ? deadline - c->base_ns : 0;
    uint64_t ticks = mul_div(delta, 1ull << c->shift, c->mult);
    return ticks < INT64_MAX ? c->base_tsc + ticks + 1 : UINT64_MAX;
}

void vm_halt(uint64_t deadline)
{
    uint64_t before = plat_clock_monotonic();

    if (deadline <= before) {
        __asm__ volatile("sti; nop; cli" : : : "memory");
        return;
    }
    interrupt_timer(deadline);
    __asm__ volatile("sti; hlt; cli" : : : "memory"); /* STI holds interrupts until HLT waits */
    idle_ns += plat_clock_monotonic() - before;
}

void plat_timer(uint64_t deadline)
{
    interrupt_timer(deadline);
}
