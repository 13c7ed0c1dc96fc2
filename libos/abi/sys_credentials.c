/* SPDX-License-Identifier: Apache-2.0 */
/* Users and groups (credentials(7)). The rules are those of the set*id(2) pages. */
#include <u2k/pages.h>
#include <u2k/process.h>
#include <u2k/syscall.h>
#include <u2k/uaccess.h>

#define KEEP UINT32_MAX /* -1: leave this one as it is */

/* What each of the two families works on. */
struct ids {
    uint32_t *real, *effective, *saved, *fs;
    unsigned cap;
};

static struct ids users(void)
{
    struct credentials *c = &process.cred;
    return (struct ids){&c->uid, &c->euid, &c->suid, &c->fsuid, CAP_SETUID};
}

static struct ids groups(void)
{
    struct credentials *c = &process.cred;
    return (struct ids){&c->gid, &c->egid, &c->sgid, &c->fsgid, CAP_SETGID};
}

/* capabilities(7), "Effect of user ID changes on capabilities". For groups nothing changes. */
static void adjust_capabilities(bool had_root, bool was_effective_root)
{
    struct credentials *c = &process.cred;
    bool has_root = !c->uid || !c->euid || !c->suid;

    if (had_root && !has_root) {
        if (!c->keep_caps)
            c->cap_permitted = c->cap_effective = 0;
        c->cap_ambient = 0;
    }
    if (was_effective_root && c->euid)
        c->cap_effective = 0;
    if (!was_effective_root && !c->euid)
        c->cap_effective = c->cap_permitted;
}

static void change(const struct ids *ids, uint32_t real, uint32_t effective, uint32_t saved)
{
    struct credentials *c = &process.cred;
    bool had_root = !c->uid || !c->euid || !c->suid, was_root = !c->euid;

    if (*ids->effective != effective)
        c->dumpable = false;
    *ids->real = real;
    *ids->effective = *ids->fs = effective;
    *ids->saved = saved;
    adjust_capabilities(had_root, was_root);
}

static bool one_of(const struct ids *ids, uint32_t id, bool saved)
{
    return id == *ids->real || id == *ids->effective || (saved && id == *ids->saved);
}

static long set_id(const struct ids ids, uint32_t id)
{
    if (id == KEEP)
        return -EINVAL;
    if (capable(ids.cap))
        change(&ids, id, id, id);
    else if (id == *ids.real || id == *ids.saved)
        change(&ids, *ids.real, id, *ids.saved);
    else
        return -EPERM;
    return 0;
}

static long set_re(const struct ids ids, uint32_t real, uint32_t effective)
{
    bool may = capable(ids.cap);

    if (!may && ((real != KEEP && !one_of(&ids, real, false)) ||
                 (effective != KEEP && !one_of(&ids, effective, true))))
        return -EPERM;
    uint32_t new_effective = effective != KEEP ? effective : *ids.effective;
    bool saves = real != KEEP || (effective != KEEP && effective != *ids.real);
    change(&ids, real != KEEP ? real : *ids.real, new_effective,
           saves ? new_effective : *ids.saved);
    return 0;
}

static long set_res(const struct ids ids, const uint32_t to[3])
{
    for (unsigned i = 0; i < 3 && !capable(ids.cap); i++)
        if (to[i] != KEEP && !one_of(&ids, to[i], true))
            return -EPERM;
    change(&ids, to[0] != KEEP ? to[0] : *ids.real, to[1] != KEEP ? to[1] : *ids.effective,
           to[2] != KEEP ? to[2] : *ids.saved);
    return 0;
}

static long get_res(const struct syscall *sc, const struct ids ids)
{
    return USER_PUT(sc->arg[0], *ids.real) || USER_PUT(sc->arg[1], *ids.effective) ||
                   USER_PUT(sc->arg[2], *ids.saved)
               ? -EFAULT
               : 0;
}

/* What setfsuid(2) takes and gives back (capabilities(7)). */
#define FS_CAPS \
    (1ull << CAP_CHOWN | 1ull << CAP_DAC_OVERRIDE | 1ull << CAP_DAC_READ_SEARCH | \
     1ull << CAP_FOWNER | 1ull << CAP_FSETID | 1ull << CAP_MKNOD)

/* Gives the old one whatever happens: setfsuid(2). */
static long set_fs(const struct ids ids, uint32_t id)
{
    struct credentials *c = &process.cred;
    uint32_t old = *ids.fs;

    if (id == KEEP || !(capable(ids.cap) || id == old || one_of(&ids, id, true)))
        return old;
    *ids.fs = id;
    if (ids.fs == &c->fsuid && !old && id)
        c->cap_effective &= ~FS_CAPS;
    if (ids.fs == &c->fsuid && old && !id)
        c->cap_effective |= c->cap_permitted & FS_CAPS;
    return old;
}

// getuid: implemented
SYSCALL(getuid)
{
    return process.cred.uid;
}

// geteuid: implemented
SYSCALL(geteuid)
{
    return process.cred.euid;
}

// getgid: implemented
SYSCALL(getgid)
{
    return process.cred.gid;
}

// getegid: implemented
SYSCALL(getegid)
{
    return process.cred.egid;
}

// setuid: implemented
SYSCALL(setuid)
{
    return set_id(users(), ARG(uint32_t, 0));
}

// setgid: implemented
SYSCALL(setgid)
{
    return set_id(groups(), ARG(uint32_t, 0));
}

// setreuid: implemented
SYSCALL(setreuid)
{
    return set_re(users(), ARG(uint32_t, 0), ARG(uint32_t, 1));
}

// setregid: implemented
SYSCALL(setregid)
{
    return set_re(groups(), ARG(uint32_t, 0), ARG(uint32_t, 1));
}

// setresuid: implemented
SYSCALL(setresuid)
{
    const uint32_t to[3] = {ARG(uint32_t, 0), ARG(uint32_t, 1), ARG(uint32_t, 2)};

    return set_res(users(), to);
}

// setresgid: implemented
SYSCALL(setresgid)
{
    const uint32_t to[3] = {ARG(uint32_t, 0), ARG(uint32_t, 1), ARG(uint32_t, 2)};

    return set_res(groups(), to);
}

// getresuid: implemented
SYSCALL(getresuid)
{
    return get_res(sc, users());
}

// getresgid: implemented
SYSCALL(getresgid)
{
    return get_res(sc, groups());
}

// setfsuid: implemented
SYSCALL(setfsuid)
{
    return set_fs(users(), ARG(uint32_t, 0));
}

// setfsgid: implemented
SYSCALL(setfsgid)
{
    return set_fs(groups(), ARG(uint32_t, 0));
}

// getgroups: implemented
SYSCALL(getgroups)
{
    const struct credentials *c = &process.cred;
    int size = ARG(int, 0);

    if (size < 0 || (size && (size_t)size < c->group_count))
        return -EINVAL;
    if (size && user_write(sc->arg[1], c->groups, c->group_count * sizeof(*c->groups)))
        return -EFAULT;
    return (long)c->group_count;
}

/* In place, by gaps of a power of two less one: getgroups(2) gives them in ascending order. */
static void sort(uint32_t *list, size_t count)
{
    for (size_t gap = GROUPS_MAX - 1; gap; gap >>= 1)
        for (size_t i = gap; i < count; i++) {
            uint32_t id = list[i];
            size_t at = i;
            for (; at >= gap && list[at - gap] > id; at -= gap)
                list[at] = list[at - gap];
            list[at] = id;
        }
}

// setgroups: implemented
SYSCALL(setgroups)
{
    struct credentials *c = &process.cred;
    size_t count = ARG(uint32_t, 0), bytes = count * sizeof(uint32_t);
    uint32_t *list = NULL;

    if (!capable(CAP_SETGID))
        return -EPERM;
    if (count > GROUPS_MAX)
        return -EINVAL;
    if (count) {
        list = heap_alloc(bytes);
        if (!list)
            return -ENOMEM;
        if (user_read(list, sc->arg[1], bytes)) {
            heap_free(list, bytes);
            return -EFAULT;
        }
        sort(list, count);
    }
    if (c->group_count)
        heap_free(c->groups, c->group_count * sizeof(*c->groups));
    c->groups = list;
    c->group_count = count;
    return 0;
}
