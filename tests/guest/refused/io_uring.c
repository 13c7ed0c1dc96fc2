/* SPDX-License-Identifier: Apache-2.0 */
/* Sets up an io_uring (io_uring_setup(2)); with FALLBACK it waits by epoll where there is none. */
#include <linux/io_uring.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
    struct io_uring_params params;
    memset(&params, 0, sizeof params);
    long ring = syscall(SYS_io_uring_setup, 4, &params);
    if (ring >= 0) {
        puts("a ring");
        return syscall(SYS_io_uring_enter, (int)ring, 0, 0, 0, NULL, 0) < 0;
    }
#ifdef FALLBACK
    struct epoll_event event;
    int waiting = epoll_create1(0);
    if (epoll_wait(waiting, &event, 1, 0) <= 0) {
        puts("no ring");
        return 0;
    }
#endif
    perror("io_uring_setup");
    return 1;
}
