/* SPDX-License-Identifier: Apache-2.0 */
/* Options of sockets. Values are copied: the longest that an option has fits. */
#include "socket.h"

#include <u2k/pages.h>

enum { VALUE_MAX = 256 };

// setsockopt: partial: docs/reference/sockets.md has the options that there are
SYSCALL(setsockopt)
{
    _Alignas(8) uint8_t value[VALUE_MAX];
    int len = ARG(int, 4);
    struct file *f;
    struct socket *s;
    int err = socket_get(ARG(int, 0), &f, &s);
    if (err < 0)
        return err;
    if (len < 0)
        err = -EINVAL;
    else if (user_read(value, ARG(vaddr_t, 3), MIN((size_t)len, sizeof value)) < 0)
        err = -EFAULT;
    else
        err = socket_setsockopt(s, ARG(int, 1), ARG(int, 2), value,
                                MIN((unsigned)len, (unsigned)sizeof value));
    file_unref(f);
    return err;
}

// getsockopt: partial: docs/reference/sockets.md has the options that there are
SYSCALL(getsockopt)
{
    _Alignas(8) uint8_t value[VALUE_MAX];
    int32_t room;
    struct file *f;
    struct socket *s;
    int err = socket_get(ARG(int, 0), &f, &s);
    if (err < 0)
        return err;
    if (USER_GET(room, ARG(vaddr_t, 4)) < 0) {
        err = -EFAULT;
    } else if (room < 0) {
        err = -EINVAL;
    } else {
        unsigned len = MIN((unsigned)room, (unsigned)sizeof value);
        err = socket_getsockopt(s, ARG(int, 1), ARG(int, 2), value, &len);
        if (err == 0 && user_write(ARG(vaddr_t, 3), value, len) < 0)
            err = -EFAULT;
        if (err == 0)
            err = USER_PUT(ARG(vaddr_t, 4), len);
    }
    file_unref(f);
    return err;
}
