/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of generated files: /proc and /sys. */
#ifndef FS_PROC_H
#define FS_PROC_H

#include <u2k/errno.h>
#include <u2k/fcntl.h>
#include <u2k/log.h>
#include <u2k/part.h>
#include <u2k/path.h>
#include <u2k/process.h>
#include <u2k/vfs.h>

/* A text that grows; `failed` once there was no memory. */
struct text {
    char *at;
    size_t len, size;
    bool failed;
};
void text_add(struct text *t, const char *format, ...) PRINTF_LIKE(2, 3);
void text_bytes(struct text *t, const void *bytes, size_t len);
void text_free(struct text *t);

/* What a name means: `tid` is the thread of a task folder (else PID), `fd` of a descriptor. */
struct proc_at {
    const struct proc_entry *entry;
    int tid, fd;
};

/* What the second half of an entry is. */
enum proc_kind {
    PROC_FIXED,   /* a folder of `children`, which end with a NULL name */
    PROC_NUMBERS, /* a folder whose names are numbers that come and go */
    PROC_NAMES,   /* a folder whose names come and go; at or below it `fd` is the number of one */
    PROC_SHOWN,   /* a text made by show(); store() may be NULL */
    PROC_SAID,    /* a text that is always the same */
    PROC_LINK,    /* a symbolic link; with follow() a magic one */
    PROC_MORE,    /* no entry: the folder goes on with `children`; the last one before the end */
    PROC_ABSENT, /* no entry: the part called `name` would have `constant`, names one after the other */
};

struct proc_entry {
    const char *name;
    uint32_t mode; /* type and permissions */
    enum proc_kind kind;
    union {
        const struct proc_entry *children;
        const char *constant;
        struct {
            void (*show)(struct text *t, const struct proc_at *at);
            int (*store)(const struct proc_at *at, const char *text, size_t len);
        };
        struct {
            ssize_t (*link)(const struct proc_at *at, char *out, size_t size);
            int (*follow)(const struct proc_at *at, struct dentry **out);
        };
        struct {
            bool (*find)(const struct proc_at *at, int number, struct proc_at *out);
            int (*next)(const struct proc_at *at, int from); /* the first from there on, -1: none */
        };
        struct {
            bool (*find_name)(const struct proc_at *at, const char *name, size_t len,
                              struct proc_at *out);
            int (*next_name)(const struct proc_at *at, int from, const char **name);
        };
    };
};

int proc_mount(const struct filesystem *type, const struct proc_entry *top, unsigned flags,
               int64_t magic, struct superblock **out);

extern const struct filesystem filesystem_proc, filesystem_sysfs;
extern const struct proc_entry proc_process[], proc_sys[];
extern const struct proc_entry proc_net[], sys_class[]; /* fs/netfs */
/* fs/procmachine, and what is in their place */
extern const struct proc_entry proc_machine[], proc_random[], proc_limits_of_files[];
extern const struct proc_entry proc_no_machine[], proc_no_random[], proc_no_limits[];
extern const struct proc_entry proc_nothing[]; /* in their place */
extern const struct proc_entry proc_fd_link, proc_fd_info;
bool proc_fd_find(const struct proc_at *at, int number, struct proc_at *out);
int proc_fd_next(const struct proc_at *at, int from);
unsigned long long proc_hundredths(uint64_t ns);
void proc_status(struct text *t, const struct proc_at *at);
void proc_stat(struct text *t, const struct proc_at *at);
void proc_statm(struct text *t, const struct proc_at *at);
void proc_limits(struct text *t, const struct proc_at *at);
void proc_maps(struct text *t, const struct proc_at *at);
void proc_mounts(struct text *t, const struct proc_at *at);
void proc_mountinfo(struct text *t, const struct proc_at *at);

#define PROC_DIR(n, list) \
    {.name = (n), .mode = S_IFDIR | 0555, .kind = PROC_FIXED, .children = (list)}
#define PROC_TEXT(n, fn) {.name = (n), .mode = S_IFREG | 0444, .kind = PROC_SHOWN, .show = (fn)}
#define PROC_CONST(n, text) \
    {.name = (n), .mode = S_IFREG | 0444, .kind = PROC_SAID, .constant = (text)}
#define PROC_SYMLINK(n, l, f) \
    {.name = (n), .mode = S_IFLNK | 0777, .kind = PROC_LINK, .link = (l), .follow = (f)}
#define PROC_SETTING(n, s, w) \
    {.name = (n), .mode = S_IFREG | 0644, .kind = PROC_SHOWN, .show = (s), .store = (w)}
#define PROC_MORE(list) {.name = "", .kind = PROC_MORE, .children = (list)}
#define PROC_ABSENT(part, names) {.name = (part), .kind = PROC_ABSENT, .constant = (names)}
#define PROC_LIST(n, m, f, x) \
    {.name = (n), .mode = S_IFDIR | (m), .kind = PROC_NUMBERS, .find = (f), .next = (x)}

#endif
