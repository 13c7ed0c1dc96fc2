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

/* The tables, which converter/link/table.py writes. A number's handler is
 * syscall_handlers[syscall_index[nr]]; those beyond and those without one have syscall_absent(). */
extern const syscall_fn syscall_handlers[];
extern const uint16_t syscall_index[];
extern const unsigned syscall_index_size;
extern const long syscall_restart_nr; /* restart_syscall(2) */

/* For the numbers below syscall_name_count, in order: nothing for those linked or not known, else a mark and
 * the name, each with a NUL behind it. A byte of 128 + i is the two of pair i. */
enum { SYSCALL_LINKABLE = '+', SYSCALL_UNKNOWN = '-' }; /* whether the library OS has it */
extern const uint8_t syscall_name_pairs[][2];
extern const uint8_t syscall_names[];
extern const unsigned syscall_name_count;
extern const uint16_t syscall_quiet[]; /* numbers of those that programs only try: core/quiet.txt */
extern const unsigned syscall_quiet_count;

/* What serves a call that is absent: -ENOSYS, and once for each number a line in the log. */
long syscall_absent(struct syscall *sc);

#endif
