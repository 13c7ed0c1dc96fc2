/* SPDX-License-Identifier: Apache-2.0 */
/* RNDR (Arm ARM, FEAT_RNG): the CPU's own source of randomness. */
#include <u2k/arch.h>

enum { TRIES = 10, ISAR0_RNDR_SHIFT = 60 };

static bool has_rndr(void)
{
    uint64_t isar0;
    __asm__("mrs %0, id_aa64isar0_el1" : "=r"(isar0));
    return isar0 >> ISAR0_RNDR_SHIFT != 0;
}

bool arch_random64(uint64_t *out)
{
    static int available = -1;
    if (available < 0)
        available = has_rndr();
    for (int i = 0; available && i < TRIES; i++) {
        uint64_t value,
            ok; /* RNDR by number: assemblers know the name from Armv8.5 on. Z: it failed */
        __asm__ volatile("mrs %0, s3_3_c2_c4_0\n\tcset %1, ne" : "=r"(value), "=r"(ok)::"cc");
        if (ok) {
            *out = value;
            return true;
        }
    }
    return false;
}
