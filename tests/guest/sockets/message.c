/* SPDX-License-Identifier: Apache-2.0 */
/* Ancillary data, and messages in numbers. */
#include "sockets.h"
#include <sys/resource.h>
#include <sys/uio.h>

static char space[1024] __attribute__((aligned(8)));

static ssize_t send_fds(int to, const char *bytes, const int *fds, int count)
{
    struct iovec vec = {(void *)bytes, strlen(bytes)};
    struct msghdr m = {.msg_iov = &vec, .msg_iovlen = 1, .msg_control = space};
    struct cmsghdr *c = (void *)space;

    memset(space, 0, sizeof space);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof *fds * (size_t)count);
    memcpy(CMSG_DATA(c), fds, sizeof *fds * (size_t)count);
    m.msg_controllen = CMSG_SPACE(sizeof *fds * (size_t)count);
    return sendmsg(to, &m, 0);
}

static int got[16];

/* The descriptors that come; tells what else does. */
static int receive(const char *name, int from, size_t room, size_t control, int flags)
{
    char bytes[64];
    struct iovec vec = {bytes, room};
    struct msghdr m = {
        .msg_iov = &vec, .msg_iovlen = 1, .msg_control = space, .msg_controllen = control};
    int count = 0;
    ssize_t n;

    memset(space, 0, sizeof space);
    n = recvmsg(from, &m, flags);
    printf("%s: %zd, control %zu, flags %#x\n", name, n, (size_t)m.msg_controllen,
           (unsigned)m.msg_flags);
    if (n < 0)
        return 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        printf("  level %d, type %d, length %zu\n", c->cmsg_level, c->cmsg_type,
               (size_t)c->cmsg_len);
        if (c->cmsg_type == SCM_RIGHTS)
            for (size_t at = 0; at + 4 <= c->cmsg_len - CMSG_LEN(0); at += 4)
                memcpy(&got[count++], CMSG_DATA(c) + at, 4);
        if (c->cmsg_type == SCM_CREDENTIALS) {
            struct ucred cred;
            memcpy(&cred, CMSG_DATA(c), sizeof cred);
            yes("  own pid", cred.pid == getpid());
            yes("  own uid", cred.uid == getuid());
            yes("  no pid", cred.pid == 0);
        }
    }
    return count;
}

static void credentials(void)
{
    int end[2], on = 1;
    struct ucred cred;
    socklen_t len = sizeof cred;

    must(socketpair(AF_UNIX, SOCK_STREAM, 0, end));
    result("SO_PEERCRED", getsockopt(end[0], SOL_SOCKET, SO_PEERCRED, &cred, &len));
    yes("pid", cred.pid == getpid());
    yes("uid", cred.uid == getuid());
    write(end[0], "before", 6);
    result("SO_PASSCRED", setsockopt(end[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    write(end[0], "after", 5);
    receive("asked for late", end[1], 64, sizeof space, 0);
    receive("asked for", end[1], 64, sizeof space, 0);
    write(end[0], "no room", 7);
    receive("no room", end[1], 64, 8, 0);

    struct iovec vec = {"given", 5};
    struct msghdr m = {.msg_iov = &vec, .msg_iovlen = 1, .msg_control = space};
    struct cmsghdr *c = (void *)space;
    memset(space, 0, sizeof space);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_CREDENTIALS;
    c->cmsg_len = CMSG_LEN(sizeof cred);
    m.msg_controllen = CMSG_SPACE(sizeof cred);
    memcpy(CMSG_DATA(c), &cred, sizeof cred);
    result("given", sendmsg(end[0], &m, 0));
    receive("given", end[1], 64, sizeof space, 0);
    memset(space, 0, sizeof space);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_CREDENTIALS;
    c->cmsg_len = CMSG_LEN(4);
    m.msg_controllen = CMSG_SPACE(4);
    result("wrong length", sendmsg(end[0], &m, 0));
    c->cmsg_type = 77;
    result("wrong type", sendmsg(end[0], &m, 0));
    c->cmsg_level = SOL_SOCKET + 1;
    result("another level", sendmsg(end[0], &m, 0));
    c->cmsg_len = 3;
    result("short record", sendmsg(end[0], &m, 0));
    c->cmsg_len = 100;
    result("long record", sendmsg(end[0], &m, 0));
    m.msg_controllen = 7;
    result("less than a record", sendmsg(end[0], &m, 0));
    close(end[0]);
    close(end[1]);
    int fresh = must(socket(AF_UNIX, SOCK_STREAM, 0));
    len = sizeof cred;
    result("unconnected", getsockopt(fresh, SOL_SOCKET, SO_PEERCRED, &cred, &len));
    printf("cred: %d %d %d\n", cred.pid, (int)cred.uid, (int)cred.gid);
}

static void many(void)
{
    int end[2];
    char in[3][4] = {"one", "two", "abc"}, out[4][8] = {{0}};
    struct iovec iv[3] = {{in[0], 3}, {in[1], 3}, {in[2], 3}},
                 ov[4] = {{out[0], 8}, {out[1], 2}, {out[2], 8}, {out[3], 8}};
    struct mmsghdr send[3] = {0}, get[4] = {0};

    for (int i = 0; i < 3; i++)
        send[i].msg_hdr = (struct msghdr){.msg_iov = &iv[i], .msg_iovlen = 1};
    for (int i = 0; i < 4; i++)
        get[i].msg_hdr = (struct msghdr){.msg_iov = &ov[i], .msg_iovlen = 1};
    must(socketpair(AF_UNIX, SOCK_DGRAM, 0, end));
    result("sendmmsg", sendmmsg(end[0], send, 3, 0));
    fact("length", send[2].msg_len);
    result("recvmmsg", recvmmsg(end[1], get, 4, MSG_WAITFORONE, NULL));
    printf("%u %u %u, flags %#x\n", get[0].msg_len, get[1].msg_len, get[2].msg_len,
           (unsigned)get[1].msg_hdr.msg_flags);
    result("none", recvmmsg(end[1], get, 4, MSG_DONTWAIT, NULL));
    result("bad vector", sendmmsg(end[0], (void *)8, 3, 0));
    result("no messages", sendmmsg(end[0], send, 0, 0));
    send[1].msg_hdr.msg_iov = (void *)8;
    result("up to a bad one", sendmmsg(end[0], send, 3, 0));
    struct timespec bad = {0, 2000000000};
    result("bad time-out", recvmmsg(end[1], get, 1, 0, &bad));
    struct msghdr m = {.msg_iov = iv, .msg_iovlen = 1025};
    result("too many buffers", sendmsg(end[0], &m, 0));
    result("too many to receive", recvmsg(end[0], &m, 0));
    m = (struct msghdr){.msg_name = space, .msg_namelen = (socklen_t)-1};
    result("bad name length", recvmsg(end[0], &m, MSG_DONTWAIT));
}

void rights(void)
{
    int end[2], fds[3], n;
    struct rlimit limit;

    must(socketpair(AF_UNIX, SOCK_STREAM, 0, end));
    must(pipe(fds));
    fds[2] = fds[0];
    result("one", send_fds(end[0], "one", fds, 1));
    n = receive("one", end[1], 64, sizeof space, 0);
    fact("descriptors", n);
    yes("a new one", got[0] != fds[0]);
    fact("close on exec", fcntl(got[0], F_GETFD));
    write(fds[1], "through", 7);
    char buffer[16];
    result("works", read(got[0], buffer, sizeof buffer));
    close(got[0]);
    send_fds(end[0], "three", fds, 3);
    write(end[0], "more", 4);
    n = receive("three, close on exec", end[1], 64, sizeof space, MSG_CMSG_CLOEXEC);
    fact("close on exec", fcntl(got[2], F_GETFD));
    receive("more", end[1], 64, sizeof space, 0);
    write(end[0], "glued", 5);
    send_fds(end[0], "two", fds, 2);
    n = receive("bytes before go with it", end[1], 64, sizeof space, 0);
    fact("descriptors", n);
    send_fds(end[0], "parts", fds, 1);
    n = receive("first part", end[1], 2, sizeof space, 0);
    fact("descriptors", n);
    n = receive("second part", end[1], 64, sizeof space, 0);
    fact("descriptors", n);
    send_fds(end[0], "cut", fds, 3);
    n = receive("room for two", end[1], 64, CMSG_LEN(8), 0);
    fact("descriptors", n);
    send_fds(end[0], "none", fds, 2);
    receive("no room", end[1], 64, 4, 0);
    send_fds(end[0], "peek", fds, 1);
    fact("peeked descriptors", receive("peek", end[1], 64, sizeof space, MSG_PEEK));
    fact("descriptors", receive("and take", end[1], 64, sizeof space, 0));
    send_fds(end[0], "dropped", fds, 2);
    result("plain read", read(end[1], buffer, sizeof buffer));
    fds[1] = 1000;
    result("bad descriptor", send_fds(end[0], "bad", fds, 2));
    result("no bytes", send_fds(end[0], "", fds, 1));
    result("itself", send_fds(end[0], "self", end, 2));
    n = receive("itself", end[1], 64, sizeof space, 0);
    fact("descriptors", n);
    write(got[0], "to the other", 12);
    result("by the copy", read(got[1], buffer, 12));
    must(getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = (rlim_t)(got[1] + 1);
    must(setrlimit(RLIMIT_NOFILE, &limit));
    int high = dup(0);
    works("limit", high);
    send_fds(end[0], "limit", end, 1);
    receive("no descriptor left", end[1], 64, sizeof space, 0);
    limit.rlim_cur = 256;
    setrlimit(RLIMIT_NOFILE, &limit);
    int dgram[2];
    must(socketpair(AF_UNIX, SOCK_DGRAM, 0, dgram));
    send_fds(dgram[0], "dgram", end, 2);
    n = receive("datagram", dgram[1], 3, sizeof space, 0);
    fact("descriptors", n);
    /* In flight and never received: the other end sees the end all the same. */
    must(pipe(fds));
    send_fds(dgram[0], "pipe", fds + 1, 1);
    close(fds[1]);
    close(dgram[0]);
    close(dgram[1]);
    result("end of the pipe", read(fds[0], buffer, 1));
    /* A socket that waits in itself: nobody can receive it, so what else waits there is closed. */
    must(socketpair(AF_UNIX, SOCK_DGRAM, 0, dgram));
    must(pipe(fds));
    send_fds(dgram[0], "itself", &dgram[1], 1);
    send_fds(dgram[0], "pipe", fds + 1, 1);
    close(fds[1]);
    close(dgram[0]);
    close(dgram[1]);
    close(must(socket(AF_UNIX, SOCK_STREAM, 0)));
    struct pollfd end_of_pipe = {fds[0], POLLIN, 0};
    fact("a cycle is collected", poll(&end_of_pipe, 1, 5000));
    result("end of the pipe", read(fds[0], buffer, 1));
    /* Sockets in sockets in sockets: closing the outermost closes them all. */
    int inner[2], outer[2];
    must(pipe(fds));
    must(socketpair(AF_UNIX, SOCK_DGRAM, 0, inner));
    send_fds(inner[0], "core", fds + 1, 1);
    close(fds[1]);
    for (n = 0; n < 200; n++) {
        must(socketpair(AF_UNIX, SOCK_DGRAM, 0, outer));
        if (send_fds(outer[0], "shell", inner, 2) < 0)
            break;
        close(inner[0]);
        close(inner[1]);
        memcpy(inner, outer, sizeof inner);
    }
    close(inner[0]);
    close(inner[1]);
    struct pollfd core = {fds[0], POLLIN, 0};
    fact("layers of sockets", poll(&core, 1, 5000));
    credentials();
    many();
}
