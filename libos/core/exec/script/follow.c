/* SPDX-License-Identifier: Apache-2.0 */
/* From a script to the program that interprets it. */
#include "../exec.h"

#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/string.h>
#include <u2k/vfs.h>

#define DEPTH_MAX 5 /* scripts that are interpreted by scripts */

/* argv[0] gives way to: interpreter [argument] script. */
static int prepend(struct exec_args *a, const char *interpreter, const char *argument,
                   const char *script)
{
    struct exec_args b = {.limit = a->limit, .filename = a->filename};
    const char *rest = a->text;
    size_t skip = a->argc ? strlen(a->text) + 1 : 0;

    int error = exec_args_add(&b, interpreter, strlen(interpreter), false);
    if (!error && argument)
        error = exec_args_add(&b, argument, strlen(argument), false);
    if (!error)
        error = exec_args_add(&b, script, strlen(script), false);
    for (size_t i = 0; i < a->argc + a->envc && !error; i++) {
        size_t len = strlen(rest);
        if (rest != a->text || !skip)
            error = exec_args_add(&b, rest, len, i >= a->argc);
        rest += len + 1;
    }
    if (error) {
        b.filename = NULL;
        exec_args_release(&b);
        return error;
    }
    a->filename = NULL;
    exec_args_release(a);
    *a = b;
    return 0;
}

int exec_follow_scripts(struct file **f, struct exec_args *a)
{
    char head[HEAD_SIZE], *interpreter, *argument;
    char *script = NULL; /* the name of the present *f, where it is one from a script */
    int error = 0;

    for (unsigned depth = 0; !error; depth++) {
        memset(head, 0, sizeof(head));
        ssize_t n = file_read_at(*f, head, sizeof(head), 0);
        if (n < 0) {
            error = (int)n;
            break;
        }
        if (script_parse(head, &interpreter, &argument))
            break;
        if (depth == DEPTH_MAX) {
            error = -ELOOP;
            break;
        }
        error = prepend(a, interpreter, argument, script ? script : a->filename);
        if (error)
            break;
        struct file *next;
        error = vfs_open_exec(interpreter, &next);
        if (error)
            break;
        exec_file_done(*f);
        *f = next;
        if (!script)
            script = heap_alloc(HEAD_SIZE);
        if (!script)
            error = -ENOMEM;
        else
            memcpy(script, interpreter, strlen(interpreter) + 1);
    }
    if (script)
        heap_free(script, HEAD_SIZE);
    return error;
}

IF_LINKED(part_script, exec_follow_scripts, exec_no_scripts);
