/* SPDX-License-Identifier: Apache-2.0 */
/* What the system calls on files have in common: their arguments. */
#ifndef ABI_FILE_H
#define ABI_FILE_H

#include <u2k/errno.h>
#include <u2k/fcntl.h>
#include <u2k/fd.h>
#include <u2k/path.h>
#include <u2k/process.h>
#include <u2k/syscall.h>
#include <u2k/uaccess.h>

/* A directory descriptor and a path out of the program's memory. */
struct at {
    char *path;
    struct file *dir; /* NULL: the working directory */
};

int at_begin(struct at *at, int dirfd, vaddr_t path);
void at_end(struct at *at);
static inline struct dentry *at_start(const struct at *at)
{
    return at->dir ? at->dir->dentry : NULL;
}

/* The file that (dirfd, path, AT_* flags) name. */
int at_find(int dirfd, vaddr_t path, unsigned walk, struct dentry **out);
static inline unsigned at_walk(unsigned flags)
{
    return ((flags & AT_SYMLINK_NOFOLLOW) ? 0u : WALK_FOLLOW) |
           ((flags & AT_EMPTY_PATH) ? WALK_EMPTY : 0u);
}

/* Buffers as the calls pass them. */
#define RW_MAX 0x7ffff000ul /* what one call transfers at most */
#define IOV_MAX 1024

struct buffers {
    struct iovec_k few[8], *vec;
    size_t count;
    struct iter it;
};

void buffers_one(struct buffers *b, vaddr_t at, size_t len);
int buffers_many(struct buffers *b, vaddr_t vec, long count);
void buffers_end(struct buffers *b);

#endif
