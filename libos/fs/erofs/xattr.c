/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes, inline behind the inode and shared between inodes. */
#include "erofs.h"

#include <u2k/optional.h>
#include <u2k/string.h>

static const char *const prefixes[] = {
    [1] = "user.",
    [2] = "system.posix_acl_access",
    [3] = "system.posix_acl_default",
    [4] = "trusted.",
    [6] = "security.",
};

/* One entry at the cursor: its full name into `key` (XATTR_NAME_MAX + 1 bytes), its value in place. */
static bool read_entry(struct cursor *c, char *key, const uint8_t **value, size_t *len)
{
    unsigned name_len = cursor_u8(c), index = cursor_u8(c);
    *len = cursor_le16(c);
    const uint8_t *name = cursor_take(c, name_len);
    *value = cursor_take(c, *len);
    cursor_skip(c, -(4 + name_len + *len) & 3);
    if (c->bad || index >= ARRAY_SIZE(prefixes) || !prefixes[index])
        return false;
    size_t plen = strlen(prefixes[index]);
    if (plen + name_len > NAME_MAX)
        return false;
    memcpy(key, prefixes[index], plen);
    memcpy(key + plen, name, name_len);
    key[plen + name_len] = 0;
    return true;
}

int erofs_xattr(const struct erofs *e, const struct lower_file *f, const char *name, unsigned i,
                char *key, const uint8_t **value, size_t *len)
{
    if (f->xattrs < 12)
        return -ENODATA;
    struct cursor area = cursor_part(&e->image, e->meta + f->node * 32 + f->head, f->xattrs);
    cursor_skip(&area, 4);
    unsigned shared = cursor_u8(&area);
    cursor_skip(&area, 7);
    for (unsigned n = 0; !area.bad && (shared > 0 || cursor_left(&area) >= 4);) {
        struct cursor c = e->image, *at = &area;
        if (shared > 0) {
            uint64_t where = e->xattrs + (uint64_t)cursor_le32(&area) * 4;
            shared--;
            if (where > c.len)
                return -EIO;
            cursor_seek(&c, where);
            at = &c;
        }
        bool known = read_entry(at, key, value, len);
        if (at->bad)
            return -EIO;
        if (known && (name ? strcmp(name, key) == 0 : n++ == i))
            return 0;
    }
    return area.bad ? -EIO : -ENODATA;
}

IF_LINKED(memnode_getxattr, erofs_xattr, unlinked_never);
IF_LINKED(memnode_listxattr, erofs_xattr, unlinked_never);
IF_LINKED(memnode_setxattr, erofs_xattr, unlinked_never);
