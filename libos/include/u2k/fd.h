/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptor table. */
#ifndef U2K_FD_H
#define U2K_FD_H

#include <u2k/vfs.h>

struct file *fd_get(int fd);      /* a new reference, or NULL; also O_PATH files */
struct file *fd_get_io(int fd);   /* the same, NULL for O_PATH files */
struct file *fd_peek(int fd);     /* no reference */
/* The lowest free descriptor from `from` on: takes over the reference. -EMFILE, -ENOMEM; the file is
 * released then. */
int fd_install(struct file *f, int from, bool cloexec);
/* Is there a descriptor to be had? For calls that take something away which they could not hand out. */
int fd_available(void); /* 0, -EMFILE */
int fd_replace(struct file *f, int fd, bool cloexec); /* dup2: takes over the reference */
int fd_close(int fd); /* -EBADF */
int fd_next(int fd); /* the first open one from `fd` on, or -1 */
bool fd_cloexec(int fd);
void fd_set_cloexec(int fd, bool on);
unsigned fd_capacity(void); /* slots in the table, for /proc/self/status */

#endif
