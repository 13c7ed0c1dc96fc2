/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The EROFS reader: uncompressed images in memory, blocks of 4096 bytes (Linux
 * Documentation/filesystems/erofs.rst, fs/erofs/erofs_fs.h). Nothing in an image is trusted: every
 * byte is read through a cursor over it, -EIO says that it is malformed.
 */
#ifndef FS_EROFS_H
#define FS_EROFS_H

#include <u2k/cursor.h>
#include <u2k/errno.h>
#include <u2k/tmpfs.h>

#define EROFS_BLOCK 4096u

enum erofs_layout { EROFS_PLAIN = 0, EROFS_INLINE = 2, EROFS_CHUNKS = 4 };

struct erofs {
    struct cursor image;
    uint64_t meta, xattrs; /* offsets of inode and shared attribute areas, bytes */
    uint64_t root;         /* node number */
    int64_t build_time;
    uint32_t build_nsec;
};

int erofs_open(struct erofs *e, const void *image, size_t size);
int erofs_fill(const struct erofs *e, uint64_t node, struct inode *i, struct lower_file *out);
int erofs_data(const struct erofs *e, const struct lower_file *f, uint64_t offset,
               const uint8_t **at, uint64_t *len);
int erofs_find(const struct erofs *e, const struct lower_file *dir, const char *name, size_t len,
               uint64_t *node);
int erofs_list(const struct erofs *e, const struct lower_file *dir, uint64_t *pos,
               bool (*entry)(void *, const char *, size_t, uint64_t, unsigned, uint64_t),
               void *arg);
int erofs_xattr(const struct erofs *e, const struct lower_file *f, const char *name, unsigned i,
                char *key, const uint8_t **value, size_t *len);

#endif
