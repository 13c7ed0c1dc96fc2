/* SPDX-License-Identifier: Apache-2.0 */
/* What stands for pipes in a unikernel without them: the image may still have a FIFO. */
#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/pipe.h>

static int fifo_open(struct file *f)
{
    (void)f;
    part_missing("pipe", "a FIFO was opened");
    return -ENXIO;
}

const struct file_ops fifo_missing_ops = {.open = fifo_open};

long pipe_none(struct file *f)
{
    (void)f;
    return -EBADF; /* F_GETPIPE_SZ of what is no pipe */
}
