/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was told before: a set of 64-bit hashes, open addressing, never emptied but by execve(2). Two
 * different things of one hash, which would hide one, are a chance of 1 in 10^11 with a full table.
 */
#include "trace.h"

enum { SLOTS = 8192, FULL = SLOTS / 8 * 7 };

static uint64_t slots[SLOTS]; /* 0: free */
static unsigned used;

/* FNV-1a. */
uint64_t seen_hash(uint64_t start, const void *data, size_t len)
{
    const uint8_t *p = data;
    uint64_t hash = start ? start : 0xcbf29ce484222325u;

    while (len--)
        hash = (hash ^ *p++) * 0x100000001b3u;
    return hash ? hash : 1;
}

bool seen_first(uint64_t what)
{
    static bool told;
    size_t at = (size_t)(what ^ what >> 32) % SLOTS;

    for (; slots[at]; at = (at + 1) % SLOTS)
        if (slots[at] == what)
            return false;
    if (used == FULL) {
        if (!told)
            tell("full");
        told = true;
        return false;
    }
    slots[at] = what;
    used++;
    return true;
}

void seen_forget(void)
{
    for (size_t i = 0; i < SLOTS; i++)
        slots[i] = 0;
    used = 0;
}
