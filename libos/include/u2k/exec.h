/* SPDX-License-Identifier: Apache-2.0 */
/* Starting programs: what execve(2), execveat(2) and the start share. */
#ifndef U2K_EXEC_H
#define U2K_EXEC_H

#include <u2k/types.h>

struct file;

/* Argument and environment strings as they will lie on the stack: one behind the other, each with
 * its NUL, arguments first. Zeroed: empty. */
struct exec_args {
    char *text;
    size_t len, size; /* bytes used, bytes there */
    size_t argc, envc;
    size_t limit;   /* bytes of strings and pointers that may be, 0: ask RLIMIT_STACK */
    char *filename; /* what AT_EXECFN and the name of the process show */
};

int exec_args_name(struct exec_args *a, const char *filename); /* a copy; -ENOMEM */
int exec_args_add(struct exec_args *a, const char *text, size_t len, bool environment);
/* A NULL-terminated array of strings in the program's memory. -EFAULT, -E2BIG, -ENOMEM. */
int exec_args_read(struct exec_args *a, vaddr_t array, bool environment);
void exec_args_release(struct exec_args *a);

/* Replace the program by `f` (of vfs_open_exec(); taken over, as are the strings). Returns only if
 * it failed before the point of no return, with the old program intact. */
int exec_start(struct file *f, struct exec_args *a);

#endif
