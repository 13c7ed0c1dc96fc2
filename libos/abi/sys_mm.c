/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: mmap(2) and its family. */
#include <u2k/fd.h>
#include <u2k/mm.h>
#include <u2k/platform.h>
#include <u2k/syscall.h>
#include <u2k/uaccess.h>

// mmap: partial: MAP_HUGETLB finds no huge pages (ENOMEM)
SYSCALL(mmap)
{
    unsigned flags = ARG(unsigned, 3);
    struct file *f = NULL;

    if (sc->arg[5] & PAGE_MASK)
        return -EINVAL;
    if (!(flags & MAP_ANONYMOUS)) {
        f = fd_get_io(ARG(int, 4));
        if (!f)
            return -EBADF;
        if (flags & MAP_HUGETLB) { /* only for files of a hugetlbfs */
            file_unref(f);
            return -EINVAL;
        }
    } else if (flags & MAP_HUGETLB) {
        return -ENOMEM;
    }
    long at = mm_map(sc->arg[0], sc->arg[1], ARG(unsigned, 2), flags, f, sc->arg[5]);
    if (f)
        file_unref(f);
    return at;
}

// munmap: implemented
SYSCALL(munmap)
{
    return mm_unmap(sc->arg[0], sc->arg[1]);
}

// mprotect: implemented
SYSCALL(mprotect)
{
    return mm_protect(sc->arg[0], sc->arg[1], ARG(unsigned, 2));
}

// mremap: partial: no second view of shared anonymous memory
SYSCALL(mremap)
{
    if (sc->arg[3] > UINT32_MAX)
        return -EINVAL;
    return mm_remap(sc->arg[0], sc->arg[1], sc->arg[2], ARG(unsigned, 3), sc->arg[4]);
}

// madvise: partial: no huge pages, no page merging
SYSCALL(madvise)
{
    return mm_advise(sc->arg[0], sc->arg[1], ARG(int, 2));
}

// brk: implemented
SYSCALL(brk)
{
    return (long)mm_brk(sc->arg[0]);
}

/* The area that `at` lies in, or NULL. */
static const struct vma *area_at(vaddr_t at)
{
    const struct vma *v = mm_next(at);

    return v && v->start <= at ? v : NULL;
}

// mincore: implemented
SYSCALL(mincore)
{
    vaddr_t at = sc->arg[0], vec = sc->arg[2];
    uint8_t resident[256];

    if (at & PAGE_MASK)
        return -EINVAL;
    if (at > plat_info->user_hi || sc->arg[1] > plat_info->user_hi - at)
        return -ENOMEM;
    for (vaddr_t end = at + ALIGN_UP(sc->arg[1], PAGE_SIZE); at < end;) {
        const struct vma *v = area_at(at);
        if (!v)
            return -ENOMEM;
        size_t len = MIN(MIN(end, v->end) - at, sizeof(resident) << PAGE_SHIFT);
        int error = plat_resident(at, len, resident);
        if (error)
            return error;
        if (user_write(vec, resident, len >> PAGE_SHIFT))
            return -EFAULT;
        vec += len >> PAGE_SHIFT;
        at += len;
    }
    return 0;
}

enum { MS_ASYNC = 1, MS_INVALIDATE = 2, MS_SYNC = 4 };

// msync: implemented
SYSCALL(msync)
{
    vaddr_t at = sc->arg[0], end = at + ALIGN_UP(sc->arg[1], PAGE_SIZE);
    unsigned flags = ARG(unsigned, 2);
    long result = 0;

    if ((flags & ~(unsigned)(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) || (at & PAGE_MASK) ||
        (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
        return -EINVAL;
    if (end < at)
        return -ENOMEM;
    while (at < end) {
        const struct vma *v = mm_next(at);
        if (!v || v->start >= end)
            return -ENOMEM;
        if (v->start > at)
            result = -ENOMEM; /* a hole is told once the rest is done */
        if ((flags & MS_INVALIDATE) && (v->flags & MAP_LOCKED))
            return -EBUSY;
        at = v->end;
        if ((flags & MS_SYNC) && v->file && (v->flags & MAP_SHARED) && v->file->ops->sync) {
            struct file *f = file_ref(v->file); /* the area may go while we wait */
            int error = f->ops->sync(f);
            file_unref(f);
            if (error)
                return error;
        }
    }
    return result;
}

enum { MLOCK_ONFAULT = 1 };

// mlock: implemented
SYSCALL(mlock)
{
    return mm_lock(sc->arg[0], sc->arg[1], true, true);
}

// mlock2: implemented
SYSCALL(mlock2)
{
    if (sc->arg[2] & ~(unsigned long)MLOCK_ONFAULT)
        return -EINVAL;
    return mm_lock(sc->arg[0], sc->arg[1], true, !sc->arg[2]);
}

// munlock: implemented
SYSCALL(munlock)
{
    return mm_lock(sc->arg[0], sc->arg[1], false, false);
}

// mlockall: implemented
SYSCALL(mlockall)
{
    return mm_lock_all(ARG(unsigned, 0));
}

// munlockall: implemented
SYSCALL(munlockall)
{
    return mm_unlock_all();
}
