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
    S_IFMT = 0170000, S_IFSOCK = 0140000, S_IFLNK = 0120000, S_IFREG = 0100000, S_IFBLK = 0060000,
    S_IFDIR = 0040000, S_IFCHR = 0020000, S_IFIFO = 0010000, S_ISUID = 04000, S_ISGID = 02000,
    S_ISVTX = 01000
};
#define S_ISREG(m) (((m) & S_IFMT) == S_IFREG)
#define S_ISDIR(m) (((m) & S_IFMT) == S_IFDIR)
#define S_ISLNK(m) (((m) & S_IFMT) == S_IFLNK)

struct timespec64 {
    int64_t sec;
    int64_t nsec;
};

struct superblock {
    const struct filesystem *type;
    struct inode *root;
    uint64_t dev;        /* st_dev */
    unsigned flags;      /* MS_RDONLY ... */
    void *priv;
    const struct super_ops *ops;
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
    struct list mappings;              /* struct vma.file_link of all mappings of this file */
    struct list locks;                 /* POSIX and flock locks */
    void *priv;
};

/* What a file is opened as. `pos` moves with read and write unless ops say otherwise. */
struct file {
    const struct file_ops *ops;
    struct inode *inode;   /* NULL for anonymous things that have none */
    struct dentry *dentry; /* name it was opened by, NULL if none */
    uint32_t flags;        /* O_* */
    uint32_t refs;
    int64_t pos;
    void *priv;
};

/* A gathering of buffers, of the program or of the library OS. */
struct iovec_k {
    vaddr_t base;
    size_t len;
};
struct iter {
    const struct iovec_k *vec;
    size_t count;  /* vectors left */
    size_t offset; /* in the first */
    size_t left;   /* bytes in all */
    bool kernel;   /* library OS memory: plain copies */
};
size_t iter_write(struct iter *it, const void *src, size_t n); /* into the buffers; bytes done */
size_t iter_read(void *dst, struct iter *it, size_t n);        /* out of the buffers; bytes done */
size_t iter_zero(struct iter *it, size_t n);

struct poll_set; /* fs/poll: who asks */
enum { POLLIN = 1, POLLPRI = 2, POLLOUT = 4, POLLERR = 8, POLLHUP = 16, POLLNVAL = 32,
       POLLRDNORM = 64, POLLRDBAND = 128, POLLWRNORM = 256, POLLRDHUP = 0x2000 };

/* file_page(): what the page is wanted for. */
enum page_use {
    PAGE_FOR_READ,  /* contents as they are; NULL for a hole */
    PAGE_FOR_WRITE, /* a page of the file's own that a shared writable mapping may change */
};

struct dir_sink; /* fs/: takes directory entries */

struct file_ops {
    ssize_t (*read)(struct file *f, struct iter *it, int64_t *pos);
    ssize_t (*write)(struct file *f, struct iter *it, int64_t *pos);
    int64_t (*seek)(struct file *f, int64_t offset, int whence);
    unsigned (*poll)(struct file *f, struct poll_set *set); /* POLL* now; registers on queues if set */
    long (*ioctl)(struct file *f, unsigned request, vaddr_t arg);
    int (*readdir)(struct file *f, struct dir_sink *sink);
    int (*sync)(struct file *f);
    void (*release)(struct file *f);
    /* A page of the file in memory that stays while mapped: *page, and *run = how many pages
     * from there on are contiguous (at least 1). -ENODEV if NULL: cannot be mapped. */
    int (*page)(struct inode *i, uint64_t index, enum page_use use, void **page, size_t *run);
};

/* ---- for core: mapping and loading ---- */

struct file *file_ref(struct file *f);
void file_unref(struct file *f);
int file_page(struct inode *i, uint64_t index, enum page_use use, void **page, size_t *run);
ssize_t file_read_at(struct file *f, void *buf, size_t len, uint64_t offset); /* library OS buffer */
/* Open for execution: regular, x permission, not on a noexec mount; writers are denied until
 * file_exec_done(). Also for PT_INTERP and scripts. */
int vfs_open_exec(const char *path, struct file **out);
void file_exec_done(struct file *f);
ssize_t file_path(struct file *f, char *out, size_t size); /* absolute path, " (deleted)" if so */

/* Provided by core/mm, called by file systems: pages of this file changed place (or, with `removed`,
 * left it: truncation). Mappings let go of them and fault again. */
void mm_file_changed(struct inode *i, uint64_t first, uint64_t count, bool removed);

/* ---- start and exec ---- */
int vfs_start(const void *root_image, size_t size); /* mounts root, /proc, /dev, /sys, opens 0, 1, 2 */
void fd_close_on_exec(void);

#endif
