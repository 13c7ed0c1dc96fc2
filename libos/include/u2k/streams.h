/* SPDX-License-Identifier: Apache-2.0 */
/* The platform's streams as files: a pipe, a terminal, or /dev/null. */
#ifndef U2K_STREAMS_H
#define U2K_STREAMS_H

#include <u2k/platform.h>
#include <u2k/termios.h>
#include <u2k/vfs.h>

int stream_open(enum stream s, struct file **out);

/* fs/stream/null.c: /dev/null for reading and writing; by name where there is a /dev. 0 or -errno. */
int null_open(struct file **out);
int null_in_dev(struct file **out);
int null_not_in_dev(struct file **out); /* where fs/devfs is not linked */
extern const struct file_ops null_file_ops;
ssize_t null_write(struct file *f, struct iter *it, int64_t *pos); /* takes all of it away */

/* All of it unless `nonblock`; *done counts bytes. -EAGAIN, -EPIPE, -ERESTARTSYS. */
int stream_write_all(enum stream s, const void *buf, size_t len, bool nonblock, size_t *done);
/* Wait until the stream may be ready for `mask`: 0 or -ERESTARTSYS. */
int stream_wait(enum stream s, unsigned mask);

/* fs/tty: the terminal that the streams are, if plat_stream_kind() says so. */
struct file *tty_open(uint32_t flags);
bool tty_present(void);
extern const struct file_ops tty_file_ops;
struct file *tty_missing(uint32_t flags); /* where the part is not linked: NULL */
extern const struct termios_k terminal_default; /* as a terminal is when it is opened */

#endif
