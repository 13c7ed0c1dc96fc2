/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets of AF_UNIX. A socket lives as long as it has a file, a peer that knows it, or a message of its own
 * that was not yet received; `refs` counts these.
 */
#ifndef UNIX_UNIX_H
#define UNIX_UNIX_H

#include <u2k/path.h>
#include <u2k/socket.h>

#define UNIX_PATH_MAX 108u
#define UNIX_HEADER 2u /* bytes of struct sockaddr_un before sun_path */

/* A name: shared by a listening socket and those that it accepts. */
struct unix_address {
    unsigned refs, len; /* len: as getsockname(2) tells it */
    struct dentry *dentry; /* of a path, NULL: an abstract name */
    uint8_t path[UNIX_PATH_MAX + 1];
};

struct unix_rights { /* SCM_RIGHTS on their way */
    unsigned count;
    struct file *files[];
};

struct unix_message {
    struct list link;
    struct unix_socket *from; /* a reference; `size` is charged to it */
    struct unix_rights *rights;
    struct ucred_k cred;
    bool has_cred;
    uint32_t size, room; /* of the allocation, of data */
    uint32_t at, len;    /* what is there and not read: data[at .. at + len) */
    uint8_t data[];
};

struct unix_socket {
    struct socket s; /* first */
    unsigned refs;
    bool dead; /* closed */
    bool passcred;
    struct unix_address *address; /* NULL: none */
    struct unix_socket *peer;     /* a reference */
    struct ucred_k peer_cred;
    struct list name_link; /* in the table of names */
    struct list received;  /* struct unix_message */
    unsigned received_count;
    uint32_t charged; /* bytes of our messages that nobody has received yet */
    /* Who waits for room here, and where we wait: woken once, with POLLOUT. */
    struct list blocked, blocked_link;
    /* A listening socket: connections not yet accepted. */
    struct list pending, pending_link;
    unsigned pending_count, backlog;
    /* collect.c's: all sockets, and what it finds of each. */
    struct list all_link, collect_link;
    unsigned in_flight; /* references by messages */
    bool reached;
};

static inline struct unix_socket *unix_of(struct socket *s)
{
    return CONTAINER_OF(s, struct unix_socket, s);
}
static inline bool
unix_connection(const struct unix_socket *u) /* of two sockets, not of datagrams */
{
    return u->s.type != SOCK_DGRAM;
}

/* ---- unix.c ---- */
struct unix_socket *unix_new(int type);
struct unix_socket *unix_ref(struct unix_socket *u);
void unix_unref(struct unix_socket *u); /* NULL is fine */
void unix_close(struct socket *s);
struct ucred_k unix_own_cred(void);
bool unix_writable(const struct unix_socket *u);
/* Whether `u` may not send to `other` because it has not received enough; -EAGAIN is right then. */
bool unix_full(const struct unix_socket *u, const struct unix_socket *other);
void unix_block_on(struct unix_socket *u, struct unix_socket *other);
void unix_wake_blocked(struct unix_socket *u);
int unix_shutdown(struct socket *s, int how);

/* ---- address.c ---- */
void unix_address_unref(struct unix_address *a); /* NULL is fine */
int unix_bind(struct socket *s, const struct sockaddr_k *a, unsigned len);
int unix_autobind(struct unix_socket *u);
/* The socket of that name and type, no reference. -ECONNREFUSED, -EPROTOTYPE, -ENOENT, -EACCES, -EINVAL ... */
int unix_find(const struct sockaddr_k *a, unsigned len, int type, struct unix_socket **out);
int unix_name(struct socket *s, bool peer, struct sockaddr_k *out, unsigned *len);
void unix_put_name(const struct unix_socket *of, struct message *m); /* as msg_name */

/* ---- connect.c ---- */
int unix_connect(struct socket *s, const struct sockaddr_k *a, unsigned len);
int unix_dgram_connect(struct socket *s, const struct sockaddr_k *a, unsigned len);
int unix_listen(struct socket *s, unsigned backlog);
int unix_accept(struct socket *s, struct socket **out);

/* ---- message.c ---- */
struct unix_message *unix_message_new(struct unix_socket *from, size_t room);
void unix_message_free(struct unix_message *m); /* off its queue; wakes the sender */
void unix_deliver(struct unix_socket *to, struct unix_message *m);
void unix_take(struct unix_socket *u, struct unix_message *m); /* off the queue */

/* ---- stream.c, datagram.c ---- */
ssize_t unix_stream_send(struct socket *s, struct message *m);
ssize_t unix_stream_receive(struct socket *s, struct message *m);
ssize_t unix_dgram_send(struct socket *s, struct message *m);
ssize_t unix_dgram_receive(struct socket *s, struct message *m);

/* ---- rights.c ---- */
/* Before a receiver is looked for: descriptors that `m` may bring find room, where sockets that nobody can reach held it.
 * These are closed, and the receiver may be one. */
void unix_make_room(const struct message *m);
/* Credentials and descriptors that go with a message. 0, -EINVAL, -EBADF, -EPERM, -ESRCH, -ETOOMANYREFS. */
int unix_control_send(const struct unix_socket *u, const struct unix_socket *to, struct message *m,
                      struct unix_message *msg);
/* And what the receiver gets of it. */
void unix_control_receive(const struct unix_socket *u, struct message *m, struct unix_message *msg);
void unix_rights_free(struct unix_rights *r); /* NULL is fine */
extern size_t unix_in_flight; /* descriptors in messages that nobody has received */

/* ---- collect.c ---- */
extern struct list unix_sockets;
void unix_collect(void);

/* ---- option.c ---- */
int unix_setsockopt(struct socket *s, int level, int name, const void *value, unsigned len);
int unix_getsockopt(struct socket *s, int level, int name, void *value, unsigned *len);
long unix_ioctl(struct socket *s, unsigned request, vaddr_t arg);

#endif
