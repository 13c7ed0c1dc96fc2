/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that only some unikernels need, though something that all of them have refers to them: a table
 * of operations, a rare case. At file scope, beside the function:
 *
 *   IF_LINKED(condition, symbol, otherwise);
 *
 * `symbol` (not static) is linked if `condition` is: another symbol, or part_NAME for a part that was
 * chosen. With several lines any of the conditions is enough. Where none holds, `otherwise` stands in its
 * place for the linker, so it is called, or pointed to, instead: with the arguments of `symbol`. Callers need
 * not know. converter/link/optional.py does the work. A function that its own file calls is OPTIONAL, so
 * that the compiler leaves the call to the linker.
 */
#ifndef U2K_OPTIONAL_H
#define U2K_OPTIONAL_H

#include <u2k/types.h>

#define OPTIONAL __attribute__((noinline))

#if __STDC_HOSTED__
#define IF_LINKED(condition, symbol, otherwise) _Static_assert(1, "a hosted test has everything")
#else
#define IF_LINKED(condition, symbol, otherwise) \
    __asm__(".globl if_linked." #condition "." #symbol "." #otherwise \
            "\n.set if_linked." #condition "." #symbol "." #otherwise ", 0")
#endif

/* For what cannot be called where the condition does not hold: a panic that says so. */
NORETURN void unlinked_never(void);
/* For what has nothing to do there: 0, false, NULL. */
long unlinked_nothing(void);

/* Part `name` is wanted and was not chosen: once for each, a line in the log with the option that adds it.
 * `what` is what it is wanted for. */
void part_missing(const char *name, const char *what);

#endif
