/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets: what the system calls (libos/abi/sys_socket*.c) and the protocols agree on. Generic code
 * (libos/net/socket) does descriptors, blocking and time-outs, SIGPIPE, SOL_SOCKET options; a protocol never
 * waits: what cannot be done now is -EAGAIN, and it wakes `wait` with POLL* bits when it can.
 */
#ifndef U2K_SOCKET_H
#define U2K_SOCKET_H

#include <u2k/poll.h>
#include <u2k/sched.h>
#include <u2k/vfs.h>

enum { AF_UNSPEC = 0, AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, AF_NETLINK = 16, AF_PACKET = 17 };
enum { SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_SEQPACKET = 5 };
enum { SHUT_RD, SHUT_WR, SHUT_RDWR };
enum { SHUT_READING = 1, SHUT_WRITING = 2, SHUT_BOTH = 3 }; /* bits of struct socket.shut */
enum {
    SOL_SOCKET = 1,
    SOL_IP = 0,
    SOL_TCP = 6,
    SOL_UDP = 17,
    SOL_IPV6 = 41,
    SOL_PACKET = 263,
    SOL_NETLINK = 270
};
enum { /* of SOL_SOCKET (asm-generic/socket.h of Linux) */
       SO_REUSEADDR = 2,
       SO_TYPE,
       SO_ERROR,
       SO_DONTROUTE,
       SO_BROADCAST,
       SO_SNDBUF,
       SO_RCVBUF,
       SO_KEEPALIVE,
       SO_OOBINLINE,
       SO_NO_CHECK,
       SO_PRIORITY,
       SO_LINGER,
       SO_REUSEPORT = 15,
       SO_PASSCRED,
       SO_PEERCRED,
       SO_RCVLOWAT,
       SO_SNDLOWAT,
       SO_RCVTIMEO,
       SO_SNDTIMEO,
       SO_BINDTODEVICE = 25,
       SO_ATTACH_FILTER,
       SO_DETACH_FILTER,
       SO_PEERNAME,
       SO_TIMESTAMP,
       SO_ACCEPTCONN,
       SO_PEERSEC,
       SO_SNDBUFFORCE,
       SO_RCVBUFFORCE,
       SO_TIMESTAMPNS = 35,
       SO_MARK = 36,
       SO_PROTOCOL = 38,
       SO_DOMAIN,
       SO_BUSY_POLL = 46,
       SO_INCOMING_CPU = 49,
       SO_BINDTOIFINDEX = 62
};
enum { SCM_RIGHTS = 1, SCM_CREDENTIALS = 2 };
enum {
    MSG_OOB = 1,
    MSG_PEEK = 2,
    MSG_DONTROUTE = 4,
    MSG_CTRUNC = 8,
    MSG_TRUNC = 0x20,
    MSG_DONTWAIT = 0x40,
    MSG_EOR = 0x80,
    MSG_WAITALL = 0x100,
    MSG_ERRQUEUE = 0x2000,
    MSG_NOSIGNAL = 0x4000,
    MSG_MORE = 0x8000,
    MSG_WAITFORONE = 0x10000,
    MSG_ZEROCOPY = 0x4000000,
    MSG_CMSG_CLOEXEC = 0x40000000
};

struct sockaddr_k { /* struct sockaddr_storage */
    uint16_t family;
    uint8_t data[126];
};

struct ucred_k { /* struct ucred */
    int32_t pid;
    uint32_t uid, gid;
};

/* Ancillary data on its way (cmsg(3)). Sent: records in library OS memory, read by control_next(). Received: the
 * program's buffer, filled by control_put(). */
struct control {
    const uint8_t *given;
    size_t given_len;
    vaddr_t at;
    size_t room, used;
};
struct control_item {
    int level, type;
    const uint8_t *data; /* 8-byte aligned */
    size_t len;
};

/* One send or receive. */
struct message {
    struct iter *data;
    struct sockaddr_k
        *name; /* send: where to, NULL: as connected; receive: filled, with name_len, if not NULL */
    unsigned name_len;
    unsigned flags; /* MSG_* of the call; MSG_DONTWAIT is generic code's */
    unsigned out_flags; /* receive: MSG_TRUNC, MSG_CTRUNC, MSG_EOR ... */
    /* NULL: none given, or nobody wants any. A stream that takes a part sets it to NULL: sent once. */
    struct control *control;
    bool complete; /* receive: what follows is not added to it, whatever MSG_WAITALL says */
};

enum socket_state {
    SOCKET_FRESH,
    SOCKET_CONNECTING,
    SOCKET_CONNECTED,
    SOCKET_LISTENING,
    SOCKET_CLOSED
};

struct socket {
    const struct socket_ops *ops;
    struct file *file; /* NULL: not yet accepted, or closed and living on (TCP) */
    uint16_t family, type;
    uint8_t protocol;
    uint8_t state; /* enum socket_state */
    uint8_t shut; /* SHUT_READING, SHUT_WRITING */
    bool reuseaddr, reuseport, keepalive, broadcast, dontroute, oobinline;
    uint8_t timestamp; /* of received datagrams: 0, SO_TIMESTAMP, SO_TIMESTAMPNS */
    int32_t error; /* positive errno that the next call reports (SO_ERROR), then 0 */
    uint32_t sndbuf,
        rcvbuf; /* bytes; as getsockopt shows them, which is twice what was set (socket(7)) */
    uint32_t rcvlowat, priority, mark;
    uint64_t rcvtimeo, sndtimeo; /* ns, TIME_NEVER: for ever */
    bool linger;
    uint32_t linger_seconds;
    unsigned device; /* SO_BINDTODEVICE: index, 0: any */
    struct waitq wait; /* of readers, writers, accept, poll; woken with POLL* bits */
};

/* A protocol's. Names and lengths have been copied in and bounded; NULL: -EOPNOTSUPP. */
struct socket_ops {
    int (*bind)(struct socket *s, const struct sockaddr_k *a, unsigned len);
    /* 0: done; -EINPROGRESS: begun, POLLOUT is woken when it is over, and `error` or `state` say how; -EALREADY:
     * still under way; -EAGAIN: no room at the other side, POLLOUT is woken when it is worth another try. */
    int (*connect)(struct socket *s, const struct sockaddr_k *a, unsigned len);
    int (*listen)(struct socket *s, unsigned backlog);
    int (*accept)(struct socket *s, struct socket **out); /* -EAGAIN: none now */
    int (*name)(struct socket *s, bool peer, struct sockaddr_k *out, unsigned *len); /* -ENOTCONN */
    /* Bytes taken or given; -EAGAIN, -EPIPE, -ENOTCONN ... Streams take a part. Receive of 0: end of stream. */
    ssize_t (*send)(struct socket *s, struct message *m);
    ssize_t (*receive)(struct socket *s, struct message *m);
    int (*shutdown)(struct socket *s, int how);
    unsigned (*poll)(struct socket *s); /* POLL* now; `wait` is joined by generic code */
    /* Other levels than SOL_SOCKET, and what generic code does not know of that; `value` is in library OS memory,
     * *len its room and what was put there. -ENOPROTOOPT. */
    int (*setsockopt)(struct socket *s, int level, int name, const void *value, unsigned len);
    int (*getsockopt)(struct socket *s, int level, int name, void *value, unsigned *len);
    long (*ioctl)(struct socket *s, unsigned request,
                  vaddr_t arg); /* -ENOTTY: generic code goes on */
    /* An SOL_SOCKET value (buffer sizes, keep-alive) was changed. May be NULL. */
    void (*changed)(struct socket *s);
    /* The last descriptor is gone: the protocol frees it, now or later. May wait for SO_LINGER. */
    void (*close)(struct socket *s);
    /* sendfile(2) without a copy: `n` bytes of pages of `in`; NULL or -EINVAL: generic code copies. */
    ssize_t (*send_pages)(struct socket *s, struct inode *in, uint64_t pos, size_t n, bool more);
};

/* Fill the generic part: defaults of Linux. */
void socket_init(struct socket *s, const struct socket_ops *ops, int family, int type,
                 int protocol);

/* What the system calls do. `flags` of struct message have MSG_DONTWAIT if the descriptor says so. The caller holds
 * the file. */
int socket_create(int family, int type, int protocol, struct socket **out);
ssize_t socket_send(struct socket *s, struct message *m);
ssize_t socket_send_pages(struct file *f, struct inode *in, uint64_t pos, size_t n,
                          bool more); /* file_ops.send_pages */
ssize_t socket_receive(struct socket *s, struct message *m);
int socket_connect(struct socket *s, const struct sockaddr_k *a, unsigned len, bool dontwait);
int socket_accept(struct socket *s, bool dontwait, struct socket **out);
int socket_setsockopt(struct socket *s, int level, int name, const void *value, unsigned len);
int socket_getsockopt(struct socket *s, int level, int name, void *value, unsigned *len);

/* Sent ancillary data: the item at *offset (begin with 0), which moves on. 1, 0 at the end, -EINVAL. */
int control_next(const struct control *c, size_t *offset, struct control_item *out);
/* Received: one item; what does not fit is cut, and MSG_CTRUNC says so. */
void control_put(struct message *m, int level, int type, const void *data, size_t len);

/* A protocol of datagrams notes when one came (realtime ns, in struct packet.time), if somebody wants to know, and gives
 * it out. */
void socket_put_time(const struct socket *s, struct message *m, uint64_t time);

/* The pending error as -errno, which is told once; 0. */
static inline int socket_take_error(struct socket *s)
{
    int error = s->error;
    s->error = 0;
    return -error;
}

/* The descriptor's file for a socket; on error the socket stays the caller's. */
int socket_file(struct socket *s, unsigned flags, struct file **out);
struct socket *socket_of(struct file *f); /* NULL: not a socket */
extern const struct file_ops socket_file_ops;

/* Families, each a library: a new socket of a type and protocol. -ESOCKTNOSUPPORT, -EPROTONOSUPPORT, -EPERM, -ENOMEM.
 * Type without SOCK_NONBLOCK and SOCK_CLOEXEC. */
int inet_create(int family, int type, int protocol, struct socket **out);
int unix_create(int type, int protocol, struct socket **out);
int packet_create(int type, int protocol, struct socket **out);
int netlink_create(int type, int protocol, struct socket **out);
/* inet_create()'s, each where its protocol is linked. */
int tcp_create(int family, struct socket **out);
int udp_create(int family, struct socket **out);
int raw_create(int family, int protocol, struct socket **out);
int ping_create(int family, struct socket **out);
int unix_pair(int type, int protocol, struct socket *out[2]); /* socketpair(2) */

/* Something changed: wake with POLL* bits. */
static inline void socket_wake(struct socket *s, unsigned events)
{
    waitq_wake(&s->wait, 1, events);
}
/* The same and SO_ERROR. */
void socket_error(struct socket *s, int error);

#endif
