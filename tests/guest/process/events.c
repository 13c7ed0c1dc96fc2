/* SPDX-License-Identifier: Apache-2.0 */
/* Time and events. With "s" on standard input it then waits for signals until it has had three. */
#include "guest.h"

#define MILLISECOND 1000000ull

static unsigned count(long events, unsigned shift)
{
    return (unsigned)(events >> shift) & 0xff;
}

static uint64_t now(void)
{
    return (uint64_t)call(CALL_CLOCK, 1);
}

int guest(void)
{
    uint64_t bytes[4] = {0}, start = now();
    CHECK((uint64_t)call(CALL_CLOCK, 0) > 1600000000ull * 1000 * MILLISECOND);
    CHECK(call(CALL_CLOCK, 2) > 0);
    CHECK(call(CALL_RANDOM, bytes, sizeof(bytes)) == 0 && bytes[0] != bytes[1] && bytes[3]);

    CHECK(call(CALL_IDLE, 20 * MILLISECOND) == 0);
    CHECK(now() - start >= 20 * MILLISECOND);

    CHECK(call(CALL_TIMER, 10 * MILLISECOND) == 0);
    start = now();
    long seen = 0;
    while (!seen && now() - start < 10000 * MILLISECOND) {
        for (volatile int i = 0; i < 1000000; i++) /* without a call: only the timer comes in */
            ;
        seen = call(CALL_EVENTS);
    }
    CHECK(count(seen, EVENT_INTERRUPT) == 1 && count(seen, EVENT_SIGNAL) == 0);

    char command = 0;
    if (call(CALL_READ, 0, &command, 1) != 1 || command != 's')
        return 0;
    (void)call(CALL_EVENTS);
    say("ready\n");
    unsigned signals = 0, resizes = 0;
    while (signals < 3) {
        call(CALL_IDLE, 0);
        seen = call(CALL_EVENTS);
        signals += count(seen, EVENT_SIGNAL);
        resizes += count(seen, EVENT_RESIZE);
    }
    return resizes ? 7 : 8;
}
