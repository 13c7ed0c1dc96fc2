/* SPDX-License-Identifier: Apache-2.0 */
/* struct stat as the system calls fill it (Linux asm-generic/stat.h). */
#ifndef ASM_STAT_H
#define ASM_STAT_H

#include <u2k/types.h>

struct stat_k {
    uint64_t dev, ino;
    uint32_t mode, nlink, uid, gid;
    uint64_t rdev, pad1;
    int64_t size;
    int32_t blksize, pad2;
    int64_t blocks;
    int64_t atime, atime_nsec, mtime, mtime_nsec, ctime, ctime_nsec;
    uint32_t unused[2];
};
_Static_assert(sizeof(struct stat_k) == 128, "struct stat of arm64");

#endif
