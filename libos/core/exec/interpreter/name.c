/* SPDX-License-Identifier: Apache-2.0 */
/* The name of the dynamic loader, as the program has it. */
#include "../exec.h"

#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/vfs.h>

int interpreter_name(struct elf *e, uint64_t offset, uint64_t len)
{
    if (e->interpreter)
        return 0; /* the first one counts */
    if (len < 2 || len > PATH_MAX)
        return -ENOEXEC;
    e->interpreter = heap_alloc(PATH_MAX);
    if (!e->interpreter)
        return -ENOMEM;
    ssize_t n = file_read_at(e->file, e->interpreter, len, offset);
    if (n < 0 || (uint64_t)n != len)
        return n < 0 ? (int)n : -EIO;
    return e->interpreter[len - 1] ? -ENOEXEC : 0;
}

IF_LINKED(part_interpreter, interpreter_name, interpreter_missing);
