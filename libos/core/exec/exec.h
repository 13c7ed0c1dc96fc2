/* SPDX-License-Identifier: Apache-2.0 */
/* Core's own: the parts of execve(2). */
#ifndef U2K_CORE_EXEC_H
#define U2K_CORE_EXEC_H

#include <u2k/errno.h>
#include <u2k/exec.h>
#include <u2k/types.h>

#define HEAD_SIZE 256 /* Linux's BINPRM_BUF_SIZE: what a script's first line has to fit in */

struct elf_segment {
    uint64_t vaddr, offset, filesz, memsz;
    unsigned prot;
};

/* A checked ELF64 file: addresses are as in the file, without a load bias. */
struct elf {
    struct file *file;
    struct elf_segment *segments; /* PT_LOADs */
    size_t count;
    char *interpreter; /* PT_INTERP, NULL: none */
    uint64_t entry, low, high; /* extent of all segments, in whole pages */
    uint64_t align;
    uint64_t phdr;     /* address of the program headers, 0: not in a segment */
    uint16_t phnum;
    bool position_independent, exec_stack;
};

/* What is to be mapped; interpreter.file is NULL for a static program. */
struct image {
    struct elf program, interpreter;
};

/* Read and check; -ENOEXEC, -EINVAL, -ENOMEM, -EIO. On success elf_release() is due. */
int elf_read(struct file *f, struct elf *out);
void elf_release(struct elf *e);
int elf_map(const struct elf *e, uint64_t bias);
bool elf_fits(const struct elf *e); /* can it be mapped where it wants to be, or anywhere? */
vaddr_t elf_bias_anywhere(const struct elf *e); /* UINTPTR_MAX: no room */
void exec_file_done(struct file *f);

/* The dynamic loader, part `interpreter`. */
struct start;
int interpreter_name(struct elf *e, uint64_t offset, uint64_t len); /* of PT_INTERP, into `e` */
int interpreter_read(struct image *i);
int interpreter_map(const struct image *i, struct start *s, vaddr_t *entry);
void interpreter_release(struct image *i);

/* Follow `#!` lines until *f is no script; part `script`. */
int exec_follow_scripts(struct file **f, struct exec_args *a);
int exec_no_scripts(struct file **f, struct exec_args *a);

/* Is `head` (HEAD_SIZE bytes, zero-padded) a script: its interpreter and its argument or NULL, both
 * in `head`, which is changed. -ENOEXEC if it is none. */
int script_parse(char *head, char **interpreter, char **argument);

/* The new stack's contents; gives the stack pointer. `bias` values are those the files got. */
struct start {
    const struct elf *program;
    uint64_t bias, interpreter_base, entry;
    bool secure;
};
int stack_build(const struct exec_args *args, const struct start *s, uintptr_t *sp);

#endif
