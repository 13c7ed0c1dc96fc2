/* SPDX-License-Identifier: Apache-2.0 */
/* Names: the dentry cache and path look-up (path_resolution(7)). */
#ifndef U2K_PATH_H
#define U2K_PATH_H

#include <u2k/fcntl.h>
#include <u2k/vfs.h>

enum {
    DENTRY_HASHED = 1,  /* found by name */
    DENTRY_PINNED =
        2,  /* holds what only memory knows: a created name, or (negative) a removed one */
    DENTRY_DELETED = 4, /* the name is gone, open files still show it */
    DENTRY_ANONYMOUS = 8,
};

struct mount;

/* A name in a directory. Negative (no inode): known not to exist. */
struct dentry {
    struct list hash_link;
    struct list sibling;  /* in parent->children */
    struct list children; /* cached ones; pinned ones in the order of `cookie` among themselves */
    struct list lru;      /* while nobody holds it */
    struct dentry *parent; /* itself for roots and anonymous ones */
    struct inode *inode;
    struct superblock *sb;
    struct mount *mount; /* what is mounted here */
    uint64_t cookie;     /* readdir position of a pinned name */
    uint32_t refs, hash;
    uint8_t flags, len;
    char *name; /* NUL-terminated; `local` if it fits */
    char local[22];
};

struct dentry *dentry_new(struct dentry *parent, struct superblock *sb, const char *name,
                          size_t len);
struct dentry *dentry_root(struct superblock *sb, struct inode *i); /* takes over the inode */
static inline struct dentry *dentry_ref(struct dentry *d);
void dentry_unref(struct dentry *d); /* NULL is fine */
/* The child `name`, cached or asked for: one reference, perhaps negative. */
int dentry_lookup(struct dentry *dir, const char *name, size_t len, struct dentry **out);
struct dentry *dentry_cached(struct dentry *dir, const char *name, size_t len); /* no reference */
void dentry_hash(struct dentry *d); /* from now on found by name */
void dentry_pin(struct dentry *d, uint64_t cookie);
void dentry_delete(struct dentry *d); /* out of the hash, unpinned; its inode stays until unref */
void dentry_move(struct dentry *d, struct dentry *dir, const char *name, size_t len, char *spare);
bool dentry_below(const struct dentry *d, const struct dentry *top); /* or the same; no mounts */
size_t dentry_shrink(size_t count); /* give back the memory of that many unused ones */

void dentry_hold(struct dentry *d);
static inline struct dentry *dentry_ref(struct dentry *d)
{
    if (d->refs++ == 0)
        dentry_hold(d);
    return d;
}

/* ---- look-up ---- */

enum {
    WALK_FOLLOW = 1,    /* a symbolic link at the end too */
    WALK_DIRECTORY = 2, /* -ENOTDIR for anything else */
    WALK_EMPTY = 4,     /* AT_EMPTY_PATH */
    WALK_CREATE = 8,    /* a slash at the end is fine for what does not exist yet: mkdir */
    WALK_NO_XDEV = 0x10,
    WALK_NO_MAGICLINKS = 0x20,
    WALK_NO_SYMLINKS = 0x40, /* openat2(2) */
    WALK_BENEATH = 0x80,
    WALK_IN_ROOT = 0x100
};

enum last { LAST_NAME, LAST_ROOT, LAST_DOT, LAST_DOTDOT };

/* A look-up under way. After walk_parent(): `cur` is the directory, name/len the last component. */
struct walk {
    struct dentry *cur, *top; /* top: what "/" means and ".." does not leave */
    const char *rest;
    char *buffer; /* of WALK_BUFFER bytes, for links' targets */
    unsigned flags, links;
    const char *name;
    size_t len;
    enum last last;
    bool slash; /* followed by one */
};

int walk_begin(struct walk *w, struct dentry *start, const char *path, unsigned flags);
int walk_parent(struct walk *w);
int walk_link(struct walk *w, struct dentry *link); /* go on with what a link at the end says */
void walk_end(struct walk *w);
/* For a walk that found no `name` in `cur`: told if the converter left that path out of the root. */
void left_out(const struct walk *w);

/* Whole look-ups; *out has a reference and an inode. `start` NULL: the working directory. */
int path_find(struct dentry *start, const char *path, unsigned flags, struct dentry **out);
/* An absolute path of `d` as the program sees it; its length, -ENAMETOOLONG. */
ssize_t dentry_path(struct dentry *d, char *out, size_t size);

/* ---- changes of the tree, with the checks of the system calls ---- */

int vfs_create(struct dentry *start, const char *path, uint32_t mode, uint64_t rdev,
               const char *target);
int vfs_open(struct dentry *start, const char *path, uint32_t flags, uint32_t mode, unsigned walk,
             struct file **out);
/* vfs_open_exec() for execveat(2). */
int vfs_open_exec_at(struct dentry *start, const char *path, unsigned walk, struct file **out);
int vfs_unlink(struct dentry *start, const char *path, bool directory);
int vfs_link(struct dentry *target, struct dentry *start, const char *path);
int vfs_rename(struct dentry *from_start, const char *from, struct dentry *to_start, const char *to,
               unsigned flags);
/* For the library OS itself: no permission checks, what is new belongs to root; `dir` positive. What
 * is there already is given as it is. */
int vfs_make(struct dentry *dir, const char *name, uint32_t mode, uint64_t rdev, const char *target,
             struct dentry **out);
int vfs_make_none(struct dentry *dir, const char *name, uint32_t mode, uint64_t rdev,
                  const char *target, struct dentry **out); /* without the part writable */
/* Names come and go, all checks done: `dir` the directory's dentry, `d` the name's. With events as in u2k/inotify.h;
 * the plain ones have none. */
int dentry_make(struct dentry *dir, struct dentry *d, uint32_t mode, uint64_t rdev,
                const char *target);
int dentry_link(struct dentry *dir, struct dentry *d, struct inode *target);
int dentry_unlink(struct dentry *dir, struct dentry *d);
int dentry_rename(struct dentry *from, struct dentry *to, bool exchange);
int dentry_make_plain(struct dentry *dir, struct dentry *d, uint32_t mode, uint64_t rdev,
                      const char *target);
int dentry_link_plain(struct dentry *dir, struct dentry *d, struct inode *target);
int dentry_unlink_plain(struct dentry *dir, struct dentry *d);
int dentry_rename_plain(struct dentry *from, struct dentry *to, bool exchange);
int read_only(const struct superblock *sb); /* -EROFS, told if it is the root's */
int read_only_root(const struct superblock *sb);
unsigned root_flags(void); /* SB_* of the root */
unsigned root_flags_read_only(void);

/* ---- mounts ---- */

struct mount {
    const char *path, *fs, *part;
    struct dentry *point; /* NULL for the root */
    struct superblock *sb; /* NULL until first crossed */
};
extern struct mount mounts[];
extern const size_t mount_count;
/* What is mounted on d, or d; takes over the reference. `rest`: what of the path is below it. */
struct dentry *mount_cross(struct dentry *d, const char *rest);
const struct mount *mount_of(const struct superblock *sb, int *id); /* NULL: none; id from 1 */
int mount_root(void);
void provide_etc(void); /* /etc/hosts and the like, where the image has none */
void mount_all(void); /* what has not been crossed yet, too: for those who list them */
struct mounted_image {
    const void *data;
    size_t size;
};
extern struct mounted_image root_image; /* what the root file system is made of */

/* ---- a path out of the program's memory ---- */
int path_from_user(vaddr_t at, char **out); /* -EFAULT, -ENAMETOOLONG, -ENOMEM */
void path_release(char *path);

#endif
