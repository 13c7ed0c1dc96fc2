/* SPDX-License-Identifier: Apache-2.0 */
/* The signal mask of calls that wait with one of their own. */
#include "wait.h"

#include <u2k/errno.h>
#include <u2k/sched.h>
#include <u2k/uaccess.h>

int mask_begin(vaddr_t at, size_t size)
{
    uint64_t mask;
    if (!at)
        return 0;
    if (size != sizeof mask)
        return -EINVAL;
    if (USER_GET(mask, at) < 0)
        return -EFAULT;
    current->saved_mask = current->blocked;
    current->restore_mask = true;
    signal_mask_set(mask);
    return 0;
}

void mask_end(vaddr_t at)
{
    if (at && current->restore_mask) {
        current->restore_mask = false;
        signal_mask_set(current->saved_mask);
    }
}
