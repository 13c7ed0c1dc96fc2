/* SPDX-License-Identifier: Apache-2.0 */
/* struct stat as the system calls fill it. */
#ifndef ASM_STAT_H
#define ASM_STAT_H

#include <u2k/types.h>

struct stat_k {
    uint64_t dev, ino, nlink;
    uint32_t mode, uid, gid, pad0;
    uint64_t rdev;
    int64_t size, blksize, blocks;
    int64_t atime, atime_nsec, mtime, mtime_nsec, ctime, ctime_nsec;
    int64_t unused[3];
};
_Static_assert(sizeof(struct stat_k) == 144, "struct stat of x86-64");

#endif
