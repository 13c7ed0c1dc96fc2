/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/cpuinfo of the one CPU, in the words of this architecture's Linux. Provided by arch. */
#ifndef U2K_CPUINFO_H
#define U2K_CPUINFO_H

#include <u2k/types.h>

size_t arch_cpuinfo(char *out, size_t size); /* bytes, without a NUL */

#endif
