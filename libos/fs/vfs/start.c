/* SPDX-License-Identifier: Apache-2.0 */
/* The root, the working folder, and the first descriptors. */
#include <u2k/boot.h>
#include <u2k/errno.h>
#include <u2k/fd.h>
#include <u2k/log.h>
#include <u2k/path.h>
#include <u2k/process.h>
#include <u2k/streams.h>
#include <u2k/string.h>

static int open_streams(void)
{
    static const enum stream streams[] = {STREAM_IN, STREAM_OUT, STREAM_ERR};
    for (unsigned i = 0; i < ARRAY_SIZE(streams); i++) {
        struct file *f;
        int err = stream_open(streams[i], &f);
        if (err == 0)
            err = fd_replace(f, (int)i, false);
        if (err < 0)
            return err;
    }
    return 0;
}

int vfs_start(const void *image, size_t size)
{
    root_image = (struct mounted_image){image, size};
    int err = mount_root();
    if (err < 0)
        return err;
    process.root = dentry_ref(mounts[0].sb->root);
    process.cwd = dentry_ref(process.root);
    provide_etc();
    return open_streams();
}

int vfs_chdir(const char *path)
{
    struct dentry *d;
    int err = path_find(NULL, path, WALK_FOLLOW | WALK_DIRECTORY, &d);
    if (err == 0 && (err = inode_permission(d->inode, MAY_EXEC)) < 0)
        dentry_unref(d);
    if (err < 0)
        return err;
    dentry_unref(process.cwd);
    process.cwd = d;
    return 0;
}
