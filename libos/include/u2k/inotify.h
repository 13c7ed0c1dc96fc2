/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inotify(7): what happens to files, told to who watches them. Kernels without it have nothing of it: the functions
 * of the VFS by which things happen (file_read(), file_end(), dentry_unlink() ...) are there twice, plain in fs/vfs
 * and here with the word about it, and the linker takes one of them (u2k/optional.h).
 */
#ifndef U2K_INOTIFY_H
#define U2K_INOTIFY_H

#include <u2k/path.h>
#include <u2k/vfs.h>

enum {
    IN_ACCESS = 1,
    IN_MODIFY = 2,
    IN_ATTRIB = 4,
    IN_CLOSE_WRITE = 8,
    IN_CLOSE_NOWRITE = 0x10,
    IN_OPEN = 0x20,
    IN_MOVED_FROM = 0x40,
    IN_MOVED_TO = 0x80,
    IN_CREATE = 0x100,
    IN_DELETE = 0x200,
    IN_DELETE_SELF = 0x400,
    IN_MOVE_SELF = 0x800,
    IN_ALL_EVENTS = 0xfff,
    IN_UNMOUNT = 0x2000,
    IN_Q_OVERFLOW = 0x4000,
    IN_IGNORED = 0x8000,
    IN_ONLYDIR = 0x1000000,
    IN_DONT_FOLLOW = 0x2000000,
    IN_EXCL_UNLINK = 0x4000000,
    IN_MASK_CREATE = 0x10000000,
    IN_MASK_ADD = 0x20000000,
    IN_ISDIR = 0x40000000
};
#define IN_ONESHOT 0x80000000u

int inotify_open(uint32_t flags, struct file **out); /* -EMFILE, -ENOMEM */
bool file_is_inotify(const struct file *f);
/* Watch what `d` names: the watch's number; -EEXIST (IN_MASK_CREATE), -ENOSPC, -ENOMEM. */
int inotify_add(struct file *f, struct dentry *d, uint32_t mask);
int inotify_remove(struct file *f, int number); /* -EINVAL */

/* The file that `d` names was read or changed in a way that no function of the VFS stands for: IN_ATTRIB, IN_MODIFY,
 * IN_ACCESS. For system calls; NULL: nothing happens. */
void inotify_tell(struct dentry *d, uint32_t mask);

#endif
