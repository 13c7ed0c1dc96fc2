/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: an image of any bytes is mounted, walked, read and written over. Nothing may crash. */
#include "check.h"

#include <u2k/part.h>
#include <u2k/path.h>
#include <u2k/tmpfs.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
void *aligned_alloc(size_t alignment, size_t size);
void free(void *p);

#define NAMES 24
#define DEPTH 5

struct names {
    struct dir_sink sink;
    unsigned count;
    char name[NAMES][NAME_MAX + 1];
};

static unsigned budget; /* files looked at */

static bool keep(struct dir_sink *sink, const char *name, size_t len, uint64_t ino, unsigned type,
                 int64_t next)
{
    struct names *n = CONTAINER_OF(sink, struct names, sink);
    (void)ino, (void)type, (void)next;
    if (n->count == NAMES)
        return false;
    memcpy(n->name[n->count], name, len);
    n->name[n->count++][len] = 0;
    return true;
}

static void use_file(struct dentry *d)
{
    static char bytes[70000];
    struct file *f;
    void *page;
    size_t run;
    if (file_open(d, O_RDWR, &f) < 0)
        return;
    file_read_at(f, bytes, sizeof bytes, 0);
    file_read_at(f, bytes, 100, d->inode->size - 50);
    for (uint64_t i = 0; i < 3; i++) {
        uint64_t index = i == 2 ? d->inode->size >> 12 : i;
        if (file_page(d->inode, index, PAGE_FOR_READ, &page, &run) == 0 && page)
            for (size_t at = 0; at < run * PAGE_SIZE; at += 512)
                bytes[at % 64] ^= ((char *)page)[at];
    }
    struct iovec_k vec = {P(bytes), 10};
    struct iter it = {.vec = &vec, .count = 1, .left = 10, .kernel = true};
    int64_t pos = 5000;
    if (file_write(f, &it, &pos) >= 0)
        file_read_at(f, bytes, sizeof bytes, 0);
    vfs_truncate(d->inode, 4097);
    vfs_truncate(d->inode, 9000);
    file_read_at(f, bytes, sizeof bytes, 0);
    file_unref(f);
}

static void walk(struct dentry *d, unsigned depth);

static void use(struct dentry *dir, const char *name, unsigned depth)
{
    struct dentry *d;
    char text[4096];
    if (dentry_lookup(dir, name, strlen(name), &d) < 0)
        return;
    struct inode *i = d->inode;
    if (i && i->ops->listxattr) {
        i->ops->listxattr(i, text, sizeof text);
        i->ops->getxattr(i, "user.x", text, sizeof text);
        i->ops->setxattr(i, "user.y", "z", 1, 0);
    }
    if (i && S_ISDIR(i->mode) && depth < DEPTH)
        walk(d, depth + 1);
    else if (i && S_ISLNK(i->mode))
        i->ops->readlink(i, text, sizeof text);
    else if (i && S_ISREG(i->mode))
        use_file(d);
    dentry_unref(d);
}

static void walk(struct dentry *d, unsigned depth)
{
    struct names n = {.sink.emit = keep};
    struct file *f;
    if (file_open(d, O_RDONLY, &f) < 0)
        return;
    f->ops->readdir(f, &n.sink);
    for (unsigned i = 0; i < n.count && budget > 0; i++, budget--)
        use(d, n.name[i], depth);
    file_unref(f);
}

static void change_names(struct dentry *root)
{
    struct names n = {.sink.emit = keep};
    struct file *f;
    if (file_open(root, O_RDONLY, &f) < 0)
        return;
    f->ops->readdir(f, &n.sink);
    for (unsigned i = 0; i < n.count; i++) {
        vfs_rename(root, n.name[i], root, i % 2 ? "renamed" : n.name[(i + 1) % n.count],
                   i % 3 ? 0 : 2);
        vfs_unlink(root, n.name[i], i % 2);
    }
    f->pos = 0;
    f->ops->readdir(f, &n.sink);
    file_unref(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct superblock *sb;
    size_t whole = size & ~PAGE_MASK;
    uint8_t *image = aligned_alloc(PAGE_SIZE, whole ? whole : PAGE_SIZE);
    memcpy(image, data, whole);
    root_image = (struct mounted_image){image, whole};
    if (filesystem_overlay.mount("", "", &sb) == 0) {
        process.root = process.cwd = sb->root;
        budget = 100;
        walk(sb->root, 0);
        budget = 20;
        change_names(sb->root);
        walk(sb->root, 0);
        while (dentry_shrink(1000))
            ;
    }
    free(image);
    return 0;
}
