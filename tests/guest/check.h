/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What guests print with: one fact a line, "name: value", never an address or a time, so that a
 * difference from the native run names the call that went wrong.
 */
#ifndef GUEST_CHECK_H
#define GUEST_CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* The name of the error rather than a number: a diff is read by people. */
static inline const char *error_name(int error)
{
    static char other[16];
    static const struct {
        int number;
        const char *name;
    } names[] = {
        {E2BIG, "E2BIG"},
        {EACCES, "EACCES"},
        {EAGAIN, "EAGAIN"},
        {EBADF, "EBADF"},
        {EBUSY, "EBUSY"},
        {ECHILD, "ECHILD"},
        {EDEADLK, "EDEADLK"},
        {EDOM, "EDOM"},
        {EEXIST, "EEXIST"},
        {EFAULT, "EFAULT"},
        {EFBIG, "EFBIG"},
        {EINTR, "EINTR"},
        {EINVAL, "EINVAL"},
        {EIO, "EIO"},
        {EISDIR, "EISDIR"},
        {ELOOP, "ELOOP"},
        {EMFILE, "EMFILE"},
        {EMLINK, "EMLINK"},
        {ENAMETOOLONG, "ENAMETOOLONG"},
        {ENODATA, "ENODATA"},
        {ENODEV, "ENODEV"},
        {ENOENT, "ENOENT"},
        {ENOEXEC, "ENOEXEC"},
        {ENOLCK, "ENOLCK"},
        {ENOMEM, "ENOMEM"},
        {ENOSPC, "ENOSPC"},
        {ENOSYS, "ENOSYS"},
        {ENOTDIR, "ENOTDIR"},
        {ENOTEMPTY, "ENOTEMPTY"},
        {ENOTSUP, "ENOTSUP"},
        {ENOTTY, "ENOTTY"},
        {ENXIO, "ENXIO"},
        {EOVERFLOW, "EOVERFLOW"},
        {EPERM, "EPERM"},
        {EPIPE, "EPIPE"},
        {ERANGE, "ERANGE"},
        {EROFS, "EROFS"},
        {ESPIPE, "ESPIPE"},
        {ESRCH, "ESRCH"},
        {ETIMEDOUT, "ETIMEDOUT"},
        {ETXTBSY, "ETXTBSY"},
        {EXDEV, "EXDEV"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].number == error)
            return names[i].name;
    snprintf(other, sizeof(other), "errno %d", error);
    return other;
}

/* A number that is the same everywhere. */
static inline void fact(const char *name, long long value)
{
    printf("%s: %lld\n", name, value);
}

/* A bit mask or mode. */
static inline void octal(const char *name, unsigned long value)
{
    printf("%s: 0%lo\n", name, value);
}

static inline void text(const char *name, const char *value)
{
    printf("%s: %s\n", name, value);
}

static inline void yes(const char *name, bool value)
{
    text(name, value ? "yes" : "no");
}

/* What a call gave: its result, or the error's name. */
#define result(name, call) \
    do { \
        errno = 0; \
        long result_ = (long)(call); \
        if (result_ == -1) \
            text(name, error_name(errno)); \
        else \
            fact(name, result_); \
    } while (0)

/* As `result` for calls whose good result varies (descriptors, addresses): "ok" or the error. */
#define works(name, call) \
    do { \
        errno = 0; \
        text(name, (long)(call) == -1 ? error_name(errno) : "ok"); \
    } while (0)

/* A call the rest of the guest cannot do without. */
#define must(call) \
    __extension__({ \
        long must_ = (long)(call); \
        if (must_ == -1) { \
            printf("%s:%d: %s: %s\n", __FILE__, __LINE__, #call, strerror(errno)); \
            exit(99); \
        } \
        must_; \
    })

/* An empty folder of the guest's own, entered. Native runs share /tmp with others. */
static inline void own_folder(void)
{
    static char name[] = "/tmp/guest-XXXXXX";

    if (!mkdtemp(name) || chdir(name)) {
        printf("no folder of its own: %s\n", strerror(errno));
        exit(99);
    }
}

#endif
