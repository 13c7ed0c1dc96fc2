/* SPDX-License-Identifier: Apache-2.0 */
/* signalfd(2): signals that are read. */
#ifndef U2K_SIGNALFD_H
#define U2K_SIGNALFD_H

#include <u2k/vfs.h>

int signalfd_open(uint64_t mask, uint32_t flags, struct file **out);
bool file_is_signalfd(const struct file *f);
void signalfd_set(struct file *f, uint64_t mask);

#endif
