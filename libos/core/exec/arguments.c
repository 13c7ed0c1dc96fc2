/* SPDX-License-Identifier: Apache-2.0 */
/* Argument and environment strings on their way to a new program, with Linux's limits. */
#include "exec.h"

#include <u2k/pages.h>
#include <u2k/process.h>
#include <u2k/string.h>
#include <u2k/uaccess.h>

#define STRING_MAX (128ul << 10) /* MAX_ARG_STRLEN, with the NUL */
#define TOTAL_MAX (6ul << 20)    /* three quarters of the default stack limit */

static size_t total_limit(struct exec_args *a)
{
    if (!a->limit) {
        uint64_t quarter = process.limits[RLIMIT_STACK].soft / 4;
        a->limit = MAX(MIN(quarter, TOTAL_MAX), STRING_MAX);
    }
    return a->limit;
}

/* Room for `len` more bytes; strings and the pointers to them count. */
static int reserve(struct exec_args *a, size_t len)
{
    size_t limit = total_limit(a), pointers = (a->argc + a->envc + 1) * sizeof(vaddr_t);

    if (pointers > limit || len > limit - pointers || a->len > limit - pointers - len)
        return -E2BIG;
    if (a->len + len <= a->size)
        return 0;
    size_t size = MAX(a->size ? 2 * a->size : 1024, a->len + len);
    char *text = heap_resize(a->text, a->size, size);
    if (!text)
        return -ENOMEM;
    a->text = text;
    a->size = size;
    return 0;
}

int exec_args_name(struct exec_args *a, const char *filename)
{
    size_t size = strlen(filename) + 1;

    a->filename = heap_alloc(size);
    if (!a->filename)
        return -ENOMEM;
    memcpy(a->filename, filename, size);
    return 0;
}

int exec_args_add(struct exec_args *a, const char *text, size_t len, bool environment)
{
    int error = len < STRING_MAX ? reserve(a, len + 1) : -E2BIG;

    if (error)
        return error;
    memcpy(a->text + a->len, text, len);
    a->text[a->len + len] = 0;
    a->len += len + 1;
    *(environment ? &a->envc : &a->argc) += 1;
    return 0;
}

static int read_string(struct exec_args *a, vaddr_t at, bool environment)
{
    size_t start = a->len;

    for (size_t piece = 64;; piece = MIN(2 * piece, PAGE_SIZE)) {
        size_t done = a->len - start;
        if (done >= STRING_MAX)
            return -E2BIG;
        piece = MIN(piece, STRING_MAX - done);
        int error = reserve(a, piece);
        if (error == -E2BIG) { /* the end may be nearer than the piece's */
            piece = 1;
            error = reserve(a, piece);
        }
        if (error)
            return error;
        ssize_t n = user_string(a->text + a->len, at + done, piece);
        if (n >= 0) {
            a->len += (size_t)n + 1;
            *(environment ? &a->envc : &a->argc) += 1;
            return 0;
        }
        if (n != -ENAMETOOLONG)
            return (int)n;
        a->len += piece;
    }
}

int exec_args_read(struct exec_args *a, vaddr_t array, bool environment)
{
    vaddr_t at;

    for (; array; array += sizeof(at)) { /* a NULL array is an empty one, as in Linux */
        if (USER_GET(at, array))
            return -EFAULT;
        if (!at)
            break;
        int error = read_string(a, at, environment);
        if (error)
            return error;
    }
    return 0;
}

void exec_args_release(struct exec_args *a)
{
    if (a->text)
        heap_free(a->text, a->size);
    if (a->filename)
        heap_free(a->filename, strlen(a->filename) + 1);
    *a = (struct exec_args){0};
}
