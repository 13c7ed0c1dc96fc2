/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks: the host compares "start", "end" and what lies between with its own. */
#include "guest.h"

#define SECOND 1000000000ul

typedef int (*gettime)(int clock, uint64_t *out);

/* The vDSO's symbols by its dynamic section, as a libc does it (but for the version). */
static gettime find(const char *image, const char *name)
{
    const uint64_t *dynamic = (const uint64_t *)(image + *(const uint64_t *)(image + 64 + 56 + 16));
    const char *strings = 0, *symbols = 0;

    for (; *dynamic; dynamic += 2) {
        if (dynamic[0] == 5)
            strings = image + dynamic[1];
        if (dynamic[0] == 6)
            symbols = image + dynamic[1];
    }
    for (int i = 1; i < 5; i++) {
        const char *found = strings + *(const uint32_t *)(symbols + 24 * i), *want = name;
        while (*want && *found == *want)
            found++, want++;
        if (*found == *want)
            return (gettime)(image + *(const uint64_t *)(symbols + 24 * i + 8));
    }
    return 0;
}

static uint64_t now(gettime clock, int which)
{
    uint64_t ts[2] = {0, 0};

    clock(which, ts);
    return ts[0] * SECOND + ts[1];
}

static int system_clock(int which, uint64_t *out)
{
    return (int)call(CALL_CLOCK_GETTIME, (uint64_t)which, (uint64_t)out, 0);
}

/* A program that has little to do: the host counts what wakes the machine. */
void test_rest(void)
{
    for (int i = 0; i < 40; i++)
        (void)call(CALL_SLEEP, SECOND / 20, 0, 0);
}

void test_clock(void)
{
    gettime vdso = find((const char *)call(CALL_VDSO, 0, 0, 0), "__vdso_clock_gettime");
    uint64_t last = now(system_clock, 1), back = 0;

    tell("found", vdso != 0);
    tell("early", (long)call(CALL_SLEEP, SECOND / 100, 0, 0));
    tell("long", (long)call(CALL_SLEEP, SECOND / 2, 0, 0)); /* several rounds of a timer chip */
    for (int i = 0; i < 100000; i++) {
        uint64_t t = i & 1 ? now(vdso, 1) : now(vdso, 4);
        back += t < last;
        last = t;
    }
    uint64_t call_time = now(system_clock, 1);
    tell("back", (long)back);
    tell("agree", call_time >= last && call_time - last < SECOND / 10);
    tell("wall", (long)now(vdso, 0));
    tell("unknown", vdso(99, 0));
    say("start\n");
    uint64_t start = now(vdso, 1);
    (void)call(CALL_SLEEP, SECOND, 0, 0);
    say("end\n");
    tell("between", (long)(now(vdso, 1) - start));
    (void)call(CALL_TIMER, SECOND / 200, 0, 0);
    start = now(vdso, 1);
    while (!call(CALL_TICKS, 0, 0, 0) && now(vdso, 1) - start < SECOND)
        ;
    tell("timer", (long)(now(vdso, 1) - start));
}
