/* SPDX-License-Identifier: Apache-2.0 */
/* What uname(2) and /proc/sys/kernel tell: the Linux whose system calls we follow. */
#ifndef U2K_UTS_H
#define U2K_UTS_H

#include <u2k/arch.h>

#define UTS_SYSNAME "Linux"
#define UTS_RELEASE "6.1.0-u2k"
#define UTS_VERSION "#1 u2k"
#define UTS_MACHINE ARCH_NAME

#endif
