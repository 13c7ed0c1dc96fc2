/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An absent call gives ENOSYS and says so once, with its name and how to get it. Calls that programs only
 * try, and whose absence they handle on every Linux old enough (quiet.txt), are told at a higher log level.
 */
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/string.h>
#include <u2k/syscall.h>

#define NUMBERS 512 /* more than any architecture has */
#define UNKNOWN_MAX 8 /* lines about numbers that no Linux has */
#define NAME_SIZE 40 /* mark and name */

struct unpacking {
    uint32_t skip; /* names before the one that is wanted */
    size_t len;
    char name[NAME_SIZE];
};

/* As deep as pairs are made of pairs: a pair is of earlier ones, so at most their number. */
static void unpack(struct unpacking *u, uint8_t byte)
{
    if (byte >= 128) {
        unpack(u, syscall_name_pairs[byte - 128][0]);
        unpack(u, syscall_name_pairs[byte - 128][1]);
    } else if (byte == 0) {
        u->skip -= u->skip != UINT32_MAX; /* a pair may hold the end of the next name too */
    } else if (u->skip == 0 && u->len + 1 < NAME_SIZE) {
        u->name[u->len++] = (char)byte;
    }
}

/* glibc asks its name service cache daemon over a Unix socket, and reads the files if there is none. */
static bool is_name_cache_probe(const char *name, const struct syscall *sc)
{
    enum { AF_UNIX = 1 };

    return strcmp(name, "socket") == 0 && sc->arg[0] == AF_UNIX;
}

/* The form of the line is a contract: u2k/log.h. */
static void tell(const char *name, long nr, bool linkable, bool quiet)
{
    enum log_level level = quiet ? LOG_INFO : LOG_WARNING;
    const char *rest = quiet ? ", programs do without" : "";

    if (linkable)
        log_line(
            level,
            "system call %s (%ld) is not in this unikernel: ENOSYS%s; add it with: u2k convert "
            "--add-syscall %s",
            name, nr, rest, name);
    else
        log_line(level,
                 "system call %s (%ld) is not in the library OS: ENOSYS%s (docs/syscalls.md)", name,
                 nr, rest);
}

static bool is_quiet(long nr)
{
    for (unsigned i = 0; i < syscall_quiet_count; i++)
        if (syscall_quiet[i] == nr)
            return true;
    return false;
}

long syscall_absent(struct syscall *sc)
{
    static uint8_t told[NUMBERS / 8];
    static unsigned unknown;
    static bool told_probe;
    long nr = arch_syscall_nr(sc->regs);
    struct unpacking u = {.skip = (uint32_t)nr};
    bool quiet = is_quiet(nr);

    if (quiet && !log_wanted(LOG_INFO)) /* unpacking takes time, and programs ask at every start */
        return -ENOSYS;
    if (nr >= 0 && nr < (long)syscall_name_count)
        for (const uint8_t *p = syscall_names; u.skip != UINT32_MAX; p++)
            unpack(&u, *p);
    if (!u.len) {
        if (unknown++ < UNKNOWN_MAX)
            log_info("system call number %ld: Linux has none of that number: ENOSYS", nr);
        return -ENOSYS;
    }
    const char *name = u.name + 1;
    bool probe = is_name_cache_probe(name, sc);
    if (probe ? told_probe : told[nr / 8] & 1u << nr % 8)
        return -ENOSYS;
    if (probe) /* a socket for something else is still worth a line */
        told_probe = true;
    else
        told[nr / 8] |= (uint8_t)(1u << nr % 8);
    tell(name, nr, u.name[0] == SYSCALL_LINKABLE, probe || quiet);
    return -ENOSYS;
}
