/* SPDX-License-Identifier: Apache-2.0 */
/* arch_prctl(2): x86-64's segment bases. */
#include <u2k/platform.h>
#include <u2k/syscall.h>
#include <u2k/uaccess.h>

enum { ARCH_SET_GS = 0x1001, ARCH_SET_FS, ARCH_GET_FS, ARCH_GET_GS };

// arch_prctl: partial: FS base only; no GS base, CPUID faulting, AMX permission or shadow stack: EINVAL
SYSCALL(arch_prctl)
{
    uint64_t base;

    switch (ARG(int, 0)) {
    case ARCH_SET_FS:
        if (sc->arg[1] >= plat_info->user_hi)
            return -EPERM;
        plat_tls_set(sc->arg[1]);
        return 0;
    case ARCH_GET_FS: base = plat_tls_get(); return USER_PUT(sc->arg[1], base);
    default: return -EINVAL;
    }
}
