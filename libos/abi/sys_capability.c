/* SPDX-License-Identifier: Apache-2.0 */
/* capget(2), capset(2). */
#include <u2k/process.h>
#include <u2k/sched.h>
#include <u2k/syscall.h>
#include <u2k/uaccess.h>

enum { VERSION_1 = 0x19980330, VERSION_2 = 0x20071026, VERSION_3 = 0x20080522 };

struct cap_header {
    uint32_t version;
    int32_t pid;
};

struct cap_data {
    uint32_t effective, permitted, inheritable;
};

/* How many words of 32 capabilities this version has; an unknown one is answered with ours. */
static long words_of(vaddr_t at, struct cap_header *h)
{
    const uint32_t preferred = VERSION_3;

    if (USER_GET(*h, at))
        return -EFAULT;
    if (h->version == VERSION_1)
        return 1;
    if (h->version == VERSION_2 || h->version == VERSION_3)
        return 2;
    return USER_PUT(at, preferred) ? -EFAULT : -EINVAL;
}

// capget: implemented
SYSCALL(capget)
{
    const struct credentials *c = &process.cred;
    struct cap_header h;
    struct cap_data d[2];
    long words = words_of(sc->arg[0], &h);

    if (words < 0)
        return words == -EINVAL && !sc->arg[1] ? 0 : words;
    if (h.pid < 0)
        return -EINVAL;
    if (h.pid && !thread_find(h.pid))
        return -ESRCH;
    for (unsigned i = 0; i < 2; i++)
        d[i] = (struct cap_data){(uint32_t)(c->cap_effective >> 32 * i),
                                 (uint32_t)(c->cap_permitted >> 32 * i),
                                 (uint32_t)(c->cap_inheritable >> 32 * i)};
    return user_write(sc->arg[1], d, (size_t)words * sizeof(d[0]));
}

// capset: implemented
SYSCALL(capset)
{
    struct credentials *c = &process.cred;
    struct cap_header h;
    struct cap_data d[2] = {{0}};
    long words = words_of(sc->arg[0], &h);

    if (words < 0)
        return words;
    if (h.pid && h.pid != current->tid)
        return -EPERM;
    if (user_read(d, sc->arg[1], (size_t)words * sizeof(d[0])))
        return -EFAULT;
    uint64_t effective = d[0].effective | (uint64_t)d[1].effective << 32;
    uint64_t permitted = d[0].permitted | (uint64_t)d[1].permitted << 32;
    uint64_t inheritable = d[0].inheritable | (uint64_t)d[1].inheritable << 32;

    uint64_t may_inherit =
        c->cap_inheritable | (capable(CAP_SETPCAP) ? c->cap_bounding : 0) | c->cap_permitted;
    if (inheritable & ~may_inherit || inheritable & ~(c->cap_inheritable | c->cap_bounding) ||
        permitted & ~c->cap_permitted || effective & ~permitted)
        return -EPERM;
    c->cap_effective = effective;
    c->cap_permitted = permitted;
    c->cap_inheritable = inheritable;
    c->cap_ambient &= permitted & inheritable;
    return 0;
}
