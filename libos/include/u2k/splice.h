/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes from one open file to another. */
#ifndef U2K_SPLICE_H
#define U2K_SPLICE_H

#include <u2k/vfs.h>

/* Through memory of the library OS, at positions that move; a short write leaves *from behind what was written. */
ssize_t file_copy(struct file *in, int64_t *from, struct file *out, int64_t *to, size_t len);
/* sendfile(2): in place where `out` can take pages, else by file_copy(), at the position of `out`. */
ssize_t file_send(struct file *in, int64_t *from, struct file *out, size_t len);

#endif
