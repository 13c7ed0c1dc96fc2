/* SPDX-License-Identifier: Apache-2.0 */
/* /dev: a file system in memory with the nodes that a container engine puts there. */
#include <u2k/errno.h>
#include <u2k/fd.h>
#include <u2k/part.h>
#include <u2k/platform.h>
#include <u2k/process.h>
#include <u2k/streams.h>
#include <u2k/tmpfs.h>

static const struct node {
    const char *name, *target;
    uint32_t mode;
    uint64_t rdev;
} nodes[] = {
    {"stdin", "/proc/self/fd/0", S_IFLNK | 0777, 0}, /* these three in the order of their descriptors */
    {"stdout", "/proc/self/fd/1", S_IFLNK | 0777, 0},
    {"stderr", "/proc/self/fd/2", S_IFLNK | 0777, 0},
    {"null", NULL, S_IFCHR | 0666, MKDEV(1, 3)},
    {"zero", NULL, S_IFCHR | 0666, MKDEV(1, 5)},
    {"full", NULL, S_IFCHR | 0666, MKDEV(1, 7)},
    {"random", NULL, S_IFCHR | 0666, MKDEV(1, 8)},
    {"urandom", NULL, S_IFCHR | 0666, MKDEV(1, 9)},
    {"tty", NULL, S_IFCHR | 0666, MKDEV(5, 0)},
    {"fd", "/proc/self/fd", S_IFLNK | 0777, 0},
    {"shm", NULL, S_IFDIR | 0755, 0},
};

/* The links to the streams lead to the open files themselves, as those of /proc do: a unikernel need not have
 * /proc for them. */
enum { STREAMS = 3 };
static struct inode_ops stream_links[STREAMS];

static int stream_follow(struct inode *i, struct dentry **out)
{
    const struct file *f = fd_peek((int)(i->ops - stream_links));
    if (!f || !f->dentry)
        return -ENOENT;
    *out = dentry_ref(f->dentry);
    return 0;
}

static int make(struct dentry *root, size_t at)
{
    const struct node *n = &nodes[at];
    struct dentry *d;
    int err = vfs_make(root, n->name, n->mode, n->rdev, n->target, &d);
    if (err < 0)
        return err;
    if (at < STREAMS) {
        stream_links[at] = *d->inode->ops;
        stream_links[at].follow = stream_follow;
        d->inode->ops = &stream_links[at];
    }
    dentry_unref(d);
    return 0;
}

static int populate(struct dentry *root)
{
    int err = 0;
    for (size_t i = 0; err == 0 && i < ARRAY_SIZE(nodes); i++)
        err = make(root, i);
    if (err < 0 || !tty_present())
        return err;
    struct dentry *pts, *tty;
    if ((err = vfs_make(root, "console", S_IFCHR | 0620, MKDEV(136, 0), NULL, NULL)) < 0 ||
        (err = vfs_make(root, "pts", S_IFDIR | 0755, 0, NULL, &pts)) < 0)
        return err;
    if ((err = vfs_make(pts, "0", S_IFCHR | 0620, MKDEV(136, 0), NULL, &tty)) == 0) {
        tty->inode->uid = process.cred.fsuid; /* the terminal is its user's */
        tty->inode->gid = 5;
        dentry_unref(tty);
    }
    dentry_unref(pts);
    return err;
}

static int devfs_mount(const char *source, const char *data, struct superblock **out)
{
    (void)source, (void)data;
    struct superblock *sb = memfs_new(&filesystem_devtmpfs, SB_NOSUID, NULL, NULL);
    struct inode *root = sb ? memfs_inode(sb, S_IFDIR | 0755) : NULL;
    if (!root)
        return -ENOMEM;
    root->nlink = 2;
    root->uid = root->gid = 0;
    sb->root = dentry_root(sb, root);
    *out = sb;
    return sb->root ? populate(sb->root) : -ENOMEM;
}

const struct filesystem filesystem_devtmpfs = {
    .name = "devtmpfs", .no_device = true, .mount = devfs_mount};
