/* SPDX-License-Identifier: Apache-2.0 */
/* Shifts of 128-bit integers, which the compiler calls when it makes code small: the run-time library's
 * routines of that name (GCC internals, "Routines for integer arithmetic"). `count` is below 128. */
#include <u2k/types.h>

typedef unsigned __int128 uint128;

static uint128 joined(uint64_t high, uint64_t low)
{
    union {
        uint64_t half[2];
        uint128 whole;
    } u = {{low, high}};

    return u.whole;
}

uint128 __lshrti3(uint128 value, int count);
uint128 __ashlti3(uint128 value, int count);

uint128 __lshrti3(uint128 value, int count)
{
    union {
        uint128 whole;
        uint64_t half[2];
    } u = {value};
    unsigned n = (unsigned)count;

    if (n >= 64)
        return joined(0, u.half[1] >> (n - 64));
    return n ? joined(u.half[1] >> n, u.half[0] >> n | u.half[1] << (64 - n)) : value;
}

uint128 __ashlti3(uint128 value, int count)
{
    union {
        uint128 whole;
        uint64_t half[2];
    } u = {value};
    unsigned n = (unsigned)count;

    if (n >= 64)
        return joined(u.half[0] << (n - 64), 0);
    return n ? joined(u.half[1] << n | u.half[0] >> (64 - n), u.half[0] << n) : value;
}
