/* SPDX-License-Identifier: Apache-2.0 */
/* The dynamic loader: it is mapped beside the program, and begins. */
#include "../exec.h"

#include <u2k/optional.h>
#include <u2k/vfs.h>

int interpreter_read(struct image *i)
{
    struct file *f;
    int error = vfs_open_exec(i->program.interpreter, &f);

    if (error)
        return error;
    error = elf_read(f, &i->interpreter);
    if (!error && elf_fits(&i->interpreter))
        return 0;
    if (!error)
        elf_release(&i->interpreter);
    error = error ? error : -ENOMEM;
    exec_file_done(f);
    return error == -ENOEXEC ? -ELIBBAD : error;
}

int interpreter_map(const struct image *i, struct start *s, vaddr_t *entry)
{
    vaddr_t bias = elf_bias_anywhere(&i->interpreter);
    int error = bias == UINTPTR_MAX ? -ENOMEM : elf_map(&i->interpreter, bias);

    s->interpreter_base = bias;
    *entry = i->interpreter.entry + bias;
    return error;
}

void interpreter_release(struct image *i)
{
    elf_release(&i->interpreter);
    exec_file_done(i->interpreter.file);
}

IF_LINKED(part_interpreter, interpreter_read, unlinked_never);
IF_LINKED(part_interpreter, interpreter_map, unlinked_never);
IF_LINKED(part_interpreter, interpreter_release, unlinked_never);
