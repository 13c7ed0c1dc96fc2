/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes: the layer's until the first change, then a list in memory. */
#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/string.h>
#include <u2k/tmpfs.h>

enum { XATTR_CREATE = 1, XATTR_REPLACE = 2 };

struct xattr_entry {
    struct xattr_entry *next;
    size_t name_len, value_len;
    char text[]; /* name, NUL, value */
};

static size_t entry_size(const struct xattr_entry *x)
{
    return sizeof *x + x->name_len + 1 + x->value_len;
}

void memnode_xattr_free(struct memnode *n)
{
    for (struct xattr_entry *x = n->xattrs, *next; x; x = next) {
        next = x->next;
        heap_free(x, entry_size(x));
    }
    n->xattrs = NULL;
}

static int add(struct memnode *n, const char *name, const void *value, size_t len)
{
    struct xattr_entry x = {.next = n->xattrs, .name_len = strlen(name), .value_len = len};
    struct xattr_entry *p = heap_alloc(entry_size(&x));
    if (!p)
        return -ENOSPC;
    *p = x;
    memcpy(p->text, name, x.name_len + 1);
    if (len)
        memcpy(p->text + x.name_len + 1, value, len);
    n->xattrs = p;
    return 0;
}

/* The i-th attribute, wherever it is. `key` has NAME_MAX + 1 bytes. */
static int attribute(const struct memnode *n, const char *name, unsigned i, char *key,
                     const uint8_t **value, size_t *len)
{
    if (n->lower.node && !n->xattrs_own)
        return MEMFS(n->i.sb)->lower->xattr(n->i.sb, &n->lower, name, i, key, value, len);
    for (const struct xattr_entry *x = n->xattrs; x; x = x->next) {
        if (name ? strcmp(name, x->text) != 0 : i-- > 0)
            continue;
        memcpy(key, x->text, x->name_len + 1);
        *value = (const uint8_t *)x->text + x->name_len + 1;
        *len = x->value_len;
        return 0;
    }
    return -ENODATA;
}

ssize_t memnode_getxattr(struct inode *i, const char *name, void *out, size_t size)
{
    char key[NAME_MAX + 1];
    const uint8_t *value;
    size_t len;
    int err = attribute(MEMNODE(i), name, 0, key, &value, &len);
    if (err < 0)
        return err;
    if (size == 0)
        return (ssize_t)len;
    if (len > size)
        return -ERANGE;
    memcpy(out, value, len);
    return (ssize_t)len;
}

ssize_t memnode_listxattr(struct inode *i, char *out, size_t size)
{
    char key[NAME_MAX + 1];
    const uint8_t *value;
    size_t len, done = 0;
    for (unsigned n = 0; attribute(MEMNODE(i), NULL, n, key, &value, &len) == 0; n++) {
        size_t need = strlen(key) + 1;
        if (size > 0 && need > size - done)
            return -ERANGE;
        if (size > 0)
            memcpy(out + done, key, need);
        done += need;
    }
    return (ssize_t)done;
}

static int own(struct memnode *n)
{
    char key[NAME_MAX + 1];
    const uint8_t *value;
    size_t len;
    int err = 0;
    for (unsigned i = 0; err == 0 && attribute(n, NULL, i, key, &value, &len) == 0; i++)
        err = add(n, key, value, len);
    if (err < 0)
        memnode_xattr_free(n);
    else
        n->xattrs_own = true;
    return err;
}

int memnode_setxattr(struct inode *i, const char *name, const void *value, size_t size, int flags)
{
    struct memnode *n = MEMNODE(i);
    char key[NAME_MAX + 1];
    const uint8_t *old;
    size_t len;
    bool there = attribute(n, name, 0, key, &old, &len) == 0;
    if ((flags & XATTR_CREATE) && there)
        return -EEXIST;
    if (((flags & XATTR_REPLACE) || !value) && !there)
        return -ENODATA;
    if (!n->xattrs_own) {
        int err = own(n);
        if (err < 0)
            return err;
    }
    if (value) {
        int err = add(n, name, value, size);
        if (err < 0)
            return err;
    }
    /* The new one is at the head: take out the old one behind it. */
    struct xattr_entry **at = value ? &n->xattrs->next : &n->xattrs;
    for (; *at; at = &(*at)->next) {
        if (strcmp((*at)->text, name) == 0) {
            struct xattr_entry *gone = *at;
            *at = gone->next;
            heap_free(gone, entry_size(gone));
            break;
        }
    }
    inode_touch(i, false);
    return 0;
}

IF_LINKED(sys_getxattr, memnode_getxattr, unlinked_never);
IF_LINKED(sys_lgetxattr, memnode_getxattr, unlinked_never);
IF_LINKED(sys_fgetxattr, memnode_getxattr, unlinked_never);
IF_LINKED(sys_listxattr, memnode_listxattr, unlinked_never);
IF_LINKED(sys_llistxattr, memnode_listxattr, unlinked_never);
IF_LINKED(sys_flistxattr, memnode_listxattr, unlinked_never);
IF_LINKED(sys_setxattr, memnode_setxattr, unlinked_never);
IF_LINKED(sys_lsetxattr, memnode_setxattr, unlinked_never);
IF_LINKED(sys_fsetxattr, memnode_setxattr, unlinked_never);
IF_LINKED(sys_removexattr, memnode_setxattr, unlinked_never);
IF_LINKED(sys_lremovexattr, memnode_setxattr, unlinked_never);
IF_LINKED(sys_fremovexattr, memnode_setxattr, unlinked_never);
