/* SPDX-License-Identifier: Apache-2.0 */
/* A test case is a function; a failed check tells the line and ends the program with status 1. */
#ifndef CHECK_H
#define CHECK_H

#include "stub.h"

#include <u2k/errno.h>
#include <u2k/fcntl.h>
#include <u2k/poll.h>
#include <u2k/process.h>
#include <u2k/string.h>
#include <u2k/vfs.h>

#include <asm/stat.h>

int dprintf(int fd, const char *format, ...);
void exit(int status);

#define CHECK(got, want) \
    do { \
        long got_ = (long)(got), want_ = (long)(want); \
        if (got_ != want_) { \
            dprintf(2, "%s:%d: %s is %ld, not %ld\n", __FILE__, __LINE__, #got, got_, want_); \
            exit(1); \
        } \
    } while (0)

#define SYSCALLS(x) \
    x(open) x(openat) x(openat2) x(creat) x(close) x(close_range) x(dup) x(dup2) x(dup3) x(pipe) \
        x(pipe2) x(read) x(write) x(pread64) x(pwrite64) x(readv) x(writev) x(preadv) x(pwritev) \
            x(lseek) x(sendfile) x(copy_file_range) x(truncate) x(ftruncate) x(fallocate) x(fsync) \
                x(stat) x(lstat) x(fstat) x(newfstatat) x(statx) x(statfs) x(access) x(faccessat2) \
                    x(getdents64) x(mkdir) x(mkdirat) x(mknod) x(symlink) x(rmdir) x(unlink) \
                        x(unlinkat) x(link) x(linkat) x(rename) x(renameat2) x(readlink) \
                            x(readlinkat) x(chdir) x(fchdir) x(getcwd) x(chroot) x(chmod) \
                                x(fchmod) x(chown) x(fchown) x(utimensat) x(getxattr) x(setxattr) \
                                    x(listxattr) x(removexattr) x(fcntl) x(flock) x(ioctl) \
                                        x(memfd_create) x(poll) x(ppoll) x(select) x(getdents)
#define DECLARE(name) long sys_##name(struct syscall *sc);
SYSCALLS(DECLARE)

static inline long open_(const char *path, unsigned flags, unsigned mode)
{
    return CALL(open, P(path), flags, mode);
}
static inline long write_text(const char *path, const char *text)
{
    long fd = open_(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);
    if (fd < 0)
        return fd;
    long n = CALL(write, P(fd), P(text), strlen(text));
    CALL(close, P(fd));
    return n;
}
/* The first bytes of a file, NUL-terminated; a negative error as a length. */
static inline long read_text(const char *path, char *out, size_t size)
{
    long fd = open_(path, O_RDONLY, 0);
    if (fd < 0)
        return fd;
    long n = CALL(read, P(fd), P(out), size - 1);
    out[n > 0 ? n : 0] = 0;
    CALL(close, P(fd));
    return n;
}
static inline bool has_text(const char *path, const char *want)
{
    char text[512];
    return read_text(path, text, sizeof text) == (long)strlen(want) && strcmp(text, want) == 0;
}
static inline long mode_of(const char *path)
{
    struct stat_k st;
    long err = CALL(lstat, P(path), P(&st));
    return err < 0 ? err : (long)st.mode;
}
/* How many entries a folder has, the dots counted too; `buffer` bytes a call. */
static inline long entries_in(const char *path, size_t buffer)
{
    char records[4096];
    long fd = open_(path, O_RDONLY | O_DIRECTORY, 0), n, count = 0;
    if (fd < 0)
        return fd;
    while ((n = CALL(getdents64, P(fd), P(records), buffer)) > 0)
        for (long at = 0; at < n; count++) {
            uint16_t len;
            memcpy(&len, records + at + 16, 2);
            at += len;
        }
    CALL(close, P(fd));
    return n < 0 ? n : count;
}

struct test {
    const char *name;
    void (*run)(void);
};
extern const struct test tests_names[], tests_data[], tests_io[], tests_special[], tests_left_out[];

#endif
