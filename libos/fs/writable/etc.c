/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that an engine lays over an image: /etc/hostname, /etc/hosts and /etc/resolv.conf. An engine puts
 * its own in place of the image's, which are most often empty; we write ours where the image has none or an
 * empty one, and leave what somebody wrote.
 */
#include <u2k/boot.h>
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/optional.h>
#include <u2k/path.h>
#include <u2k/string.h>

int read_only(const struct superblock *sb)
{
    (void)sb;
    return -EROFS;
}

unsigned root_flags(void)
{
    return 0;
}

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

void provide_etc(void)
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

IF_LINKED(part_writable, provide_etc, unlinked_nothing);
IF_LINKED(part_writable, read_only, read_only_root);
IF_LINKED(part_writable, root_flags, root_flags_read_only);
