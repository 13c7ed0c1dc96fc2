/* SPDX-License-Identifier: Apache-2.0 */
/* Access to the program's memory: range checks around the architecture's mended copies. */
#include <u2k/errno.h>
#include <u2k/platform.h>
#include <u2k/string.h>
#include <u2k/uaccess.h>

/* How many of the bytes at `at` lie in the program's part of the address space. */
static size_t user_extent(vaddr_t at, size_t len)
{
    const struct plat_info *p = plat_info;
    vaddr_t end = p->user_hi;

    if (p->reserved_lo < p->reserved_hi && at < p->reserved_hi)
        end = MIN(end, p->reserved_lo);
    if (at < p->user_lo || at >= end)
        return 0;
    return MIN(len, end - at);
}

static inline void *pointer(vaddr_t at)
{
    return (void *)at;
}

size_t user_read_some(void *dst, vaddr_t src, size_t len)
{
    size_t n = user_extent(src, len);

    return n - arch_user_copy(dst, pointer(src), n);
}

size_t user_write_some(vaddr_t dst, const void *src, size_t len)
{
    size_t n = user_extent(dst, len);

    return n - arch_user_copy(pointer(dst), src, n);
}

int user_read(void *dst, vaddr_t src, size_t len)
{
    return user_read_some(dst, src, len) == len ? 0 : -EFAULT;
}

int user_write(vaddr_t dst, const void *src, size_t len)
{
    return user_write_some(dst, src, len) == len ? 0 : -EFAULT;
}

int user_zero(vaddr_t dst, size_t len)
{
    return user_extent(dst, len) == len && !arch_user_clear(pointer(dst), len) ? 0 : -EFAULT;
}

/* In pieces that end at multiples of 64: short strings stay cheap, and no piece reaches into a page
 * that the string does not. */
ssize_t user_string(char *dst, vaddr_t src, size_t size)
{
    size_t done = 0;

    while (done < size) {
        size_t n = MIN(64 - ((src + done) & 63), size - done);
        size_t got = user_read_some(dst + done, src + done, n);
        const char *nul = memchr(dst + done, 0, got);
        if (nul)
            return nul - dst;
        if (got < n)
            return -EFAULT;
        done += n;
    }
    return -ENAMETOOLONG;
}

/* Touch the aligned word that `at` is in: it never crosses a page. */
static bool touch(vaddr_t at, unsigned access)
{
    uint32_t *word = pointer(ALIGN_DOWN(at, 4));
    uint32_t value, old;

    if (arch_user_load32(word, &value))
        return false;
    return !(access & PROT_WRITE) || !arch_user_cmpxchg32(word, value, value, &old);
}

size_t user_probe(vaddr_t at, size_t len, unsigned access)
{
    size_t n = user_extent(at, len), done = 0;

    while (done < n && touch(at + done, access))
        done = MIN(n, ALIGN_DOWN(at + done, PAGE_SIZE) + PAGE_SIZE - at);
    return done;
}

int user_load32(vaddr_t at, uint32_t *out)
{
    if (at & 3)
        return -EINVAL;
    return user_extent(at, 4) == 4 && !arch_user_load32(pointer(at), out) ? 0 : -EFAULT;
}

int user_cmpxchg32(vaddr_t at, uint32_t expect, uint32_t desired, uint32_t *old)
{
    if (at & 3)
        return -EINVAL;
    if (user_extent(at, 4) != 4)
        return -EFAULT;
    return arch_user_cmpxchg32(pointer(at), expect, desired, old) ? -EFAULT : 0;
}
