/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An absent call gives ENOSYS and says so once, with how to get it; the host puts the call's name to its
 * number (converter/run/calls.py). Calls that programs only try, and whose absence they handle on every Linux
 * old enough (quiet.txt), are told at a higher log level.
 */
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/syscall.h>

enum { NUMBERS = 512 /* more than any architecture has */ };

/* The form of the line is a contract: u2k/log.h. */
static void tell(long nr, bool known, bool quiet)
{
    enum log_level level = quiet ? LOG_INFO : LOG_WARNING;
    const char *rest = quiet && known ? ", programs do without" : "";

    if (known)
        log_line(level,
                 "system call %ld is not in this unikernel: ENOSYS%s; add it with: u2k convert "
                 "--add-syscall %ld",
                 nr, rest, nr);
    else
        log_line(level, "system call %ld is not in the library OS: ENOSYS%s", nr, rest);
}

long syscall_absent(struct syscall *sc)
{
    static uint8_t told[NUMBERS / 8];
    unsigned long nr = (unsigned long)arch_syscall_nr(sc->regs);
    bool known = false, quiet = false;

    nr = MIN(nr, NUMBERS - 1ul);
    uint8_t bit = (uint8_t)(1u << nr % 8);
    if (nr / 32 >= syscall_word_count) {
        quiet = true; /* Linux has none of that number either */
    } else {
        known = syscall_words[nr / 32].known >> nr % 32 & 1;
        quiet |= syscall_words[nr / 32].quiet >> nr % 32 & 1;
    }
    if (told[nr / 8] & bit)
        return -ENOSYS;
    told[nr / 8] |= bit;
    tell(arch_syscall_nr(sc->regs), known, quiet);
    return -ENOSYS;
}
