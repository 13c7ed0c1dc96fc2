/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files in memory, by themselves (tmpfs) or over a read-only layer (overlay). A file of the layer
 * becomes an inode when it is looked up; its data is copied page by page when written.
 */
#ifndef U2K_TMPFS_H
#define U2K_TMPFS_H

#include <u2k/path.h>
#include <u2k/vfs.h>

/* Which file of the layer, and what the layer wants to remember of it. node 0: none. */
struct lower_file {
    uint64_t node, size, data, tail;
    uint32_t layout, xattrs, chunk, head;
};

struct lower_ops {
    int (*find)(struct superblock *sb, const struct lower_file *dir, const char *name, size_t len,
                uint64_t *node); /* -ENOENT */
    int (*fill)(struct superblock *sb, uint64_t node, struct inode *i, struct lower_file *out);
    /* Entries from *pos on, until the callback says false; *pos is then that entry's. */
    int (*list)(struct superblock *sb, const struct lower_file *dir, uint64_t *pos,
                bool (*entry)(void *arg, const char *name, size_t len, uint64_t node, unsigned type,
                              uint64_t next),
                void *arg);
    /* Bytes of the file from index * PAGE_SIZE on, in place: *at (NULL: a hole) and their number. */
    int (*data)(struct superblock *sb, const struct lower_file *f, uint64_t offset,
                const uint8_t **at, uint64_t *len);
    /* The value of an attribute (name NULL: the i-th one, its full name put in `key`). -ENODATA. */
    int (*xattr)(struct superblock *sb, const struct lower_file *f, const char *name, unsigned i,
                 char *key, const uint8_t **value, size_t *len);
};

/* Sparse pages by index: a tree of 64-way nodes, as high as the largest index needs. */
struct pagemap {
    void *top;
    unsigned height; /* 0: `top` is page 0, if any */
};
void *pagemap_get(const struct pagemap *m, uint64_t index);
int pagemap_set(struct pagemap *m, uint64_t index, void *page); /* -ENOMEM */
void *pagemap_next(const struct pagemap *m, uint64_t *index); /* at or after *index */
/* Free pages [first, last]; how many there were. */
size_t pagemap_free(struct pagemap *m, uint64_t first, uint64_t last);

struct xattr_entry;

struct memnode {
    struct inode i;
    struct pagemap pages;
    struct lower_file lower;
    uint64_t lower_size; /* bytes that still come from the layer */
    struct list node_link; /* by node, so that hard links are one inode */
    bool linkable; /* O_TMPFILE: has no name yet but may get one */
    bool changed; /* differs from the layer: stays in memory */
    bool xattrs_own; /* attributes are in `xattrs`, the layer's are not looked at */
    uint64_t next_cookie;
    char *target;
    size_t target_len;
    struct xattr_entry *xattrs;
};

struct memfs {
    const struct lower_ops *lower;
    void *layer; /* the lower layer's own */
    struct list *nodes; /* hash of memnodes by lower node */
};

#define MEMNODE(inode) ((struct memnode *)(void *)(inode))
#define MEMFS(sb) ((struct memfs *)(sb)->priv)

struct superblock *memfs_new(const struct filesystem *type, unsigned flags,
                             const struct lower_ops *lower, void *layer);
int memfs_node(struct superblock *sb, uint64_t node, struct inode **out);
struct inode *memfs_inode(struct superblock *sb, uint32_t mode);
void memnode_changed(struct inode *i);
/* Contents of at most a page, in the place of what there was, for a file that nobody has seen yet. */
int memnode_fill(struct inode *i, const void *data, size_t len);
int memnode_truncate(struct inode *i, uint64_t size);
int memnode_allocate(struct inode *i, unsigned mode, uint64_t offset, uint64_t len);
ssize_t memnode_getxattr(struct inode *i, const char *name, void *out, size_t size);
ssize_t memnode_listxattr(struct inode *i, char *out, size_t size);
int memnode_setxattr(struct inode *i, const char *name, const void *value, size_t size, int flags);
void memnode_xattr_free(struct memnode *n);
int memnode_readdir(struct file *f, struct dir_sink *sink);
extern const struct inode_ops memfs_inode_ops;
extern const struct file_ops memfs_file_ops, memfs_dir_ops;

/* An unnamed file, as memfd_create(2) and shared anonymous memory want it. */
struct file *tmpfs_file(const char *name, uint32_t flags);

extern const struct filesystem filesystem_tmpfs, filesystem_overlay, filesystem_devtmpfs;

#endif
