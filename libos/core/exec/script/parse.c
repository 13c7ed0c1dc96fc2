/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts: "#! interpreter [argument]" (execve(2), "Interpreter scripts"). */
#include "../exec.h"

#include <u2k/string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static char *skip_blanks(char *p, const char *end)
{
    while (p < end && is_blank(*p))
        p++;
    return p;
}

static char *skip_word(char *p, const char *end)
{
    while (p < end && !is_blank(*p) && *p)
        p++;
    return p;
}

int script_parse(char *head, char **interpreter, char **argument)
{
    if (head[0] != '#' || head[1] != '!')
        return -ENOEXEC;
    char *end = memchr(head, '\n', HEAD_SIZE);
    if (!end) {
        /* A cut line is fine if only its argument is cut (Linux 5.0), or if the file ended. */
        end = head + HEAD_SIZE - 1;
        char *word = skip_blanks(head + 2, end);
        if (word == end || (skip_word(word, end) == end && *end && !is_blank(*end)))
            return -ENOEXEC;
    }
    while (end > head + 2 && is_blank(end[-1]))
        end--;
    *end = 0;
    char *name = skip_blanks(head + 2, end);
    if (name == end || !*name)
        return -ENOEXEC;
    char *after = skip_word(name, end);
    char *rest = skip_blanks(after, end);
    *after = 0;
    *interpreter = name;
    *argument = rest < end && *rest ? rest : NULL;
    return 0;
}
