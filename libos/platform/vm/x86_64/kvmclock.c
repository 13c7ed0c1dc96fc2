/* SPDX-License-Identifier: Apache-2.0 */
/* KVM's paravirtual clock (Linux, Documentation/virt/kvm/x86/msr.rst). */
#include "kvmclock.h"

#include <u2k/platform.h>
#include <u2k/string.h>

#include "cpu.h"
#include "pager.h"

enum {
    CPUID_SIGNATURE = 0x40000000,
    CPUID_FEATURES = 0x40000001,
    FEATURE_CLOCKSOURCE2 = 1 << 3,
    MSR_WALL_CLOCK_NEW = 0x4b564d00,
    MSR_SYSTEM_TIME_NEW = 0x4b564d01,
    SYSTEM_TIME_ENABLE = 1,
    FLAG_TSC_STABLE = 1,
};

struct time_info {
    volatile uint32_t version;
    uint32_t pad;
    volatile uint64_t tsc_timestamp, system_time;
    volatile uint32_t tsc_to_system_mul;
    volatile int8_t tsc_shift;
    volatile uint8_t flags;
    uint8_t pad2[2];
};

struct wall_clock {
    volatile uint32_t version, sec, nsec;
};

static _Alignas(32) struct time_info info; /* must not cross a page */
static _Alignas(16) struct wall_clock wall;
static bool offered;

bool kvmclock_start(void)
{
    struct cpuid c = cpu.hypervisor ? cpuid(CPUID_SIGNATURE, 0) : (struct cpuid){0};
    uint32_t signature[3] = {c.ebx, c.ecx, c.edx};

    if (memcmp(signature, "KVMKVMKVM\0\0", 12) ||
        !(cpuid(CPUID_FEATURES, 0).eax & FEATURE_CLOCKSOURCE2))
        return false;
    wrmsr(MSR_SYSTEM_TIME_NEW, physical_of(&info) | SYSTEM_TIME_ENABLE);
    offered = info.version && info.tsc_to_system_mul; /* written before WRMSR returns */
    return offered;
}

bool kvmclock_read(struct clock_page *out)
{
    uint32_t version;
    int8_t shift;

    do {
        version = info.version;
        __asm__ volatile("" : : : "memory");
        shift = info.tsc_shift;
        out->base_tsc = info.tsc_timestamp;
        out->base_ns = info.system_time;
        out->mult = info.tsc_to_system_mul;
        __asm__ volatile("" : : : "memory");
    } while (version != info.version || version & 1);
    if (shift < -31 || shift > 31)
        return false;
    out->shift = (uint32_t)(32 - shift); /* ns = delta * 2^tsc_shift * mult >> 32 */
    return true;
}

bool kvmclock_stable(void)
{
    return info.flags & FLAG_TSC_STABLE;
}

bool kvmclock_wall(uint64_t *boot)
{
    uint32_t version;

    if (!offered)
        return false;
    wrmsr(MSR_WALL_CLOCK_NEW, physical_of(&wall));
    do {
        version = wall.version;
        *boot = wall.sec * NSEC_PER_SEC + wall.nsec;
    } while (version != wall.version || version & 1);
    return wall.sec != 0;
}
