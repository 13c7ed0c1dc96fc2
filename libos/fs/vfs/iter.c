/* SPDX-License-Identifier: Apache-2.0 */
/* Copies between library OS memory and a gathering of buffers. */
#include <u2k/errno.h>
#include <u2k/string.h>
#include <u2k/uaccess.h>
#include <u2k/vfs.h>

enum direction { INTO, OUT_OF, ZERO };

static size_t copy_one(const struct iter *it, vaddr_t at, uint8_t *mem, size_t n,
                       enum direction dir)
{
    if (it->kernel) {
        if (dir == INTO)
            memcpy((void *)at, mem, n);
        else if (dir == OUT_OF)
            memcpy(mem, (const void *)at, n);
        else
            memset((void *)at, 0, n);
        return n;
    }
    if (dir == INTO)
        return user_write_some(at, mem, n);
    if (dir == OUT_OF)
        return user_read_some(mem, at, n);
    return user_zero(at, n) == 0 ? n : 0;
}

static size_t iter_copy(struct iter *it, uint8_t *mem, size_t n, enum direction dir)
{
    size_t done = 0;
    n = MIN(n, it->left);
    while (done < n) {
        if (it->offset == it->vec->len) {
            it->vec++;
            it->count--;
            it->offset = 0;
            continue;
        }
        size_t piece = MIN(n - done, it->vec->len - it->offset);
        size_t got = copy_one(it, it->vec->base + it->offset, mem ? mem + done : NULL, piece, dir);
        it->offset += got;
        it->left -= got;
        done += got;
        if (got < piece)
            break; /* a fault ends it */
    }
    return done;
}

/* Most calls are for one buffer of the program's, or a piece of one. */
static bool in_one(const struct iter *it, size_t n)
{
    return LIKELY(n - 1 < it->left && !it->kernel && n <= it->vec->len - it->offset);
}

size_t iter_write(struct iter *it, const void *src, size_t n)
{
    if (in_one(it, n)) {
        size_t got = user_write_some(it->vec->base + it->offset, src, n);
        iter_advance(it, got);
        return got;
    }
    return iter_copy(it, (uint8_t *)(uintptr_t)src, n, INTO);
}

size_t iter_read(void *dst, struct iter *it, size_t n)
{
    if (in_one(it, n)) {
        size_t got = user_read_some(dst, it->vec->base + it->offset, n);
        iter_advance(it, got);
        return got;
    }
    return iter_copy(it, dst, n, OUT_OF);
}

size_t iter_zero(struct iter *it, size_t n)
{
    return iter_copy(it, NULL, n, ZERO);
}

ssize_t read_buffer(const void *buf, size_t len, struct iter *it, int64_t *pos)
{
    if (*pos < 0 || (uint64_t)*pos >= len)
        return 0;
    size_t want = MIN(len - (size_t)*pos, it->left);
    size_t n = iter_write(it, (const uint8_t *)buf + *pos, want);
    if (n == 0 && want > 0)
        return -EFAULT;
    *pos += (int64_t)n;
    return (ssize_t)n;
}

size_t iter_span(struct iter *it, unsigned access, size_t max, void **at)
{
    while (it->left > 0 && it->offset == it->vec->len) {
        it->vec++;
        it->count--;
        it->offset = 0;
    }
    if (it->left == 0)
        return 0;
    vaddr_t start = it->vec->base + it->offset;
    size_t len = MIN(MIN(max, it->left), it->vec->len - it->offset);
    *at = (void *)start;
    return it->kernel ? len : user_probe(start, len, access);
}

void iter_advance(struct iter *it, size_t n)
{
    it->offset += n;
    it->left -= n;
}
