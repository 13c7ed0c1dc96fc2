/* SPDX-License-Identifier: Apache-2.0 */
/* timerfd_create(2): a timer whose expirations are read. */
#ifndef U2K_TIMERFD_H
#define U2K_TIMERFD_H

#include <u2k/clock.h>
#include <u2k/vfs.h>

int timerfd_open(const struct clock *c, uint32_t flags, struct file **out);
bool file_is_timerfd(const struct file *f);
void timerfd_get(struct file *f, struct itimer *out); /* the time that is left */
/* `to->value` 0: stops. `absolute`: a time on its clock. */
void timerfd_set(struct file *f, const struct itimer *to, bool absolute);

#endif
