/* SPDX-License-Identifier: Apache-2.0 */
/* RDSEED and RDRAND (Intel SDM volume 1, 7.3.17): the CPU's own source of randomness. */
#include <u2k/arch.h>

enum {
    /* RDSEED runs dry under load and RDRAND is there then; ten failures of RDRAND in a row mean a
     * broken source (Intel DRNG Software Implementation Guide, 5.2.1). */
    TRIES = 10,
    CPUID1_ECX_RDRAND = 1 << 30,
    CPUID7_EBX_RDSEED = 1 << 18,
};

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static struct cpuid cpuid(uint32_t leaf)
{
    struct cpuid c;
    __asm__("cpuid" : "=a"(c.eax), "=b"(c.ebx), "=c"(c.ecx), "=d"(c.edx) : "a"(leaf), "c"(0));
    return c;
}

/* A CPU with the AMD fault of always giving all ones "successfully" has no randomness. */
static bool plausible(uint64_t value)
{
    return value != 0 && value != UINT64_MAX;
}

static bool read_seed(uint64_t *out)
{
    bool ok;
    __asm__ volatile("rdseed %0" : "=r"(*out), "=@ccc"(ok));
    return ok && plausible(*out);
}

static bool read_random(uint64_t *out)
{
    bool ok;
    __asm__ volatile("rdrand %0" : "=r"(*out), "=@ccc"(ok));
    return ok && plausible(*out);
}

bool arch_random64(uint64_t *out)
{
    static int has_seed = -1, has_random;
    if (has_seed < 0) {
        has_seed = cpuid(0).eax >= 7 && (cpuid(7).ebx & CPUID7_EBX_RDSEED);
        has_random = (cpuid(1).ecx & CPUID1_ECX_RDRAND) != 0;
    }
    for (int i = 0; has_seed && i < TRIES; i++)
        if (read_seed(out))
            return true;
    for (int i = 0; has_random && i < TRIES; i++)
        if (read_random(out))
            return true;
    return false;
}
