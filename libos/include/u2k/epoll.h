/* SPDX-License-Identifier: Apache-2.0 */
/*
 * epoll(7): files that are watched for as long as they are open, and a list of those that may be ready.
 * A wake-up puts a watch on the list (O(1)); epoll_wait() asks only the files on it. So nothing costs time
 * in proportion to the files that are watched, and a watch is one allocation.
 */
#ifndef U2K_EPOLL_H
#define U2K_EPOLL_H

#include <asm/epoll.h>
#include <u2k/vfs.h>

enum { EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL, EPOLL_CTL_MOD };

#define EPOLLEXCLUSIVE (1u << 28)
#define EPOLLWAKEUP (1u << 29) /* the machine never sleeps, so there is nothing to keep awake */
#define EPOLLONESHOT (1u << 30)
#define EPOLLET (1u << 31)

int epoll_open(struct file **out);
bool file_is_epoll(const struct file *f);

/* epoll_ctl(2) on two open files; `fd` is the number that `target` was named by. -EPERM: cannot be watched.
 * -EINVAL, -EEXIST, -ENOENT, -ELOOP, -ENOMEM. */
int epoll_change(struct file *epoll, int op, int fd, struct file *target,
                 const struct epoll_event_k *event);

/* epoll_wait(2) on an epoll file: at most `max` events to the program's memory at `at`. `timeout`: ns, 0: does not
 * wait, TIME_NEVER. The count, -EINTR, -EFAULT. */
long epoll_wait(struct file *epoll, vaddr_t at, unsigned max, uint64_t timeout);

/* For file_unref(): the last reference to a watched file is gone. */
void epoll_file_gone(struct file *f);

#endif
