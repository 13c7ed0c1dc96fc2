/* SPDX-License-Identifier: Apache-2.0 */
/* Pipes and FIFOs (pipe(7), fifo(7)). */
#ifndef U2K_PIPE_H
#define U2K_PIPE_H

#include <u2k/vfs.h>

int pipe_open(struct file **reader, struct file **writer, uint32_t flags); /* -ENOMEM */
long pipe_size(struct file *f);                     /* F_GETPIPE_SZ, -EBADF if not a pipe */
long pipe_resize(struct file *f, unsigned long size); /* F_SETPIPE_SZ */
extern const struct file_ops fifo_file_ops;

/* Where the part is not linked. */
extern const struct file_ops fifo_missing_ops;
long pipe_none(struct file *f);

#endif
