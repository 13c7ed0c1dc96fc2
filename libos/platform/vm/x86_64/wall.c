/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wall clock at start: kvmclock's, else what the host said (u2k.realtime=, to the nanosecond but
 * late by the time the machine took to start), else the CMOS clock (MC146818, whole seconds).
 */
#include <u2k/platform.h>

#include "../vm.h"
#include "cpu.h"
#include "kvmclock.h"

enum {
    PORT_INDEX = 0x70,
    PORT_DATA = 0x71,
    REGISTER_A = 10, /* bit 7: being updated */
    REGISTER_B = 11,
    B_24_HOURS = 2,
    B_BINARY = 4,
    CENTURY = 0x32, /* by convention; 0xff or 0 if it is not there */
    PM = 0x80,
    TRIES = 4,
};

static uint8_t cmos(uint8_t index)
{
    outb(PORT_INDEX, index);
    return inb(PORT_DATA);
}

static unsigned from_bcd(unsigned v)
{
    return (v >> 4) * 10 + (v & 15);
}

/* Days since 1970-01-01 in the Gregorian calendar; March is the first month so that leap days end a
 * year. */
static uint64_t days(unsigned year, unsigned month, unsigned day)
{
    year -= month <= 2;
    unsigned of_year = (153 * (month + (month > 2 ? 0u - 3 : 9)) + 2) / 5 + day - 1;
    return 365ull * year + year / 4 - year / 100 + year / 400 + of_year - 719468;
}

static bool read_cmos(uint64_t *now)
{
    static const uint8_t registers[] = {0, 2, 4, 7, 8, 9, CENTURY};
    unsigned v[ARRAY_SIZE(registers)];
    unsigned second_again, tries = 0;

    if (cmos(REGISTER_A) == 0xff)
        return false;
    do {
        for (size_t i = 0; i < ARRAY_SIZE(registers); i++)
            v[i] = cmos(registers[i]);
        second_again = cmos(0);
    } while ((second_again != v[0] || cmos(REGISTER_A) & 0x80) && ++tries < TRIES);

    unsigned mode = cmos(REGISTER_B);
    bool pm = !(mode & B_24_HOURS) && v[2] & PM;
    if (!(mode & B_24_HOURS))
        v[2] &= ~(unsigned)PM;
    if (!(mode & B_BINARY))
        for (size_t i = 0; i < ARRAY_SIZE(registers); i++)
            v[i] = from_bcd(v[i]);
    if (!(mode & B_24_HOURS))
        v[2] = v[2] % 12 + (pm ? 12 : 0);
    unsigned century = v[6] >= 19 && v[6] <= 21 ? v[6] : 20;
    if (v[3] < 1 || v[3] > 31 || v[4] < 1 || v[4] > 12 || v[5] > 99)
        return false;
    *now = ((days(century * 100 + v[5], v[4], v[3]) * 24 + v[2]) * 60 + v[1]) * 60 + v[0];
    *now *= NSEC_PER_SEC;
    return true;
}

bool vm_wall_clock(uint64_t *now)
{
    uint64_t boot;

    if (kvmclock_wall(&boot)) {
        *now = boot + plat_clock_monotonic();
        return true;
    }
    *now = vm_cmdline_number("u2k.realtime");
    return *now || read_cmos(now);
}
