/* SPDX-License-Identifier: Apache-2.0 */
/* Advisory locks of one process: POSIX records, open file description records, flock(2). */
#ifndef U2K_LOCK_H
#define U2K_LOCK_H

#include <u2k/vfs.h>

enum lock_kind { LOCK_POSIX, LOCK_OFD, LOCK_FLOCK };

struct lock_range {
    int type; /* F_RDLCK, F_WRLCK, F_UNLCK */
    uint64_t first, last;
};

int lock_set(struct file *f, enum lock_kind kind, struct lock_range want, bool wait);
/* The first lock that would be in the way: true, and *found with its kind. */
bool lock_test(struct file *f, enum lock_kind kind, struct lock_range want,
               struct lock_range *found, enum lock_kind *found_kind);
void lock_release_posix(struct inode *i); /* any descriptor of the file was closed */
void lock_release_file(struct file *f);   /* the open file description goes */

#endif
