/* SPDX-License-Identifier: Apache-2.0 */
/* /dev/null from fs/stream, /dev/zero, /dev/full, /dev/random, /dev/urandom (null(4), random(4)). */
#include <u2k/arch.h>
#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/platform.h>
#include <u2k/streams.h>
#include <u2k/string.h>

static ssize_t write_full(struct file *f, struct iter *it, int64_t *pos)
{
    (void)f, (void)it, (void)pos;
    return -ENOSPC;
}

static ssize_t read_zeros(struct file *f, struct iter *it, int64_t *pos)
{
    (void)f, (void)pos;
    size_t want = it->left, n = iter_zero(it, want);
    return n == 0 && want > 0 ? -EFAULT : (ssize_t)n;
}

static int random_fill(uint8_t *out, size_t len)
{
    int err = plat_random(out, len);
    for (size_t i = 0; err < 0 && i < len; i += sizeof(uint64_t)) {
        uint64_t word;
        if (!arch_random64(&word))
            return err;
        memcpy(out + i, &word, MIN(len - i, sizeof word));
    }
    return 0;
}

static ssize_t read_random(struct file *f, struct iter *it, int64_t *pos)
{
    (void)f, (void)pos;
    uint8_t bytes[256];
    size_t done = 0;
    int err = 0;
    while (it->left > 0) {
        size_t want = MIN(it->left, sizeof bytes), n;
        if ((err = random_fill(bytes, want)) < 0)
            break;
        n = iter_write(it, bytes, want);
        done += n;
        if (n < want) {
            err = -EFAULT;
            break;
        }
    }
    return done > 0 ? (ssize_t)done : err;
}

static const struct file_ops zero_ops = {
    .read = read_zeros, .write = null_write, .seek = seek_nowhere};
static const struct file_ops full_ops = {
    .read = read_zeros, .write = write_full, .seek = seek_nowhere};
static const struct file_ops random_ops = {
    .read = read_random, .write = null_write, .seek = seek_nowhere};

const struct file_ops *device_ops(uint64_t rdev)
{
    switch (rdev) {
    case MKDEV(1, 3): return &null_file_ops;
    case MKDEV(1, 5): return &zero_ops;
    case MKDEV(1, 7): return &full_ops;
    case MKDEV(1, 8):
    case MKDEV(1, 9): return &random_ops;
    case MKDEV(5, 0):
    case MKDEV(5, 1):
    case MKDEV(136, 0): return tty_present() ? &tty_file_ops : NULL;
    default: return NULL;
    }
}

IF_LINKED(part_devfs, device_ops, device_missing);
