/* SPDX-License-Identifier: Apache-2.0 */
/* Names of AF_UNIX sockets: paths, which are inodes of type S_IFSOCK, and abstract ones (unix(7)). */
#include "unix.h"

#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/process.h>
#include <u2k/string.h>

enum { BUCKETS = 64 };
static struct list names[BUCKETS]; /* bound sockets, by inode or by abstract name */

static struct list *bucket(uint64_t hash)
{
    hash *= 0x9e3779b97f4a7c15ull;
    struct list *b = &names[hash >> 58];
    if (!b->next)
        list_init(b);
    return b;
}

static struct list *bucket_of_name(const uint8_t *name, size_t len)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ name[i]) * 0x100000001b3ull;
    return bucket(hash);
}

void unix_address_unref(struct unix_address *a)
{
    if (!a || --a->refs > 0)
        return;
    dentry_unref(a->dentry);
    DELETE(a);
}

/* Abstract names of different types are different ones. */
static struct unix_socket *find_abstract(const uint8_t *name, size_t len, int type)
{
    LIST_FOR_EACH(it, bucket_of_name(name, len))
    {
        struct unix_socket *u = LIST_ENTRY(it, struct unix_socket, name_link);
        const struct unix_address *a = u->address;
        if (!a->dentry && u->s.type == type && a->len == UNIX_HEADER + len &&
            memcmp(a->path, name, len) == 0)
            return u;
    }
    return NULL;
}

static struct unix_socket *find_inode(const struct inode *i)
{
    LIST_FOR_EACH(it, bucket((uintptr_t)i))
    {
        struct unix_socket *u = LIST_ENTRY(it, struct unix_socket, name_link);
        if (u->address->dentry && u->address->dentry->inode == i)
            return u;
    }
    return NULL;
}

static int check(const struct sockaddr_k *a, unsigned len)
{
    bool good = len > UNIX_HEADER && len <= UNIX_HEADER + UNIX_PATH_MAX && a->family == AF_UNIX;
    return good ? 0 : -EINVAL;
}

static struct unix_address *address_new(const uint8_t *path, size_t len)
{
    struct unix_address *a = NEW(struct unix_address);
    if (!a)
        return NULL;
    a->refs = 1;
    memcpy(a->path, path, len);
    a->len = UNIX_HEADER + (unsigned)len;
    return a;
}

/* A path makes an inode, which stays when the socket is closed. */
static int bind_path(struct unix_address *a)
{
    const char *path = (const char *)a->path;
    int err = vfs_create(NULL, path, S_IFSOCK | 0777, 0, NULL);
    if (err < 0)
        return err == -EEXIST ? -EADDRINUSE : err;
    a->len = UNIX_HEADER + (unsigned)strlen(path) + 1;
    return path_find(NULL, path, 0, &a->dentry);
}

int unix_bind(struct socket *s, const struct sockaddr_k *name, unsigned len)
{
    struct unix_socket *u = unix_of(s);
    if (len == UNIX_HEADER && name->family == AF_UNIX)
        return unix_autobind(u);
    int err = check(name, len);
    if (err < 0)
        return err;
    if (u->address && !name->data[0])
        return -EINVAL;
    struct unix_address *a = address_new(name->data, len - UNIX_HEADER);
    if (!a)
        return -ENOMEM;
    if (a->path[0])
        err = u->address ? -EINVAL : bind_path(a);
    else if (find_abstract(a->path, a->len - UNIX_HEADER, s->type))
        err = -EADDRINUSE;
    if (err < 0) {
        unix_address_unref(a);
        return err;
    }
    u->address = a;
    list_push_front(a->dentry ? bucket((uintptr_t)a->dentry->inode)
                              : bucket_of_name(a->path, a->len - UNIX_HEADER),
                    &u->name_link);
    return 0;
}

int unix_autobind(struct unix_socket *u)
{
    uint32_t number = 0;
    struct sockaddr_k name = {.family = AF_UNIX};
    if (u->address)
        return 0;
    (void)plat_random(&number, sizeof number);
    for (unsigned tries = 0; tries < 1u << 20; tries++, number++) {
        format_text((char *)name.data + 1, 6, "%05x", number & 0xfffff);
        if (!find_abstract(name.data, 6, u->s.type))
            return unix_bind(&u->s, &name, UNIX_HEADER + 6);
    }
    return -ENOSPC;
}

static int find_path(const struct sockaddr_k *name, unsigned len, int type,
                     struct unix_socket **out)
{
    char path[UNIX_PATH_MAX + 1] = {0};
    struct dentry *d;
    memcpy(path, name->data, len - UNIX_HEADER);
    int err = path_find(NULL, path, WALK_FOLLOW, &d);
    if (err < 0)
        return err;
    err = inode_permission(d->inode, MAY_WRITE);
    if (err == 0) {
        *out = (d->inode->mode & S_IFMT) == S_IFSOCK ? find_inode(d->inode) : NULL;
        err = !*out ? -ECONNREFUSED : (*out)->s.type != type ? -EPROTOTYPE : 0;
    }
    dentry_unref(d);
    return err;
}

int unix_find(const struct sockaddr_k *name, unsigned len, int type, struct unix_socket **out)
{
    int err = check(name, len);
    if (err < 0)
        return err;
    if (name->data[0])
        return find_path(name, len, type, out);
    *out = find_abstract(name->data, len - UNIX_HEADER, type);
    return *out ? 0 : -ECONNREFUSED;
}

static void put(const struct unix_address *a, struct sockaddr_k *out, unsigned *len)
{
    out->family = AF_UNIX;
    *len = UNIX_HEADER;
    if (!a)
        return;
    *len = a->len;
    memcpy(out->data, a->path, a->len - UNIX_HEADER);
}

int unix_name(struct socket *s, bool peer, struct sockaddr_k *out, unsigned *len)
{
    const struct unix_socket *u = unix_of(s);
    if (peer && !u->peer)
        return -ENOTCONN;
    put(peer ? u->peer->address : u->address, out, len);
    return 0;
}

void unix_put_name(const struct unix_socket *of, struct message *m)
{
    m->name_len = 0;
    if (m->name && of->address)
        put(of->address, m->name, &m->name_len);
}
