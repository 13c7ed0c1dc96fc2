/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this guest share: one function a case, named by argv[1]. */
#ifndef SOCKETS_H
#define SOCKETS_H

#include "../check.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

void pair(void);
void stream(void);
void datagram(void);
void seqpacket(void);
void names(void);
void rights(void);
void options(void);
void waiting(void);
void arguments(void);

/* An address of a path, or of an abstract name if it begins with '@'. */
/* "@name" is an abstract one; those are the host's, where the same guest may run at the same time. */
static inline socklen_t unix_address(struct sockaddr_un *a, const char *name)
{
    memset(a, 0, sizeof *a);
    a->sun_family = AF_UNIX;
    if (name[0] == '@')
        return (socklen_t)(3 + snprintf(a->sun_path + 1, sizeof a->sun_path - 1, "%s-%010d",
                                        name + 1, (int)getpid()));
    memcpy(a->sun_path, name, strlen(name));
    return (socklen_t)(3 + strlen(name));
}

static inline void ready(const char *name, int fd, short events)
{
    struct pollfd one = {fd, events, 0};
    int count = poll(&one, 1, 0);

    printf("%s: %d, %#x\n", name, count, (unsigned)one.revents);
}
#define ALL \
    (POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM | POLLWRNORM | POLLRDBAND | POLLWRBAND)

#endif
