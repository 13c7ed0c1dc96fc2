/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual file system: inodes, open files, descriptors, paths. File systems and special files
 * implement inode_ops and file_ops; memory management and the ELF loader use file_page().
 */
#ifndef U2K_VFS_H
#define U2K_VFS_H

#include <u2k/list.h>
#include <u2k/sched.h>
#include <u2k/types.h>

#define NAME_MAX 255
#define PATH_MAX 4096

enum {
    S_IFMT = 0170000,
    S_IFSOCK = 0140000,
    S_IFLNK = 0120000,
    S_IFREG = 0100000,
    S_IFBLK = 0060000,
    S_IFDIR = 0040000,
    S_IFCHR = 0020000,
    S_IFIFO = 0010000,
    S_ISUID = 04000,
    S_ISGID = 02000,
    S_ISVTX = 01000
};
#define S_ISREG(m) (((m) & S_IFMT) == S_IFREG)
#define S_ISDIR(m) (((m) & S_IFMT) == S_IFDIR)
#define S_ISLNK(m) (((m) & S_IFMT) == S_IFLNK)

/* statfs(2) as the program sees it on both architectures. */
struct statfs_k {
    int64_t type, bsize;
    uint64_t blocks, bfree, bavail, files, ffree;
    int32_t fsid[2];
    int64_t namelen, frsize, flags, spare[4];
};

enum {
    SB_RDONLY = 1,
    SB_NOSUID = 2,
    SB_NODEV = 4,
    SB_NOEXEC = 8, /* MS_* of mount(2) */
    SB_UNCACHED = 0x10000 /* names come and go: every look-up asks the file system */
};

struct dentry;
struct inode;
struct superblock {
    const struct filesystem *type;
    struct dentry *root;
    struct dentry *covered; /* what it is mounted on, NULL for the root */
    uint64_t dev;           /* st_dev */
    unsigned flags;         /* SB_* */
    uint64_t next_ino;
    void *priv;
    const struct super_ops *ops;
};

struct super_ops {
    void (*evict)(struct inode *i); /* last reference gone: free it. False names stay possible */
    int (*statfs)(struct superblock *sb, struct statfs_k *out);
};

struct file;
struct inode;
struct watch;

/* What a file system does with names and attributes. The VFS has checked types and permissions, has
 * looked up the names, and refuses with -EPERM what is NULL here. A dentry that is to get a name is
 * negative. */
struct inode_ops {
    int (*lookup)(struct inode *dir, const char *name, size_t len,
                  struct inode **out); /* -ENOENT */
    /* A new file of any type: `rdev` for devices, `target` for symlinks. Sets dentry->inode. */
    int (*create)(struct inode *dir, struct dentry *d, uint32_t mode, uint64_t rdev,
                  const char *target);
    int (*tmpfile)(struct inode *dir, uint32_t mode, struct inode **out);
    int (*link)(struct inode *dir, struct dentry *d, struct inode *target);
    int (*unlink)(struct inode *dir, struct dentry *d); /* rmdir too: -ENOTEMPTY */
    /* `to` is a dentry in the new directory, positive if something is replaced or exchanged. */
    int (*rename)(struct dentry *from, struct dentry *to, bool exchange);
    ssize_t (*readlink)(struct inode *i, char *out, size_t size); /* not terminated */
    int (*follow)(struct inode *i, struct dentry **out); /* magic links of /proc: where it leads */
    void (*changed)(struct inode *i); /* the VFS set attributes: keep them */
    int (*truncate)(struct inode *i, uint64_t size);
    int (*allocate)(struct inode *i, unsigned mode, uint64_t offset, uint64_t len);
    ssize_t (*getxattr)(struct inode *i, const char *name, void *out, size_t size);
    ssize_t (*listxattr)(struct inode *i, char *out, size_t size);
    int (*setxattr)(struct inode *i, const char *name, const void *value, size_t size, int flags);
};

/* One file, whatever its names. Shared fields are filled by the file system. */
struct inode {
    const struct inode_ops *ops;
    const struct file_ops *file_ops; /* of files opened on it */
    struct superblock *sb;
    uint64_t ino;
    uint32_t mode; /* type and permissions */
    uint32_t uid, gid, nlink;
    uint64_t rdev, size, blocks; /* blocks of 512 bytes */
    struct timespec64 atime, mtime, ctime, btime;
    uint32_t refs;
    uint32_t open_writers, deny_write; /* ETXTBSY */
    struct list mappings; /* struct vma.file_link of all mappings of this file */
    struct list locks; /* POSIX and flock locks */
    uint32_t seals; /* F_SEAL_* of memfd_create(2) */
    void *priv;
};

/* What a file is opened as. `pos` moves with read and write unless ops say otherwise. */
struct file {
    const struct file_ops *ops;
    struct inode *inode; /* NULL for anonymous things that have none */
    struct dentry *dentry; /* name it was opened by, NULL if none */
    uint32_t flags; /* O_*; never O_CREAT and the like, nor O_CLOEXEC */
    uint32_t refs;
    int32_t owner; /* F_SETOWN */
    int32_t signal; /* F_SETSIG */
    int64_t pos;
    void *priv;
    struct watch *watches; /* of epoll(7): u2k/epoll.h */
};

/* A gathering of buffers, of the program or of the library OS. */
struct iovec_k {
    vaddr_t base;
    size_t len;
};
struct iter {
    const struct iovec_k *vec;
    size_t count; /* vectors left */
    size_t offset; /* in the first */
    size_t left; /* bytes in all */
    bool kernel; /* library OS memory: plain copies */
};
size_t iter_write(struct iter *it, const void *src, size_t n); /* into the buffers; bytes done */
size_t iter_read(void *dst, struct iter *it, size_t n); /* out of the buffers; bytes done */
size_t iter_zero(struct iter *it, size_t n);
/* For copies in place: *at, how many bytes from there can be accessed now (at most `max`, 0: none,
 * -EFAULT), which iter_advance() then takes as done. */
size_t iter_span(struct iter *it, unsigned access, size_t max, void **at);
void iter_advance(struct iter *it, size_t n);

struct poll_set; /* fs/poll: who asks */
enum {
    POLLIN = 1,
    POLLPRI = 2,
    POLLOUT = 4,
    POLLERR = 8,
    POLLHUP = 16,
    POLLNVAL = 32,
    POLLRDNORM = 64,
    POLLRDBAND = 128,
    POLLWRNORM = 256,
    POLLWRBAND = 512,
    POLLRDHUP = 0x2000
};

/* file_page(): what the page is wanted for. */
enum page_use {
    PAGE_FOR_READ, /* contents as they are; NULL for a hole */
    PAGE_FOR_WRITE, /* a page of the file's own that a shared writable mapping may change */
};

/* Takes directory entries. False: no room, `next` was not passed. `type` is a DT_* = S_IFMT >> 12. */
struct dir_sink {
    bool (*emit)(struct dir_sink *sink, const char *name, size_t len, uint64_t ino, unsigned type,
                 int64_t next);
};

struct file_ops {
    ssize_t (*read)(struct file *f, struct iter *it, int64_t *pos);
    ssize_t (*write)(struct file *f, struct iter *it, int64_t *pos);
    int64_t (*seek)(struct file *f, int64_t offset, int whence); /* NULL: a stream, -ESPIPE */
    unsigned (*poll)(struct file *f,
                     struct poll_set *set); /* POLL* now; registers on queues if set */
    long (*ioctl)(struct file *f, unsigned request, vaddr_t arg);
    int (*readdir)(struct file *f, struct dir_sink *sink);
    int (*sync)(struct file *f);
    void (*release)(struct file *f);
    /* A page of the file in memory that stays while mapped: *page, and *run = how many pages
     * from there on are contiguous (at least 1). -ENODEV if NULL: cannot be mapped. -ENXIO: beyond the
     * end of the file. -EIO: the image is damaged. -ENOMEM. */
    int (*page)(struct inode *i, uint64_t index, enum page_use use, void **page, size_t *run);
    int (*open)(struct file *f); /* after all checks; may wait, may change f->ops */
    /* sendfile(2) without a copy: `n` bytes of a regular file from `pos` on, all of them within its size, whose
     * pages (file_page()) stay until they have been sent. `more`: others follow at once. Waits as write() does.
     * The count; -EINVAL, nothing was taken: this has to be copied. */
    ssize_t (*send_pages)(struct file *f, struct inode *in, uint64_t pos, size_t n, bool more);
};

/* ---- for core: mapping and loading ---- */

struct file *file_ref(struct file *f);
void file_unref(struct file *f);
int file_page(struct inode *i, uint64_t index, enum page_use use, void **page, size_t *run);
ssize_t file_read_at(struct file *f, void *buf, size_t len,
                     uint64_t offset); /* library OS buffer */
/* Open for execution: regular, x permission, not on a noexec mount; writers are denied until
 * file_exec_done(). Also for PT_INTERP and scripts. */
int vfs_open_exec(const char *path, struct file **out);
void file_exec_done(struct file *f);
ssize_t file_path(struct file *f, char *out, size_t size); /* absolute path, " (deleted)" if so */

/* Provided by core/mm, called by file systems: pages of this file changed place (or, with `removed`,
 * left it: truncation). Mappings let go of them and fault again. */
void mm_file_changed(struct inode *i, uint64_t first, uint64_t count, bool removed);

/* ---- inodes ---- */

/* A new inode in `size` bytes (struct inode first): one reference, times now, owner root. */
struct inode *inode_new(struct superblock *sb, size_t size, uint32_t mode);
static inline struct inode *inode_ref(struct inode *i)
{
    i->refs++;
    return i;
}
void inode_unref(struct inode *i);
enum { MAY_EXEC = 1, MAY_WRITE = 2, MAY_READ = 4 };
int inode_permission(const struct inode *i, unsigned may); /* 0 or -EACCES, -EROFS */
bool inode_owner_or_capable(const struct inode *i);
struct timespec64 time_now(void);
void inode_touch(struct inode *i, bool data); /* ctime, and mtime with `data` */
void inode_drop_setid(struct inode *i); /* a write by somebody without CAP_FSETID */
struct superblock *super_new(const struct filesystem *type, const struct super_ops *ops,
                             unsigned flags);

/* ---- open files ---- */

struct file *file_new(const struct file_ops *ops, struct dentry *d, uint32_t flags);
/* Things without a name: `kind` is "pipe", "socket" (shown as kind:[inode number]), or
 * "anon_inode:[eventfd]" or a path (shown as they are). NULL: no memory. */
struct file *file_anonymous(const struct file_ops *ops, uint32_t mode, const char *kind, void *priv,
                            uint32_t flags);
int anonymous_no_open(struct file *f); /* file_ops.open of what has no other way in: -ENXIO */
struct dentry *dentry_anonymous(struct inode *i, const char *kind); /* takes over the inode */
int file_open(struct dentry *d, uint32_t flags, struct file **out);
static inline bool file_readable(const struct file *f)
{
    return !(f->flags & 010000000) && (f->flags & 3) != 1;
}
static inline bool file_writable(const struct file *f)
{
    return !(f->flags & 010000000) && ((f->flags & 3) == 1 || (f->flags & 3) == 2);
}
ssize_t file_read(struct file *f, struct iter *it, int64_t *pos);
ssize_t file_write(struct file *f, struct iter *it, int64_t *pos);
void file_end(struct file *f); /* the last reference is gone */
int open_truncate(struct dentry *d); /* O_TRUNC, of what has been opened */
/* What these functions do; where inotify is linked they tell it, too (u2k/inotify.h). */
int file_open_plain(struct dentry *d, uint32_t flags, struct file **out);
ssize_t file_read_plain(struct file *f, struct iter *it, int64_t *pos);
ssize_t file_write_plain(struct file *f, struct iter *it, int64_t *pos);
void file_end_plain(struct file *f);
int open_truncate_plain(struct dentry *d);
int64_t seek_in(struct file *f, int64_t offset, int whence, int64_t end); /* for plain files */
int64_t seek_nowhere(struct file *f, int64_t offset, int whence); /* for /dev/null */
ssize_t read_buffer(const void *buf, size_t len, struct iter *it, int64_t *pos);

/* Character devices by number: part of fs/devfs, others add theirs. NULL: none (-ENXIO). */
const struct file_ops *device_ops(uint64_t rdev);
const struct file_ops *device_missing(uint64_t rdev); /* its place where fs/devfs is not linked */
#define MKDEV(major, minor) \
    ((uint64_t)(major) << 8 | ((minor) & 0xff) | ((uint64_t)(minor) & ~0xffull) << 12)

/* ---- attributes, with the checks of the system calls ---- */
int vfs_chmod(struct inode *i, uint32_t mode);
int vfs_chown(struct inode *i, uint32_t uid, uint32_t gid); /* UINT32_MAX: as it is */
int vfs_truncate(struct inode *i, uint64_t size); /* no permission check */

/* ---- start and exec ---- */
int vfs_start(const void *root_image,
              size_t size); /* mounts root, /proc, /dev, /sys, opens 0, 1, 2 */
void fd_close_on_exec(void);
int vfs_chdir(const char *path); /* library OS string; with a permission check, as chdir(2) */

#endif
