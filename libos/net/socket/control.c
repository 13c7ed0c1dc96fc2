/* SPDX-License-Identifier: Apache-2.0 */
/* Ancillary data: records of a length, a level, a type and data, each aligned to 8 bytes (cmsg(3)). */
#include <u2k/clock.h>
#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/socket.h>
#include <u2k/string.h>
#include <u2k/uaccess.h>

struct record {
    uint64_t len; /* with this header */
    int32_t level, type;
};

int control_next(const struct control *c, size_t *offset, struct control_item *out)
{
    struct record r;
    if (*offset > c->given_len || c->given_len - *offset < sizeof r)
        return 0;
    memcpy(&r, c->given + *offset, sizeof r);
    if (r.len < sizeof r || r.len > c->given_len - *offset)
        return -EINVAL;
    *out = (struct control_item){r.level, r.type, c->given + *offset + sizeof r, r.len - sizeof r};
    *offset += ALIGN_UP(r.len, 8);
    return 1;
}

void control_put(struct message *m, int level, int type, const void *data, size_t len)
{
    struct control *c = m->control;
    struct record r = {sizeof r + len, level, type};
    size_t left = c ? c->room - c->used : 0;
    if (left < sizeof r) {
        m->out_flags |= MSG_CTRUNC;
        return;
    }
    if (left < r.len) {
        m->out_flags |= MSG_CTRUNC;
        r.len = left;
    }
    vaddr_t at = c->at + c->used;
    if (USER_PUT(at, r) == 0 && user_write(at + sizeof r, data, r.len - sizeof r) == 0)
        c->used += MIN(ALIGN_UP(sizeof r + len, 8), left);
}

void socket_put_time(const struct socket *s, struct message *m, uint64_t time)
{
    struct timespec64 t = ns_timespec(time);
    if (s->timestamp == SO_TIMESTAMP)
        t.nsec /= 1000; /* struct timeval */
    control_put(m, SOL_SOCKET, s->timestamp, &t, sizeof t);
}

/* Where nobody can ask for any: plain read(2) and recvfrom(2) have no room for it. */
void control_cut(struct message *m)
{
    m->out_flags |= MSG_CTRUNC;
}

IF_LINKED(sys_recvmsg, control_put, control_cut);
IF_LINKED(sys_recvmmsg, control_put, control_cut);
