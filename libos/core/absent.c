/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An absent call gives ENOSYS and says so once, with its name. Calls that programs only try, and whose
 * absence they handle on every Linux old enough, are told at a higher log level: the list below is
 * reviewed, each entry says who asks and what happens then.
 */
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/string.h>
#include <u2k/syscall.h>

#include "absent.h"

#define NUMBERS 512 /* more than any architecture has */
#define UNKNOWN_MAX 8 /* lines about numbers that no Linux has */

static const char *const quiet[] = {
    "rseq",                    /* glibc 2.35 at every start: getcpu without it */
    "clone3",                  /* glibc 2.34: clone */
    "io_uring_setup",          /* libuv, databases: epoll and threads */
    "futex_waitv",             /* Wine, Go: futex */
    "map_shadow_stack",        /* glibc with CET: no shadow stack */
    "landlock_create_ruleset", /* sandboxes: none */
    "cachestat",               /* coreutils: no advice */
    "pidfd_open",              /* Go, systemd, glibc: process numbers */
    "openat2",                 /* runc, Go's os.Root: openat */
    "faccessat2",              /* libcs: faccessat */
    "fchmodat2",               /* libcs: /proc/self/fd */
    "close_range",             /* Python, glibc: close in a loop */
    "copy_file_range",         /* coreutils, Python, Go: read and write */
    "epoll_create1",           /* Python at import of selectors: poll */
    "epoll_pwait2",            /* libuv: epoll_pwait */
    "membarrier",              /* liburcu, Go: another scheme */
    "mseal",                   /* glibc 2.41, Chromium: not sealed */
    "memfd_secret",            /* gpg: mlock */
    "name_to_handle_at",       /* systemd, Go: compares st_dev */
    "statmount",               /* libmount: /proc/self/mountinfo */
    "listmount",               /* libmount: /proc/self/mountinfo */
    "get_mempolicy",           /* jemalloc, libnuma: one node */
    "set_mempolicy",           /* libnuma: one node */
    "perf_event_open",         /* the JDK, profilers: no counters */
    "userfaultfd",             /* ZGC: signals */
};

static bool is_quiet(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(quiet); i++)
        if (strcmp(quiet[i], name) == 0)
            return true;
    return false;
}

/* glibc asks its name service cache daemon over a Unix socket, and reads the files if there is none. */
static bool is_name_cache_probe(const char *name, const struct syscall *sc)
{
    enum { AF_UNIX = 1 };

    return strcmp(name, "socket") == 0 && sc->arg[0] == AF_UNIX;
}

long syscall_absent(long nr, const struct syscall *sc)
{
    static uint8_t told[NUMBERS / 8];
    static unsigned unknown;
    const char *name = nr >= 0 && nr < NUMBERS ? syscall_name((unsigned)nr) : NULL;

    if (!name) {
        if (unknown++ < UNKNOWN_MAX)
            log_info("system call number %ld: Linux has none of that number: ENOSYS", nr);
        return -ENOSYS;
    }
    if (is_name_cache_probe(name, sc)) {
        log_info(
            "system call socket, for the name service cache, is absent: ENOSYS, programs do "
            "without");
        return -ENOSYS;
    }
    if (told[nr / 8] & 1u << nr % 8)
        return -ENOSYS;
    told[nr / 8] |= (uint8_t)(1u << nr % 8);
    if (is_quiet(name))
        log_info("system call %s (%ld) is not in this unikernel: ENOSYS, programs do without", name,
                 nr);
    else
        log_warning("system call %s (%ld) is not in this unikernel: ENOSYS (docs/syscalls.md)",
                    name, nr);
    return -ENOSYS;
}
