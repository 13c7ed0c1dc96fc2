/* SPDX-License-Identifier: Apache-2.0 */
/* Two threads: FP state and thread pointer belong to each, a new one begins with its maker's FP state. */
#include "guest.h"

enum { TURNS = 5, CHILD_TLS = 0x1234, MAIN_TLS = 0x7777 };

static uint8_t stack[16384] __attribute__((aligned(16)));
static volatile int child_turns;

static uint64_t xmm3_across_yield(uint64_t value)
{
    long result;
    __asm__ volatile("movq %1, %%xmm3\n\tsyscall\n\tmovq %%xmm3, %1"
                     : "=a"(result), "+r"(value)
                     : "a"(CALL_YIELD)
                     : "rcx", "r11", "xmm3", "memory");
    return value;
}

__attribute__((noreturn)) static void child(uint64_t inherited)
{
    CHECK(inherited == 0xabc);
    for (;;) {
        child_turns++;
        CHECK(call(CALL_TLS_GET) == CHILD_TLS);
        CHECK(xmm3_across_yield(0x1000 + (uint64_t)child_turns) == 0x1000 + (uint64_t)child_turns);
    }
}

int guest(void)
{
    CHECK(call(CALL_TLS_GET) == 0);
    CHECK(call(CALL_TLS_SET, MAIN_TLS) == 0);
    long in_parent;
    uint64_t xmm3 = 0xabc;
    __asm__ volatile("movq %1, %%xmm3\n\tsyscall\n\tmovq %%xmm3, %1"
                     : "=a"(in_parent), "+r"(xmm3)
                     : "a"(CALL_THREAD), "D"(stack + sizeof(stack))
                     : "rcx", "r11", "xmm3", "memory");
    if (!in_parent)
        child(xmm3);
    for (int i = 0; i < TURNS; i++) {
        CHECK(xmm3_across_yield(0x2000 + (uint64_t)i) == 0x2000 + (uint64_t)i);
        CHECK(call(CALL_TLS_GET) == MAIN_TLS);
    }
    CHECK(child_turns == TURNS);
    return 0;
}
