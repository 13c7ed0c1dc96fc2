/* SPDX-License-Identifier: Apache-2.0 */
/* What stands for functions that were not linked, and what is said of parts that were not. */
#include <u2k/log.h>
#include <u2k/optional.h>
#include <u2k/string.h>

NORETURN void unlinked_never(void)
{
    panic("not linked");
}

long unlinked_nothing(void)
{
    return 0;
}

void part_missing(const char *name, const char *what)
{
    enum { PARTS = 16 };
    static const char *told[PARTS];

    for (unsigned i = 0; i < PARTS; i++) {
        if (told[i] && strcmp(told[i], name) == 0)
            return;
        if (!told[i]) {
            told[i] = name;
            log_warning(
                "part %s is not in this unikernel: %s; add it with: u2k convert --add-part %s",
                name, what, name);
            return;
        }
    }
}
