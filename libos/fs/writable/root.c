/* SPDX-License-Identifier: Apache-2.0 */
/* What the rest asks about the root: it can be changed. */
#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/path.h>

int read_only(const struct superblock *sb)
{
    (void)sb;
    return -EROFS;
}

unsigned root_flags(void)
{
    return 0;
}

IF_LINKED(part_writable, read_only, read_only_root);
IF_LINKED(part_writable, root_flags, root_flags_read_only);
