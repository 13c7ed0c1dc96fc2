/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors (SCM_RIGHTS) and credentials (SCM_CREDENTIALS) that go with a message: unix(7). */
#include "unix.h"

#include <u2k/errno.h>
#include <u2k/fd.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/process.h>
#include <u2k/string.h>
#include <u2k/uaccess.h>

enum { RIGHTS_MAX = 253 /* SCM_MAX_FD */, NOBODY = 65534, HEADER = 16 /* of a control record */ };

size_t unix_in_flight;

static size_t rights_size(unsigned count)
{
    return sizeof(struct unix_rights) + count * sizeof(struct file *);
}

OPTIONAL void unix_rights_free(struct unix_rights *r)
{
    if (!r)
        return;
    unix_in_flight -= r->count;
    for (unsigned i = 0; i < r->count; i++)
        file_unref(r->files[i]);
    heap_free(r, rights_size(RIGHTS_MAX));
}

/* As many as a process may have open are on their way at most, whoever sends them. */
static bool too_many(size_t count)
{
    return unix_in_flight + count > process.limits[RLIMIT_NOFILE].soft;
}

OPTIONAL void unix_make_room(const struct message *m)
{
    if (m->control && too_many(RIGHTS_MAX))
        unix_collect();
}

static int add_rights(struct unix_rights **out, const struct control_item *item)
{
    size_t count = item->len / sizeof(int32_t);
    struct unix_rights *r = *out;
    if (!r && !(r = *out = heap_alloc(rights_size(RIGHTS_MAX))))
        return -ENOMEM;
    if (count > RIGHTS_MAX - r->count)
        return -EINVAL;
    if (too_many(count))
        return -ETOOMANYREFS;
    for (size_t i = 0; i < count; i++) {
        int32_t fd;
        memcpy(&fd, item->data + i * sizeof fd, sizeof fd);
        struct file *f = fd_get(fd);
        if (!f)
            return -EBADF;
        r->files[r->count++] = f;
        unix_in_flight++;
    }
    return 0;
}

static int check_cred(const struct ucred_k *c)
{
    const struct credentials *own = &process.cred;
    if (c->pid != PID)
        return capable(CAP_SYS_ADMIN) ? -ESRCH : -EPERM;
    bool uid = c->uid == own->uid || c->uid == own->euid || c->uid == own->suid;
    bool gid = c->gid == own->gid || c->gid == own->egid || c->gid == own->sgid;
    return (uid || capable(CAP_SETUID)) && (gid || capable(CAP_SETGID)) ? 0 : -EPERM;
}

static int add_item(struct unix_message *msg, const struct control_item *item)
{
    if (item->level != SOL_SOCKET)
        return 0;
    if (item->type == SCM_RIGHTS)
        return add_rights(&msg->rights, item);
    if (item->type != SCM_CREDENTIALS || item->len != sizeof msg->cred)
        return -EINVAL;
    memcpy(&msg->cred, item->data, sizeof msg->cred);
    msg->has_cred = true;
    return check_cred(&msg->cred);
}

OPTIONAL int unix_control_parse(const struct message *m, struct unix_message *msg)
{
    struct control_item item;
    size_t offset = 0;
    int more = 0;
    while (m->control && (more = control_next(m->control, &offset, &item)) > 0) {
        int err = add_item(msg, &item);
        if (err < 0)
            return err;
    }
    if (more == 0 && msg->rights && msg->rights->count == 0) {
        unix_rights_free(msg->rights);
        msg->rights = NULL;
    }
    return more;
}

int unix_control_send(const struct unix_socket *u, const struct unix_socket *to, struct message *m,
                      struct unix_message *msg)
{
    if (m->control) {
        int err = unix_control_parse(m, msg);
        if (err < 0)
            return err;
    }
    if ((u->passcred || to->passcred) && !msg->has_cred) {
        msg->cred = (struct ucred_k){PID, process.cred.uid, process.cred.gid};
        msg->has_cred = true;
    }
    return 0;
}

/* The descriptors that fit, each with a number of ours; the others are dropped. */
static void put_rights(struct message *m, const struct unix_rights *r)
{
    struct control *c = m->control;
    int32_t fds[RIGHTS_MAX];
    size_t left = c ? c->room - c->used : 0;
    size_t fitting = left <= HEADER ? 0 : (left - HEADER) / sizeof(int32_t), n = 0;
    for (; n < MIN(fitting, r->count); n++) {
        fds[n] = fd_install(file_ref(r->files[n]), 0, m->out_flags & MSG_CMSG_CLOEXEC);
        if (fds[n] < 0)
            break;
    }
    if (n > 0)
        control_put(m, SOL_SOCKET, SCM_RIGHTS, fds, n * sizeof fds[0]);
    if (n < r->count)
        m->out_flags |= MSG_CTRUNC;
}

OPTIONAL void unix_rights_receive(struct message *m, struct unix_message *msg)
{
    struct unix_rights *r = msg->rights;
    put_rights(m, r);
    if (m->flags & MSG_PEEK)
        return;
    msg->rights = NULL; /* first: closing one of them may look through all messages */
    unix_rights_free(r);
}

void unix_control_receive(const struct unix_socket *u, struct message *m, struct unix_message *msg)
{
    struct ucred_k unknown = {0, NOBODY, NOBODY};
    if (u->passcred)
        control_put(m, SOL_SOCKET, SCM_CREDENTIALS, msg->has_cred ? &msg->cred : &unknown,
                    sizeof unknown);
    if (msg->rights)
        unix_rights_receive(m, msg);
}

IF_LINKED(sys_sendmsg, unix_make_room, unlinked_nothing);
IF_LINKED(sys_sendmmsg, unix_make_room, unlinked_nothing);
IF_LINKED(sys_sendmsg, unix_control_parse, unlinked_nothing);
IF_LINKED(sys_sendmmsg, unix_control_parse, unlinked_nothing);
IF_LINKED(sys_sendmsg, unix_rights_receive, unlinked_nothing);
IF_LINKED(sys_sendmmsg, unix_rights_receive, unlinked_nothing);
IF_LINKED(sys_sendmsg, unix_rights_free, unlinked_nothing);
IF_LINKED(sys_sendmmsg, unix_rights_free, unlinked_nothing);
