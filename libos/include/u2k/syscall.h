/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System call handlers. Each is a function sys_NAME in libos/abi/sys_GROUP.c, defined with
 * SYSCALL(NAME); the archive's sys_* symbols are the catalogue, converter/link makes the table.
 * Above each stands one line for docs/syscalls.md, which is generated:
 *     // NAME: implemented
 *     // NAME: partial: what is missing
 * Handlers are thin: check, translate, call core, fs or net. They return a result or -errno; the
 * ERESTART* codes of u2k/errno.h are for calls that a signal interrupted.
 */
#ifndef U2K_SYSCALL_H
#define U2K_SYSCALL_H

#include <u2k/arch.h>
#include <u2k/errno.h>
#include <u2k/types.h>

struct syscall {
    unsigned long arg[6];
    struct regs *regs;
};

typedef long (*syscall_fn)(struct syscall *sc);

#define SYSCALL(name) \
    long sys_##name(struct syscall *sc); \
    long sys_##name(__attribute__((unused)) struct syscall *sc)

/* Argument i as a type: pointers of the program are vaddr_t, file descriptors int. */
#define ARG(type, i) ((type)sc->arg[i])

extern const syscall_fn syscall_table[]; /* NULL: absent from this unikernel */
extern const unsigned syscall_table_size;

/* The name of call `nr`, NULL if the architecture has no such call. */
const char *syscall_name(unsigned nr);

#endif
