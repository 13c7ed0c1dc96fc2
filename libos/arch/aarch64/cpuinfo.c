/* SPDX-License-Identifier: Apache-2.0 */
/* What AT_HWCAP and the ID register tell, in the words of Linux's /proc/cpuinfo. */
#include <u2k/cpuinfo.h>
#include <u2k/log.h>
#include <u2k/platform.h>

size_t arch_cpuinfo(char *out, size_t size)
{
    static const char *const names[] = {
        "fp",   "asimd",   "evtstrm", "aes",      "pmull", "sha1", "sha2", "crc32", "atomics",
        "fphp", "asimdhp", "cpuid",   "asimdrdm", "jscvt", "fcma", "lrcpc"}; /* HWCAP_* by bit */
    uint64_t midr;
    __asm__("mrs %0, midr_el1" : "=r"(midr)); /* Linux emulates it for programs, too */
    size_t n = format_text(out, size, "processor\t: 0\nFeatures\t:");
    for (size_t i = 0; i < ARRAY_SIZE(names) && n < size; i++)
        if (plat_info->hwcap >> i & 1)
            n += format_text(out + n, size - n, " %s", names[i]);
    if (n < size)
        n += format_text(out + n, size - n,
                         "\nCPU implementer\t: 0x%02x\nCPU architecture: 8\nCPU variant\t: 0x%x\n"
                         "CPU part\t: 0x%03x\nCPU revision\t: %u\n\n",
                         (unsigned)(midr >> 24 & 255), (unsigned)(midr >> 20 & 15),
                         (unsigned)(midr >> 4 & 0xfff), (unsigned)(midr & 15));
    return MIN(n, size - 1);
}
