/* SPDX-License-Identifier: Apache-2.0 */
/* What CPUID tells (Intel SDM volume 2, CPUID), in the words of Linux's /proc/cpuinfo. */
#include <u2k/cpuinfo.h>
#include <u2k/log.h>
#include <u2k/string.h>

struct cpuid {
    uint32_t a, b, c, d;
};

static struct cpuid cpuid(uint32_t leaf)
{
    struct cpuid r;
    __asm__("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(0));
    return r;
}

enum word { LEAF1_D, LEAF1_C, LEAF7_B, LEAF80000001_D, LEAF80000001_C, WORDS };

static const struct flag {
    char name[11];
    uint8_t word_bit; /* word << 5 | bit */
} flags[] = {
#define F(word, bit, name) {name, (word) << 5 | (bit)}
    F(LEAF1_D, 0, "fpu"),
    F(LEAF1_D, 4, "tsc"),
    F(LEAF1_D, 8, "cx8"),
    F(LEAF1_D, 15, "cmov"),
    F(LEAF1_D, 19, "clflush"),
    F(LEAF1_D, 23, "mmx"),
    F(LEAF1_D, 24, "fxsr"),
    F(LEAF1_D, 25, "sse"),
    F(LEAF1_D, 26, "sse2"),
    F(LEAF1_C, 0, "pni"),
    F(LEAF1_C, 1, "pclmulqdq"),
    F(LEAF1_C, 9, "ssse3"),
    F(LEAF1_C, 12, "fma"),
    F(LEAF1_C, 13, "cx16"),
    F(LEAF1_C, 19, "sse4_1"),
    F(LEAF1_C, 20, "sse4_2"),
    F(LEAF1_C, 22, "movbe"),
    F(LEAF1_C, 23, "popcnt"),
    F(LEAF1_C, 25, "aes"),
    F(LEAF1_C, 26, "xsave"),
    F(LEAF1_C, 28, "avx"),
    F(LEAF1_C, 29, "f16c"),
    F(LEAF1_C, 30, "rdrand"),
    F(LEAF1_C, 31, "hypervisor"),
    F(LEAF7_B, 0, "fsgsbase"),
    F(LEAF7_B, 3, "bmi1"),
    F(LEAF7_B, 5, "avx2"),
    F(LEAF7_B, 8, "bmi2"),
    F(LEAF7_B, 9, "erms"),
    F(LEAF7_B, 16, "avx512f"),
    F(LEAF7_B, 17, "avx512dq"),
    F(LEAF7_B, 18, "rdseed"),
    F(LEAF7_B, 19, "adx"),
    F(LEAF7_B, 29, "sha_ni"),
    F(LEAF7_B, 30, "avx512bw"),
    F(LEAF7_B, 31, "avx512vl"),
    F(LEAF80000001_D, 11, "syscall"),
    F(LEAF80000001_D, 20, "nx"),
    F(LEAF80000001_D, 29, "lm"),
    F(LEAF80000001_C, 0, "lahf_lm"),
    F(LEAF80000001_C, 5, "abm"),
#undef F
};

size_t arch_cpuinfo(char *out, size_t size)
{
    struct cpuid id = cpuid(0), one = cpuid(1), top = cpuid(0x80000000);
    uint32_t words[WORDS] = {[LEAF1_D] = one.d, [LEAF1_C] = one.c};
    uint32_t family = one.a >> 8 & 15, model = (one.a >> 4 & 15) | (one.a >> 12 & 0xf0);
    char vendor[13] = {0}, name[49] = {0};
    memcpy(vendor, &id.b, 4);
    memcpy(vendor + 4, &id.d, 4);
    memcpy(vendor + 8, &id.c, 4);
    if (id.a >= 7)
        words[LEAF7_B] = cpuid(7).b;
    if (top.a >= 0x80000001) {
        struct cpuid extended = cpuid(0x80000001);
        words[LEAF80000001_D] = extended.d;
        words[LEAF80000001_C] = extended.c;
    }
    for (uint32_t i = 0; top.a >= 0x80000004 && i < 3; i++) {
        struct cpuid part = cpuid(0x80000002 + i);
        memcpy(name + i * 16, &part, 16);
    }
    family += family == 15 ? one.a >> 20 & 255 : 0;
    size_t n = format_text(out, size,
                           "processor\t: 0\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n"
                           "model name\t: %s\nstepping\t: %u\nphysical id\t: 0\nsiblings\t: 1\n"
                           "core id\t\t: 0\ncpu cores\t: 1\nflags\t\t:",
                           vendor, family, model, name, one.a & 15);
    for (size_t i = 0; i < ARRAY_SIZE(flags) && n < size; i++)
        if (words[flags[i].word_bit >> 5] >> (flags[i].word_bit & 31) & 1)
            n += format_text(out + n, size - n, " %s", flags[i].name);
    if (n < size)
        n += format_text(out + n, size - n, "\n\n");
    return MIN(n, size - 1);
}
