/* SPDX-License-Identifier: Apache-2.0 */
/* plat_map() and its family, by what the program then sees. */
#include "guest.h"

enum { PAGE = 4096, READ = 1, WRITE = 2, RW = 3 };
#define AT 0x10000000ull
#define TO 0x20000000ull

static volatile uint8_t *byte(uint64_t at)
{
    return (volatile uint8_t *)at;
}

/* Can the byte be written? Asked for by a copy, so that the answer is a count and not a signal. */
static bool writable(uint64_t at)
{
    return call(CALL_COPY, at, 1) == 1;
}

static void copies_and_shares(void)
{
    uint64_t pages = (uint64_t)call(CALL_PAGES, 4, 7);
    CHECK(call(CALL_MAP, AT, 4 * PAGE, RW, MAPPED_COPY, pages) == 0);
    CHECK(call(CALL_MAP, TO, 4 * PAGE, RW, MAPPED_DIRECT, pages) == 0);
    CHECK(*byte(AT) == 7 && *byte(TO + 3 * PAGE) == 7);
    *byte(AT) = 1;
    CHECK(*byte(TO) == 7);
    *byte(TO + PAGE) = 2;
    CHECK(*byte(pages + PAGE) == 2); /* the library OS's view is the same page */
    CHECK(call(CALL_DISCARD, AT, PAGE) == 0 && *byte(AT) == 7);
    CHECK(call(CALL_MAP, TO, PAGE, RW, MAPPED_ZERO) == 0 && *byte(TO) == 0);
    CHECK(call(CALL_UNMAP, AT, 4 * PAGE) == 0 && !writable(AT));
    CHECK(call(CALL_UNMAP, TO, 4 * PAGE) == 0);
    CHECK(call(CALL_MAP, AT, PAGE, RW, MAPPED_COPY, AT) < 0); /* no pages of ours */
    /* Past the end of the memory file. */
    CHECK(call(CALL_MAP, AT, 1ull << 40, RW, MAPPED_COPY, pages) < 0);
}

static void holes(void)
{
    uint8_t vec[8];
    CHECK(call(CALL_MAP, AT, 8 * PAGE, RW, MAPPED_RESERVE) == 0 && !writable(AT));
    CHECK(call(CALL_MAP, AT + PAGE, PAGE, RW, MAPPED_ZERO) == 0);
    CHECK(call(CALL_MAP, AT + 5 * PAGE, PAGE, RW, MAPPED_ZERO) == 0);
    CHECK(call(CALL_PROTECT, AT, 8 * PAGE, READ) == 0);
    CHECK(!writable(AT + PAGE) && !writable(AT + 5 * PAGE));
    CHECK(call(CALL_PROTECT, AT, 8 * PAGE, RW) == 0);
    CHECK(writable(AT + PAGE) && writable(AT + 5 * PAGE) && !writable(AT + 2 * PAGE));
    *byte(AT + 5 * PAGE) = 9;
    CHECK(call(CALL_RESIDENT, AT, 8 * PAGE, vec) == 0);
    CHECK(!(vec[0] & 1) && (vec[5] & 1) && !(vec[7] & 1));
    CHECK(call(CALL_MOVE, AT, TO, 8 * PAGE) == 0);
    CHECK(*byte(TO + 5 * PAGE) == 9 && !writable(AT + 5 * PAGE) && !writable(TO + 2 * PAGE));
    CHECK(call(CALL_DISCARD, TO, 8 * PAGE) == 0 && *byte(TO + 5 * PAGE) == 0);
    CHECK(call(CALL_UNMAP, TO, 8 * PAGE) == 0);
}

static void faults(void)
{
    uint64_t pages = (uint64_t)call(CALL_PAGES, 4, 5);
    CHECK(call(CALL_FAULT, AT + PAGE, 4 * PAGE, RW, MAPPED_COPY, pages, PAGE) == 0);
    CHECK(*byte(AT) == 5 && *byte(AT + 3 * PAGE) == 5);
    *byte(AT) = 6;
    CHECK(call(CALL_FAULT, AT, 4 * PAGE, RW, MAPPED_COPY, pages, 0) == -14); /* it is there */
    CHECK(call(CALL_UNMAP, AT + 2 * PAGE, PAGE) == 0);
    CHECK(call(CALL_FAULT, AT + 2 * PAGE, 4 * PAGE, RW, MAPPED_COPY, pages, 2 * PAGE) == 0);
    CHECK(*byte(AT) == 6 && *byte(AT + 2 * PAGE) == 5); /* what was written stays */
    CHECK(call(CALL_UNMAP, AT, 4 * PAGE) == 0);
}

static void copy_routines(void)
{
    for (uint64_t n = 1; n < 200; n += 7) {
        CHECK(call(CALL_MAP, AT, PAGE, RW, MAPPED_ZERO) == 0);
        CHECK(call(CALL_COPY, AT + PAGE - n, n + 300) == (long)n); /* exact up to the page's end */
        CHECK(call(CALL_UNMAP, AT, PAGE) == 0);
    }
    /* A fault in the middle of a copy that core can mend. */
    CHECK(call(CALL_MAP, AT, PAGE, RW, MAPPED_ZERO) == 0 && call(CALL_LATE, AT + PAGE) == 0);
    CHECK(call(CALL_COPY, AT + PAGE - 100, 200) == 200);
    CHECK(call(CALL_COPY, 0x200000000000ull, 1) == 0 && call(CALL_COPY, 0x7fffffffffffull, 8) == 0);
    CHECK(call(CALL_UNMAP, AT, 2 * PAGE) == 0);
}

int guest(void)
{
    copies_and_shares();
    holes();
    faults();
    copy_routines();
    return 0;
}
