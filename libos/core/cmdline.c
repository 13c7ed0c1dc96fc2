/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line in Linux's dialect (Documentation/admin-guide/kernel-parameters.rst).
 *
 * What Linux does not know it passes to init: NAME=value into the environment, bare words as
 * arguments. We do the first for names of the form that POSIX gives to variables (XBD 8.1: capitals,
 * digits, underscores), since hypervisors and boot loaders append small ones (console=, root=, panic=,
 * pci= ...); u2k.env= sets any. We do not do the second: they append bare words too (quiet, ro, nomodules),
 * and arguments that appear from nowhere are worse than none. A program's arguments come after `--` or in
 * u2k.arg=.
 */
#include "cmdline.h"

#include <u2k/boot.h>
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/pages.h>
#include <u2k/string.h>

struct token *cmdline_tokens;
static struct token **tail = &cmdline_tokens;
static bool after_dashes;

const char *token_value(const struct token *t, const char *name)
{
    size_t n = strlen(name);

    return !t->argument && t->len > n && !memcmp(t->text, name, n) && t->text[n] == '='
               ? t->text + n + 1
               : NULL;
}

bool token_is_environment(const struct token *t)
{
    const char *p = t->text;

    while (*p == '_' || (*p >= 'A' && *p <= 'Z') || (p > t->text && *p >= '0' && *p <= '9'))
        p++;
    return !t->argument && p > t->text && *p == '=' && strncmp(t->text, "BOOT_IMAGE=", 11);
}

int cmdline_token(const char *token, size_t len)
{
    if (!after_dashes && len == 2 && !memcmp(token, "--", 2)) {
        after_dashes = true;
        return 0;
    }
    struct token *t = heap_alloc(sizeof(*t) + len + 1);
    if (!t)
        return -ENOMEM;
    memcpy(t->text, token, len);
    t->len = strnlen(t->text, len);
    t->argument = after_dashes;
    *tail = t;
    tail = &t->next;
    return 0;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* What urunc makes of an argument with blanks in it (urunc, pkg/unikontainers/unikernels/linux.go): 'two words'. How
 * long it is with its quotes; 0: this is something else. */
static size_t single_quoted(const char *line, size_t len)
{
    if (!after_dashes || *line != '\'')
        return 0;
    for (size_t end = 1; end < len; end++)
        if (line[end] == '\'' && (end + 1 == len || is_space(line[end + 1])))
            return end + 1;
    return 0;
}

/*
 * Linux's next_arg(): a double quote keeps blanks together wherever it stands; it is taken off only
 * around the whole token or around the whole value.
 */
int cmdline_parse(const char *line, size_t len)
{
    size_t at = 0;

    len = strnlen(line, len);
    while (at < len) {
        if (is_space(line[at])) {
            at++;
            continue;
        }
        size_t whole = single_quoted(line + at, len - at);
        if (whole) {
            int error = cmdline_token(line + at + 1, whole - 2);
            if (error)
                return error;
            at += whole;
            continue;
        }
        char *token = heap_alloc(len - at);
        size_t size = len - at, used = 0;
        bool quoted = false, seen_equals = false, strip = false;
        size_t start = at;

        if (!token)
            return -ENOMEM;
        for (; at < len && (quoted || !is_space(line[at])); at++) {
            char c = line[at];
            quoted ^= c == '"';
            if (c == '"' && (at == start || (line[at - 1] == '=' && used && seen_equals &&
                                             memchr(token, '=', used) == token + used - 1))) {
                strip = true;
                continue;
            }
            seen_equals |= c == '=';
            token[used++] = c;
        }
        if (strip && used && token[used - 1] == '"')
            used--;
        int error = cmdline_token(token, used);
        heap_free(token, size);
        if (error)
            return error;
    }
    return 0;
}

const char *cmdline_each(const char *name, const void **at)
{
    const struct token *t = *at ? ((const struct token *)*at)->next : cmdline_tokens;
    const char *value = NULL;

    for (; t && !value; t = t->next) {
        *at = t;
        value = token_value(t, name);
    }
    return value;
}

const char *cmdline_value(const char *name)
{
    const char *value = NULL, *v;

    for (const void *at = NULL; (v = cmdline_each(name, &at));)
        value = v;
    return value;
}
