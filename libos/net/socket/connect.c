/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for connections, made and accepted. */
#include "wait.h"

#include <u2k/errno.h>
#include <u2k/netdev.h>

int socket_connect(struct socket *s, const struct sockaddr_k *a, unsigned len, bool dontwait)
{
    struct patience p = {.timeout = s->sndtimeo, .dontwait = dontwait};
    int err;
    if (!s->ops->connect)
        return -EOPNOTSUPP;
    while ((err = s->ops->connect(s, a, len)) == -EAGAIN) {
        int waited = socket_wait(s, POLLOUT, &p);
        if (waited < 0)
            return waited;
    }
    net_settle();
    /* Who does not wait is told so even if it is over by now, as over the loopback device: as on Linux. */
    if ((err != -EINPROGRESS && err != -EALREADY) || dontwait)
        return err;
    while (s->state == SOCKET_CONNECTING) {
        int waited = socket_wait(s, POLLOUT, &p);
        if (waited < 0) /* EINPROGRESS, or EALREADY the second time: of the time-out too */
            return waited == -EAGAIN ? err : waited;
    }
    if (s->state == SOCKET_CONNECTED)
        return 0;
    err = socket_take_error(s);
    return err ? err : -ECONNABORTED;
}

int socket_accept(struct socket *s, bool dontwait, struct socket **out)
{
    struct patience p = {.timeout = s->rcvtimeo, .dontwait = dontwait, .exclusive = true};
    int err;
    if (!s->ops->accept)
        return -EOPNOTSUPP;
    while ((err = s->ops->accept(s, out)) == -EAGAIN)
        if ((err = socket_wait(s, POLLIN, &p)) < 0)
            break;
    net_settle();
    return err;
}
