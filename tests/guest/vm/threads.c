/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two threads that take turns, by asking and by being interrupted, while each holds its own values in
 * vector registers, the upper halves included, and in the thread pointer.
 */
#include "guest.h"

enum { ROUNDS = 200, MILLISECOND = 1000000 };
#define SECOND_STACK (STACK_TOP - 0x40000)

static volatile int finished;
static volatile long spoiled;

static bool has_avx(void)
{
    uint32_t a = 1, b, c = 0, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if ((c >> 27 & 3) != 3) /* OSXSAVE, AVX */
        return false;
    __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    return (a & 6) == 6;
}

static void fill(const uint64_t *from, bool avx)
{
    if (avx)
        __asm__ volatile("vmovdqu (%0), %%ymm7\n\tvmovdqu (%0), %%ymm15" : : "r"(from));
    else
        __asm__ volatile("movdqu (%0), %%xmm7\n\tmovdqu (%0), %%xmm15" : : "r"(from));
}

static bool same(const uint64_t *as, bool avx)
{
    uint64_t got[8] = {0};
    bool equal = true;

    if (avx)
        __asm__ volatile("vmovdqu %%ymm7, (%0)\n\tvmovdqu %%ymm15, 32(%0)" : : "r"(got) : "memory");
    else
        __asm__ volatile("movdqu %%xmm7, (%0)\n\tmovdqu %%xmm15, 32(%0)" : : "r"(got) : "memory");
    for (int i = 0; i < (avx ? 4 : 2); i++)
        equal = equal && got[i] == as[i] && got[4 + i] == as[i];
    return equal;
}

static void run(uint64_t seed)
{
    const uint64_t values[4] = {seed, seed * 3, seed * 5, seed * 7};
    bool avx = has_avx();

    for (int i = 0; i < ROUNDS; i++) {
        fill(values, avx);
        if (i & 1)
            (void)call(CALL_YIELD, 0, 0, 0);
        else if (i % 40 == 0) {
            (void)call(CALL_TIMER, MILLISECOND, 0, 0);
            for (volatile int spin = 0; spin < 1000000 && !call(CALL_TICKS, 0, 0, 0); spin++)
                ;
        }
        if (!same(values, avx) || (uint64_t)call(CALL_TLS_GET, 0, 0, 0) != seed)
            spoiled++;
    }
    finished++;
    while (finished < 2)
        (void)call(CALL_YIELD, 0, 0, 0);
}

static void second(void)
{
    run(0x2222222);
    for (;;)
        (void)call(CALL_YIELD, 0, 0, 0);
}

/* In assembler: the new thread comes back from the call on another stack. */
__attribute__((naked)) static void start_second(void)
{
    __asm__ volatile(
        "movl %0, %%eax\n\t"
        "movq %1, %%rdi\n\t"
        "movl $0x2222222, %%esi\n\t"
        "syscall\n\t"
        "testq %%rax, %%rax\n\t"
        "jnz 1f\n\t"
        "call *%%rbx\n\t"
        "1: ret"
        :
        : "i"(CALL_THREAD), "i"(SECOND_STACK));
}

void test_threads(void)
{
    (void)call(CALL_TLS_SET, 0x1111111, 0, 0);
    __asm__ volatile("call *%1"
                     :
                     : "b"(second), "r"(start_second)
                     : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory");
    run(0x1111111);
    tell("avx", has_avx());
    tell("spoiled", spoiled);
}
