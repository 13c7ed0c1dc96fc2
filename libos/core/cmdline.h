/* SPDX-License-Identifier: Apache-2.0 */
/* Core's own: the tokens of the command line, in order, for merging with the boot record. */
#ifndef U2K_CORE_CMDLINE_H
#define U2K_CORE_CMDLINE_H

#include <u2k/types.h>

struct token {
    struct token *next;
    bool argument; /* came after `--` */
    size_t len;
    char text[]; /* NUL-terminated */
};

extern struct token *cmdline_tokens;

/* The value if `t` is NAME=value with this name, else NULL. */
const char *token_value(const struct token *t, const char *name);

/* Is this NAME=value one for the program's environment? */
bool token_is_environment(const struct token *t);

#endif
