/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System call handlers. Each is a function sys_NAME in libos/abi/sys_GROUP.c, defined with
 * SYSCALL(NAME); the archive's sys_* symbols are the catalogue, converter/link makes the table.
 * Above each stands one line for docs/reference/syscalls.md, which is generated:
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

/* The tables, which converter/link/table.py writes: of the numbers from 32 * i, a bit each in word i. */
struct syscall_word {
    uint32_t linked;
    uint32_t known; /* the library OS has it, so that it could be linked */
    uint32_t quiet; /* programs only try it: core/quiet.txt */
    uint32_t first; /* place of the first linked one in syscall_handlers */
};
extern const struct syscall_word syscall_words[];
extern const unsigned syscall_word_count;
/* By number, those that are linked; the first is syscall_absent. */
extern const syscall_fn syscall_handlers[];
extern const long syscall_restart_nr; /* of restart_syscall(2) */

/* The place of a call in syscall_handlers; 0 if it is not linked. */
unsigned syscall_place(unsigned long nr);

/* What serves a call that is absent: -ENOSYS, and once for each number a line in the log. */
long syscall_absent(struct syscall *sc);

#endif
