/* SPDX-License-Identifier: Apache-2.0 */
/* sendto(2), recvfrom(2): one buffer, an address at the most. */
#include "socket.h"

// sendto: implemented
SYSCALL(sendto)
{
    struct buffers b;
    struct sockaddr_k name;
    struct file *f;
    struct socket *s;
    vaddr_t to = ARG(vaddr_t, 4);
    int err = socket_get(ARG(int, 0), &f, &s);
    if (err < 0)
        return err;
    buffers_one(&b, ARG(vaddr_t, 1), ARG(size_t, 2));
    struct message m = {.data = &b.it, .flags = ARG(unsigned, 3)};
    if (socket_dontwait(f))
        m.flags |= MSG_DONTWAIT;
    if (to) {
        err = name_from_user(to, ARG(int, 5), &name);
        m.name = &name;
        m.name_len = ARG(unsigned, 5);
    }
    long n = err < 0 ? err : socket_send(s, &m);
    file_unref(f);
    return n;
}

// recvfrom: implemented
SYSCALL(recvfrom)
{
    struct buffers b;
    struct sockaddr_k name;
    struct file *f;
    struct socket *s;
    vaddr_t from = ARG(vaddr_t, 4);
    int err = socket_get(ARG(int, 0), &f, &s);
    if (err < 0)
        return err;
    buffers_one(&b, ARG(vaddr_t, 1), ARG(size_t, 2));
    struct message m = {.data = &b.it, .name = from ? &name : NULL, .flags = ARG(unsigned, 3)};
    if (socket_dontwait(f))
        m.flags |= MSG_DONTWAIT;
    long n = socket_receive(s, &m);
    if (n >= 0 && from && (err = name_to_user(&name, m.name_len, from, ARG(vaddr_t, 5))) < 0)
        n = err;
    file_unref(f);
    return n;
}
