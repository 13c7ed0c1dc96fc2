/* SPDX-License-Identifier: Apache-2.0 */
/* The root: memory over the read-only EROFS image. Mounting reads the superblock and one inode. */
#include "../erofs/erofs.h"

#include <u2k/pages.h>
#include <u2k/part.h>

static int find(struct superblock *sb, const struct lower_file *dir, const char *name, size_t len,
                uint64_t *node)
{
    return erofs_find(MEMFS(sb)->layer, dir, name, len, node);
}

static int fill(struct superblock *sb, uint64_t node, struct inode *i, struct lower_file *out)
{
    return erofs_fill(MEMFS(sb)->layer, node, i, out);
}

static int list(struct superblock *sb, const struct lower_file *dir, uint64_t *pos,
                bool (*entry)(void *, const char *, size_t, uint64_t, unsigned, uint64_t),
                void *arg)
{
    return erofs_list(MEMFS(sb)->layer, dir, pos, entry, arg);
}

static int data(struct superblock *sb, const struct lower_file *f, uint64_t offset,
                const uint8_t **at, uint64_t *len)
{
    return erofs_data(MEMFS(sb)->layer, f, offset, at, len);
}

static int xattr(struct superblock *sb, const struct lower_file *f, const char *name, unsigned i,
                 char *key, const uint8_t **value, size_t *len)
{
    return erofs_xattr(MEMFS(sb)->layer, f, name, i, key, value, len);
}

static const struct lower_ops erofs_lower = {find, fill, list, data, xattr};

static int overlay_mount(const char *source, const char *options, struct superblock **out)
{
    (void)source, (void)options;
    struct erofs *e = NEW(struct erofs);
    if (!e)
        return -ENOMEM;
    struct inode *root;
    struct superblock *sb = NULL;
    int err = erofs_open(e, root_image.data, root_image.size);
    if (err == 0) {
        sb = memfs_new(&filesystem_overlay, root_flags(), &erofs_lower, e);
        err = sb ? memfs_node(sb, e->root, &root) : -ENOMEM;
    }
    if (err == 0 && !S_ISDIR(root->mode))
        err = -EIO;
    if (err < 0) {
        DELETE(e); /* a unikernel without a root ends here: the rest need not be given back */
        return err;
    }
    sb->next_ino = root_image.size / 32; /* above all node numbers */
    sb->root = dentry_root(sb, root);
    if (!sb->root)
        return -ENOMEM;
    *out = sb;
    return 0;
}

const struct filesystem filesystem_overlay = {
    .name = "overlay", .no_device = true, .mount = overlay_mount};
