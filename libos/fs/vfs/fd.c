/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptor table: the lowest free one is found through a bitmap of used ones and a bitmap of
 * full words of it. */
#include <u2k/errno.h>
#include <u2k/fd.h>
#include <u2k/lock.h>
#include <u2k/pages.h>
#include <u2k/process.h>
#include <u2k/string.h>

#define LIMIT (1u << 20) /* fs.nr_open */
#define WORDS(n) ((n) / 64)

static struct file **files;
static uint64_t *used, *cloexec, *full; /* `full`: bit w is used[w] without a zero bit */
static unsigned size;

unsigned fd_capacity(void)
{
    return size;
}

static void *grown(void *p, size_t old, size_t new_size)
{
    void *q = heap_alloc(new_size);
    if (q && p)
        memcpy(q, p, old);
    return q;
}

static int grow(unsigned need)
{
    unsigned n = size ? size : 64;
    while (n < need)
        n *= 2;
    struct file **f = grown(files, size * sizeof *f, n * sizeof *f);
    uint64_t *u = grown(used, WORDS(size) * 8u, WORDS(n) * 8u);
    uint64_t *c = grown(cloexec, WORDS(size) * 8u, WORDS(n) * 8u);
    uint64_t *b = grown(full, (WORDS(size) + 63) / 64 * 8u, (WORDS(n) + 63) / 64 * 8u);
    if (!f || !u || !c || !b) {
        if (f)
            heap_free(f, n * sizeof *f);
        if (u)
            heap_free(u, WORDS(n) * 8u);
        if (c)
            heap_free(c, WORDS(n) * 8u);
        if (b)
            heap_free(b, (WORDS(n) + 63) / 64 * 8u);
        return -ENOMEM;
    }
    if (files) {
        heap_free(files, size * sizeof *f);
        heap_free(used, WORDS(size) * 8u);
        heap_free(cloexec, WORDS(size) * 8u);
        heap_free(full, (WORDS(size) + 63) / 64 * 8u);
    }
    files = f;
    used = u;
    cloexec = c;
    full = b;
    size = n;
    return 0;
}

/* The lowest zero bit from `from` on, `size` if there is none. */
static unsigned lowest_free(unsigned from)
{
    if (from >= size)
        return from;
    uint64_t w = ~used[from / 64] & ~0ull << from % 64;
    if (w)
        return (from & ~63u) + (unsigned)__builtin_ctzll(w);
    unsigned word = from / 64 + 1, words = WORDS(size);
    while (word < words) {
        uint64_t open = ~full[word / 64] & ~0ull << word % 64;
        if (open) {
            word = (word & ~63u) + (unsigned)__builtin_ctzll(open);
            return word < words ? word * 64 + (unsigned)__builtin_ctzll(~used[word]) : size;
        }
        word = (word & ~63u) + 64;
    }
    return size;
}

static void put(unsigned fd, struct file *f, bool on_exec)
{
    files[fd] = f;
    used[fd / 64] |= 1ull << fd % 64;
    if (~used[fd / 64] == 0)
        full[fd / 4096] |= 1ull << fd / 64 % 64;
    fd_set_cloexec((int)fd, on_exec);
}

static uint64_t limit(void)
{
    return MIN(process.limits[RLIMIT_NOFILE].soft, (uint64_t)LIMIT);
}

int fd_available(void)
{
    return lowest_free(0) < limit() ? 0 : -EMFILE;
}

int fd_install(struct file *f, int from, bool on_exec)
{
    unsigned fd = lowest_free((unsigned)from);
    int err = fd >= limit() ? -EMFILE : fd >= size ? grow(fd + 1) : 0;
    if (err < 0) {
        file_unref(f);
        return err;
    }
    put(fd, f, on_exec);
    return (int)fd;
}

static void closed(struct file *f)
{
    if (f->inode && !list_empty(&f->inode->locks))
        lock_release_posix(f->inode);
    file_unref(f);
}

int fd_replace(struct file *f, int fd, bool on_exec)
{
    int err = fd < 0 || (unsigned)fd >= limit() ? -EBADF : 0;
    if (err == 0 && (unsigned)fd >= size)
        err = grow((unsigned)fd + 1);
    if (err < 0) {
        file_unref(f);
        return err;
    }
    struct file *old = files[fd];
    put((unsigned)fd, f, on_exec);
    if (old)
        closed(old);
    return fd;
}

struct file *fd_peek(int fd)
{
    return fd >= 0 && (unsigned)fd < size ? files[fd] : NULL;
}

struct file *fd_get(int fd)
{
    struct file *f = fd_peek(fd);
    return f ? file_ref(f) : NULL;
}

struct file *fd_get_io(int fd)
{
    struct file *f = fd_peek(fd);
    return f && f->ops ? file_ref(f) : NULL;
}

int fd_close(int fd)
{
    struct file *f = fd_peek(fd);
    if (!f)
        return -EBADF;
    files[fd] = NULL;
    used[fd / 64] &= ~(1ull << fd % 64);
    full[fd / 4096] &= ~(1ull << fd / 64 % 64);
    fd_set_cloexec(fd, false);
    closed(f);
    return 0;
}

int fd_next(int fd)
{
    for (unsigned i = fd < 0 ? 0 : (unsigned)fd; i < size; i = (i & ~63u) + 64) {
        uint64_t w = used[i / 64] & ~0ull << i % 64;
        if (w)
            return (int)((i & ~63u) + (unsigned)__builtin_ctzll(w));
    }
    return -1;
}

bool fd_cloexec(int fd)
{
    return cloexec[fd / 64] >> fd % 64 & 1;
}

void fd_set_cloexec(int fd, bool on)
{
    uint64_t bit = 1ull << fd % 64;
    cloexec[fd / 64] = (cloexec[fd / 64] & ~bit) | (on ? bit : 0);
}

void fd_close_on_exec(void)
{
    for (int fd = fd_next(0); fd >= 0; fd = fd_next(fd + 1))
        if (fd_cloexec(fd))
            fd_close(fd);
}
