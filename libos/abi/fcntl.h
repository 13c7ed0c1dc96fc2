/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of fcntl(2), and those among them that are locks. */
#ifndef ABI_FCNTL_H
#define ABI_FCNTL_H

#include <u2k/vfs.h>

enum {
    F_DUPFD = 0,
    F_GETFD,
    F_SETFD,
    F_GETFL,
    F_SETFL,
    F_GETLK,
    F_SETLK,
    F_SETLKW,
    F_SETOWN,
    F_GETOWN,
    F_SETSIG,
    F_GETSIG,
    F_SETOWN_EX = 15,
    F_GETOWN_EX,
    F_OFD_GETLK = 36,
    F_OFD_SETLK,
    F_OFD_SETLKW,
    F_SETLEASE = 1024,
    F_GETLEASE,
    F_NOTIFY,
    F_DUPFD_CLOEXEC = 1030,
    F_SETPIPE_SZ,
    F_GETPIPE_SZ,
    F_ADD_SEALS,
    F_GET_SEALS
};

long fcntl_lock(struct file *f, int cmd, vaddr_t at); /* F_GETLK to F_OFD_SETLKW */
long fcntl_lock_missing(struct file *f, int cmd,
                        vaddr_t at); /* where the part lock is not linked */

#endif
