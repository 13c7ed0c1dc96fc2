/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time, chance and the network. There is no clock: it stands still, which is monotonic. A port's clock is that of
 * its vDSO, its timer enters core_interrupt() while the program runs, and plat_idle() takes events
 * and waits in one step, so that none is missed between.
 */
#include <u2k/arch.h>
#include <u2k/errno.h>
#include <u2k/platform.h>

uint64_t plat_clock_monotonic(void)
{
    return 0;
}
uint64_t plat_clock_realtime(void)
{
    return 0;
}
uint64_t plat_clock_cpu(void)
{
    return 0;
}

void plat_timer(uint64_t deadline)
{
    (void)deadline;
}

void plat_idle(uint64_t deadline)
{
    (void)deadline; /* spurious returns are allowed */
}

/* A port without network devices has nothing to offer. */
void plat_net_start(void) {}

/* Nor disks. */
int plat_root(const void **image, size_t *size)
{
    (void)image, (void)size;
    return -ENODEV;
}

/* The CPU's own, where it has it: better than nothing, and never a fixed seed. */
int plat_random(void *buf, size_t len)
{
    uint8_t *p = buf;
    while (len) {
        uint64_t value;
        if (!arch_random64(&value))
            return -ENOSYS;
        for (size_t n = MIN(len, sizeof(value)); n; n--, len--, value >>= 8)
            *p++ = (uint8_t)value;
    }
    return 0;
}
