/* SPDX-License-Identifier: Apache-2.0 */
/* The inodes: made in memory, or brought up from the lower layer. */
#include <u2k/errno.h>
#include <u2k/pages.h>
#include <u2k/part.h>
#include <u2k/process.h>
#include <u2k/string.h>
#include <u2k/tmpfs.h>

#define BUCKETS 512

static void evict(struct inode *i)
{
    struct memnode *n = MEMNODE(i);
    if (n->changed && n->lower.node && i->nlink > 0)
        return; /* the layer does not know what we know: found again by memfs_node() */
    pagemap_free(&n->pages, 0, UINT64_MAX);
    list_remove(&n->node_link);
    if (n->target)
        heap_free(n->target, n->target_len + 1);
    memnode_xattr_free(n);
    DELETE(n);
}

static int statfs(struct superblock *sb, struct statfs_k *out)
{
    const struct memfs *m = MEMFS(sb);
    uint64_t free = plat_memory_free() / PAGE_SIZE;
    out->type = m->lower ? 0x794c7630 : 0x01021994; /* OVERLAYFS_SUPER_MAGIC, TMPFS_MAGIC */
    out->blocks = plat_info->memory / PAGE_SIZE;
    out->bfree = free;
    out->bavail = out->bfree;
    out->files = out->ffree = free;
    return 0;
}

static const struct super_ops super_ops = {.evict = evict, .statfs = statfs};

static void set_ops(struct inode *i)
{
    extern const struct file_ops fifo_file_ops;
    i->ops = &memfs_inode_ops;
    switch (i->mode & S_IFMT) {
    case S_IFREG: i->file_ops = &memfs_file_ops; break;
    case S_IFDIR: i->file_ops = &memfs_dir_ops; break;
    case S_IFIFO: i->file_ops = &fifo_file_ops; break;
    default: break;
    }
}

struct inode *memfs_inode(struct superblock *sb, uint32_t mode)
{
    struct inode *i = inode_new(sb, sizeof(struct memnode), mode);
    if (!i)
        return NULL;
    list_init(&MEMNODE(i)->node_link);
    MEMNODE(i)->changed = true;
    i->uid = process.cred.fsuid;
    i->gid = process.cred.fsgid;
    set_ops(i);
    return i;
}

int memfs_node(struct superblock *sb, uint64_t node, struct inode **out)
{
    struct memfs *m = MEMFS(sb);
    struct list *bucket = &m->nodes[node % BUCKETS];
    if (!bucket->next)
        list_init(bucket);
    LIST_FOR_EACH(it, bucket)
    {
        struct memnode *n = LIST_ENTRY(it, struct memnode, node_link);
        if (n->lower.node == node) {
            *out = inode_ref(&n->i);
            return 0;
        }
    }
    struct inode *i = inode_new(sb, sizeof(struct memnode), 0);
    if (!i)
        return -ENOMEM;
    sb->next_ino--; /* it has the layer's number instead */
    struct memnode *n = MEMNODE(i);
    list_init(&n->node_link);
    int err = m->lower->fill(sb, node, i, &n->lower);
    if (err < 0) {
        DELETE(n);
        return err;
    }
    n->lower_size = i->size;
    set_ops(i);
    list_push_front(bucket, &n->node_link);
    *out = i;
    return 0;
}

void memnode_changed(struct inode *i)
{
    MEMNODE(i)->changed = true;
}

struct superblock *memfs_new(const struct filesystem *type, unsigned flags,
                             const struct lower_ops *lower, void *layer)
{
    struct superblock *sb = super_new(type, &super_ops, flags);
    struct memfs *m = NEW(struct memfs);
    if (sb && m && lower)
        m->nodes = heap_alloc(BUCKETS * sizeof *m->nodes);
    if (!sb || !m || (lower && !m->nodes)) {
        if (m)
            DELETE(m);
        if (sb)
            DELETE(sb);
        return NULL;
    }
    m->lower = lower;
    m->layer = layer;
    sb->priv = m;
    return sb;
}

static int tmpfs_mount(const char *source, const char *data, struct superblock **out)
{
    (void)source, (void)data;
    struct superblock *sb =
        memfs_new(&filesystem_tmpfs, SB_NOSUID | SB_NODEV | SB_NOEXEC, NULL, NULL);
    struct inode *root = sb ? memfs_inode(sb, S_IFDIR | S_ISVTX | 0777) : NULL;
    if (!root)
        return -ENOMEM;
    root->nlink = 2;
    root->uid = root->gid = 0;
    sb->root = dentry_root(sb, root);
    *out = sb;
    return sb->root ? 0 : -ENOMEM;
}

const struct filesystem filesystem_tmpfs = {
    .name = "tmpfs", .no_device = true, .mount = tmpfs_mount};

struct file *tmpfs_file(const char *name, uint32_t flags)
{
    static struct superblock *hidden; /* mounted nowhere */
    if (!hidden && !(hidden = memfs_new(&filesystem_tmpfs, 0, NULL, NULL)))
        return NULL;
    struct inode *i = memfs_inode(hidden, S_IFREG | 0777);
    if (!i)
        return NULL;
    i->nlink = 0;
    struct dentry *d = dentry_anonymous(i, name);
    if (!d)
        return NULL;
    d->flags |= DENTRY_DELETED;
    struct file *f = NULL;
    (void)file_open(d, flags, &f);
    dentry_unref(d);
    return f;
}
