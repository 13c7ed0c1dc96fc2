/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that an engine lays over an image: /etc/hostname, /etc/hosts and /etc/resolv.conf. An engine puts
 * its own in place of the image's, which are most often empty. We do so with /etc/resolv.conf where the network
 * told name servers, as an engine's network does; else, and the other two, we write ours where the image has none or
 * an empty one, and leave what somebody wrote. Where the root is read-only the converter has made empty ones.
 */
#include <u2k/boot.h>
#include <u2k/log.h>
#include <u2k/path.h>
#include <u2k/string.h>
#include <u2k/tmpfs.h>

#define HOSTS "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"

static void provide(struct dentry *etc, const char *name, const char *text, size_t len,
                    bool replaces)
{
    struct dentry *d;
    if (vfs_make(etc, name, S_IFREG | 0644, 0, NULL, &d) < 0)
        return;
    struct inode *i = d->inode;
    if (S_ISREG(i->mode) && (i->size == 0 || replaces) && len > 0 && memnode_fill(i, text, len) < 0)
        log_warning("/etc/%s: no memory", name);
    dentry_unref(d);
}

void provide_etc(void)
{
    const struct boot_config *b = &boot_config;
    struct dentry *etc;
    char text[512];
    const char *host = b->hostname && *b->hostname ? b->hostname : "localhost";
    const char *resolver = b->resolver ? b->resolver : "";
    if (vfs_make(mounts[0].sb->root, "etc", S_IFDIR | 0755, 0, NULL, &etc) < 0)
        return;
    if (S_ISDIR(etc->inode->mode)) {
        size_t n = format_text(text, sizeof text, HOSTS "%s\t%s\n", /* of 64 characters at most */
                               b->address ? b->address : "127.0.1.1", host);
        provide(etc, "hosts", text, n, false);
        n = format_text(text, sizeof text, "%s\n", host);
        provide(etc, "hostname", text, n, false);
        provide(etc, "resolv.conf", resolver, MIN(strlen(resolver), PAGE_SIZE), *resolver);
    }
    dentry_unref(etc);
}
