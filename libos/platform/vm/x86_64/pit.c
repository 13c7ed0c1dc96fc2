/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The i8254 as a reference for the TSC: its input is 14.318182 MHz / 12 in every PC and PC emulation.
 * Channel 0 counts 65,536 down again and again, 54.9 ms a round; how many rounds have gone by is told
 * by the TSC, with the rate known so far.
 *
 * In mode 0 the output changes once, at the end of the first round, while the count goes on from 65,535
 * (82C54 data sheet, "mode definitions"). In the modes that a BIOS leaves, the output ticks for ever, and every
 * tick wakes the emulator or the hypervisor, though the interrupt is masked.
 */
#include "pit.h"

#include "cpu.h"

enum {
    PORT_CHANNEL0 = 0x40,
    PORT_COMMAND = 0x43,
    COMMAND_COUNT_ONCE = 0x30, /* channel 0, low byte then high byte, mode 0 */
    COMMAND_LATCH = 0x00,
    ROUND = 1 << 16,
    TICKS_FOR_RATE = 48, /* 40 us: the rate to 4 %, enough to count rounds for half a second */
    TRIES = 1 << 16,     /* reads of a chip that does not count */
};
#define PIT_HZ 1193182ull
#define SURELY_ONE_ROUND (1ull << 23) /* TSC ticks: below 54 ms from 0.16 GHz on */

static uint64_t start_tsc, last_tsc, ticks; /* ticks: at last_tsc */
static uint16_t last_count;

static uint16_t read_count(void)
{
    outb(PORT_COMMAND, COMMAND_LATCH);
    uint8_t low = inb(PORT_CHANNEL0);
    return (uint16_t)(low | inb(PORT_CHANNEL0) << 8);
}

void pit_quiet(void)
{
    outb(PORT_COMMAND, COMMAND_COUNT_ONCE);
    outb(PORT_CHANNEL0, 0);
    outb(PORT_CHANNEL0, 0);
}

bool pit_start(uint64_t tsc)
{
    start_tsc = last_tsc = tsc;
    last_count = read_count();
    for (unsigned i = 0; i < TRIES; i++) {
        uint16_t now = read_count();
        if (now != last_count)
            return now != UINT16_MAX || last_count < 2;
    }
    return false;
}

/* TSC ticks for one of the chip's, times 2^16, from a short look: once, when the program slept
 * through more than a round before anybody asked for the time. */
static uint64_t short_look(void)
{
    uint16_t first = read_count(), passed;
    uint64_t tsc = rdtsc();

    for (unsigned i = 0; i < TRIES; i++)
        if ((passed = (uint16_t)(first - read_count())) >= TICKS_FOR_RATE)
            return ((rdtsc() - tsc) << 16) / passed;
    return 0;
}

uint64_t pit_elapsed(uint64_t tsc)
{
    uint16_t count = read_count();
    uint16_t passed = (uint16_t)(last_count - count);
    uint64_t rounds = 0;

    if (tsc - last_tsc > SURELY_ONE_ROUND) {
        uint64_t ratio = ticks > ROUND / 16 ? ((last_tsc - start_tsc) << 16) / ticks : short_look();
        uint64_t expected = ratio ? ((tsc - last_tsc) << 16) / ratio : 0;
        if (expected > passed)
            rounds = (expected - passed + ROUND / 2) / ROUND;
    }
    ticks += passed + rounds * ROUND;
    last_count = count;
    last_tsc = tsc;
    return mul_div(ticks, NSEC_PER_SEC, PIT_HZ);
}

uint64_t pit_tsc_hz(void)
{
    return mul_div(last_tsc - start_tsc, PIT_HZ, ticks);
}
