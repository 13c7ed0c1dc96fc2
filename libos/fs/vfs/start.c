/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first descriptors, and the files that an engine lays over an image: /etc/hostname, /etc/hosts
 * and /etc/resolv.conf. An engine puts its own in place of the image's, which are most often empty; we
 * write ours where the image has none or an empty one, and leave what somebody wrote.
 */
#include <u2k/boot.h>
#include <u2k/errno.h>
#include <u2k/fd.h>
#include <u2k/log.h>
#include <u2k/path.h>
#include <u2k/process.h>
#include <u2k/streams.h>
#include <u2k/string.h>

static void provide(struct dentry *etc, const char *name, const char *text, size_t len)
{
    struct dentry *d;
    if (vfs_make(etc, name, S_IFREG | 0644, 0, NULL, &d) < 0)
        return;
    struct inode *i = d->inode;
    struct file *f;
    if (S_ISREG(i->mode) && i->size == 0 && len > 0 && file_open(d, O_WRONLY, &f) == 0) {
        struct iovec_k vec = {(vaddr_t)text, len};
        struct iter it = {.vec = &vec, .count = 1, .left = len, .kernel = true};
        int64_t pos = 0;
        if (file_write(f, &it, &pos) < 0)
            log_warning("/etc/%s: no memory", name);
        file_unref(f);
    }
    dentry_unref(d);
}

static void provide_etc(void)
{
    struct dentry *etc;
    char text[512];
    const char *host =
        boot_config.hostname && *boot_config.hostname ? boot_config.hostname : "localhost";
    if (vfs_make(mounts[0].sb->root, "etc", S_IFDIR | 0755, 0, NULL, &etc) < 0)
        return;
    if (S_ISDIR(etc->inode->mode)) {
        size_t n = format_text(text, sizeof text, "%s\n", host);
        provide(etc, "hostname", text, MIN(n, sizeof text - 1));
        n = format_text(text, sizeof text,
                        "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
                        "127.0.1.1\t%s\n",
                        host);
        provide(etc, "hosts", text, MIN(n, sizeof text - 1));
        provide(etc, "resolv.conf", text, 0); /* the network's part to fill */
    }
    dentry_unref(etc);
}

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
