/* SPDX-License-Identifier: Apache-2.0 */
/* Pipes and FIFOs (pipe(7), fifo(7)). */
#ifndef U2K_PIPE_H
#define U2K_PIPE_H

#include <u2k/vfs.h>

int pipe_open(struct file **reader, struct file **writer, uint32_t flags); /* -ENOMEM */
long pipe_size(struct file *f);                     /* F_GETPIPE_SZ, -EBADF if not a pipe */
long pipe_resize(struct file *f, unsigned long size); /* F_SETPIPE_SZ */
extern const struct file_ops fifo_file_ops;
static inline bool file_is_pipe(const struct file *f)
{
    return f->ops == &fifo_file_ops;
}

/* splice(2), vmsplice(2), tee(2) on files that are pipes and open the right way; `nonblock`: -EAGAIN rather than to
 * wait for the pipe (the other file waits as its O_NONBLOCK says). What can be moved at once; 0: no writer is left.
 * -EPIPE with its signal. Nothing is copied but between two pipes: the other file reads or fills the ring. */
ssize_t pipe_to_file(struct file *pipe, struct file *out, int64_t *to, size_t len, bool nonblock);
ssize_t pipe_from_file(struct file *pipe, struct file *in, int64_t *from, size_t len,
                       bool nonblock);
ssize_t pipe_to_pipe(struct file *in, struct file *out, size_t len, bool keep, bool nonblock);
ssize_t pipe_to_memory(struct file *pipe, struct iter *it, bool nonblock);
ssize_t pipe_from_memory(struct file *pipe, struct iter *it, bool nonblock);

/* Where the part is not linked. */
extern const struct file_ops fifo_missing_ops;
long pipe_none(struct file *f);

#endif
