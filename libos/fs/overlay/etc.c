/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that an engine lays over an image: /etc/hostname, /etc/hosts and /etc/resolv.conf. An engine puts
 * its own in place of the image's, which are most often empty; we write ours where the image has none or an
 * empty one, and leave what somebody wrote. Where the root is read-only the converter has made empty ones.
 */
#include <u2k/boot.h>
#include <u2k/log.h>
#include <u2k/path.h>
#include <u2k/string.h>
#include <u2k/tmpfs.h>

#define HOSTS "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t"

static void provide(struct dentry *etc, const char *name, const char *text, size_t len)
{
    struct dentry *d;
    if (vfs_make(etc, name, S_IFREG | 0644, 0, NULL, &d) < 0)
        return;
    struct inode *i = d->inode;
    if (S_ISREG(i->mode) && i->size == 0 && len > 0 && memnode_fill(i, text, len) < 0)
        log_warning("/etc/%s: no memory", name);
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
        size_t n =
            format_text(text, sizeof text, HOSTS "%s\n", host); /* of 64 characters at most */
        size_t before = sizeof(HOSTS) - 1;
        provide(etc, "hosts", text, n);
        provide(etc, "hostname", text + before, n - before);
        provide(etc, "resolv.conf", text, 0); /* the network's part to fill */
    }
    dentry_unref(etc);
}
