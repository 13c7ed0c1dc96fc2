/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the guest, chosen by up to eight letters. */
#include "guest.h"

__asm__(
    ".section .start, \"ax\"\n"
    ".globl _start\n"
    "_start:\n\t"
    "andq $-16, %rsp\n\t"
    "call guest_main\n\t"
    "ud2\n\t"
    ".text");

static bool is(uint64_t word, const char *name)
{
    uint64_t other = 0;

    for (int i = 0; i < 8 && name[i]; i++)
        other |= (uint64_t)(uint8_t)name[i] << 8 * i;
    return word == other;
}

static void much(void)
{
    for (int i = 0; i < 200; i++)
        say("a line that is one of two hundred, written at once, just before the end\n");
}

static void random_bytes(void)
{
    tell("random", call(CALL_RANDOM, 64, 0, 0));
    tell("again", call(CALL_RANDOM, 4096, 0, 0));
}

void guest_main(uint64_t word);

void guest_main(uint64_t word)
{
    if (is(word, "hello"))
        say("hello from ring 3\n");
    else if (is(word, "streams"))
        (void)(call(CALL_WRITE, 1, (uint64_t) "out\n", 4) +
               call(CALL_WRITE, 2, (uint64_t) "err\n", 4));
    else if (is(word, "pass"))
        (void)call(CALL_PASS, 0, 0, 0);
    else if (is(word, "much"))
        much();
    else if (is(word, "signal")) {
        say("waiting\n");
        tell("signal", call(CALL_WAIT_SIGNAL, 0, 0, 0));
        tell("window", call(CALL_WINDOW, 0, 0, 0));
    } else if (is(word, "random"))
        random_bytes();
    else if (is(word, "dirty")) {
        say("looking\n");
        tell("dirty", call(CALL_DIRTY, 0, 0, 0));
    } else if (is(word, "panic"))
        (void)call(CALL_PANIC, 0, 0, 0);
    else if (is(word, "wild"))
        (void)call(CALL_WILD, 0, 0, 0);
    else if (is(word, "faults"))
        test_faults();
    else if (is(word, "memory"))
        test_memory();
    else if (is(word, "clock"))
        test_clock();
    else if (is(word, "rest"))
        test_rest();
    else if (is(word, "threads"))
        test_threads();
    call(CALL_EXIT, 42, 0, 0);
}
