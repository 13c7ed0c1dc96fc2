/* SPDX-License-Identifier: Apache-2.0 */
/* What the system says of itself, its names, and its randomness. */
#include <u2k/clock.h>
#include <u2k/log.h>
#include <u2k/platform.h>
#include <u2k/process.h>
#include <u2k/string.h>
#include <u2k/syscall.h>
#include <u2k/uaccess.h>
#include <u2k/uts.h>

#define NAME_SIZE 65 /* of struct utsname's fields, with the NUL */

struct utsname64 {
    char sysname[NAME_SIZE], nodename[NAME_SIZE], release[NAME_SIZE], version[NAME_SIZE];
    char machine[NAME_SIZE], domainname[NAME_SIZE];
};

// uname: implemented
SYSCALL(uname)
{
    struct utsname64 u = {.sysname = UTS_SYSNAME,
                          .release = UTS_RELEASE,
                          .version = UTS_VERSION,
                          .machine = UTS_MACHINE};

    memcpy(u.nodename, process.hostname, NAME_SIZE);
    memcpy(u.domainname, process.domainname, NAME_SIZE);
    return USER_PUT(sc->arg[0], u);
}

static long set_name(char *name, vaddr_t from, int len)
{
    char new[NAME_SIZE] = {0};

    if (!capable(CAP_SYS_ADMIN))
        return -EPERM;
    if (len < 0 || len >= NAME_SIZE)
        return -EINVAL;
    if (user_read(new, from, (size_t)len))
        return -EFAULT;
    memcpy(name, new, NAME_SIZE);
    return 0;
}

// sethostname: implemented
SYSCALL(sethostname)
{
    return set_name(process.hostname, sc->arg[0], ARG(int, 1));
}

// setdomainname: implemented
SYSCALL(setdomainname)
{
    return set_name(process.domainname, sc->arg[0], ARG(int, 1));
}

struct sysinfo64 {
    int64_t uptime; /* s */
    uint64_t loads[3], total, free, shared, buffers, swap_total, swap_free;
    uint16_t processes, pad[3];
    uint64_t high_total, high_free;
    uint32_t unit, pad_end;
};
_Static_assert(sizeof(struct sysinfo64) == 112, "struct sysinfo");

// sysinfo: partial: no load averages
SYSCALL(sysinfo)
{
    const struct sysinfo64 info = {
        .uptime = (int64_t)((clock_monotonic() + NSEC_PER_SEC - 1) / NSEC_PER_SEC),
        .total = plat_info->memory,
        .free = plat_memory_free(),
        .processes = (uint16_t)MIN(thread_count, (unsigned)UINT16_MAX),
        .unit = 1,
    };

    return USER_PUT(sc->arg[0], info);
}

// syslog: partial: the log is the host's: EPERM
SYSCALL(syslog)
{
    return -EPERM;
}

static int random_fill(void *to, size_t len)
{
    uint64_t *word = to;

    if (plat_random(to, len) == 0)
        return 0;
    for (size_t i = 0; i < (len + sizeof(*word) - 1) / sizeof(*word); i++)
        if (!arch_random64(&word[i]))
            return -EAGAIN;
    return 0;
}

// getrandom: implemented
SYSCALL(getrandom)
{
    enum { GRND_NONBLOCK = 1, GRND_RANDOM = 2, GRND_INSECURE = 4 };
    uint64_t buf[32];
    size_t len = MIN(sc->arg[1], (size_t)INT32_MAX), done = 0;
    unsigned flags = ARG(unsigned, 2);

    if (flags & ~7u || (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
        return -EINVAL;
    while (done < len) {
        size_t n = MIN(len - done, sizeof(buf));
        if (random_fill(buf, n)) {
            log_error("no source of randomness");
            return done ? (long)done : -EAGAIN;
        }
        size_t wrote = user_write_some(sc->arg[0] + done, buf, n);
        done += wrote;
        if (wrote < n)
            return done ? (long)done : -EFAULT;
        if (done < len && signal_pending(current))
            break;
    }
    memset(buf, 0, sizeof(buf));
    return (long)done;
}
