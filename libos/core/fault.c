/* SPDX-License-Identifier: Apache-2.0 */
/* Faults: a page that is missing is brought, all else becomes a signal with Linux's code. */
#include "mm.h"

#include <u2k/log.h>
#include <u2k/pages.h>
#include <u2k/process.h>
#include <u2k/sched.h>
#include <u2k/signal.h>
#include <u2k/vfs.h>

NORETURN static void out_of_memory(void)
{
    log_error(
        "out of memory: killed the program (%lu KiB of memory, %lu KiB mapped); "
        "give more with -m",
        (unsigned long)(plat_info->memory >> 10), (unsigned long)(mm.usage.total >> 10));
    process_exit(128 + SIGKILL);
}

/* The area above grows down to `addr` (MAP_GROWSDOWN, the stack), with Linux's limits and guard. */
static struct vma *grow_down(struct vma *v, vaddr_t addr)
{
    vaddr_t start = ALIGN_DOWN(addr, PAGE_SIZE);

    if (!v || !(v->flags & MAP_GROWSDOWN) || !mm_inside(start, v->start - start))
        return NULL;
    const struct vma *below = vma_before(start);
    if (below && below->prot && !(below->flags & MAP_GROWSDOWN) && start - below->end < STACK_GUARD)
        return NULL;
    if (start < MMAP_MIN_ADDR || v->end - start > process.limits[RLIMIT_STACK].soft ||
        mm_may_grow(v->start - start, v->prot, v->flags, false, 0))
        return NULL;
    vaddr_t old = v->start;
    vma_resize(v, start, v->end);
    if (backing_map(v, start, old)) {
        vma_resize(v, old, v->end);
        return NULL;
    }
    return v;
}

static bool allowed(const struct vma *v, unsigned access)
{
    if (access & PROT_WRITE)
        return v->prot & PROT_WRITE;
    if (access & PROT_EXEC)
        return v->prot & PROT_EXEC;
    return v->prot != 0; /* pages are readable whatever they are for, as on Linux */
}

/* The widest run around `addr` that is backed alike: from the area's start if it reaches so far. */
static int window(const struct vma *v, vaddr_t addr, struct backing *b)
{
    int error = -EFAULT;

    if (!v->file || vma_is_private(v))
        error = backing_at(v, v->start, b);
    return !error && b->hi > addr ? 0 : backing_at(v, ALIGN_DOWN(addr, PAGE_SIZE), b);
}

/* 0: the access can be tried again. Otherwise the signal that it deserves, its code in *code. */
static int bring(vaddr_t addr, unsigned access, int *code)
{
    struct vma *v = vma_find(addr);
    struct backing b;

    *code = SEGV_MAPERR;
    if (v && v->start > addr)
        v = grow_down(v, addr);
    if (!v)
        return SIGSEGV;
    *code = SEGV_ACCERR;
    if (!allowed(v, access))
        return SIGSEGV;
    *code = BUS_ADRERR;
    int error = window(v, addr, &b);
    if (error == -ENOMEM)
        out_of_memory();
    if (error || b.how == MAP_RESERVE)
        return SIGBUS;
    error = plat_fault(addr, access, b.lo, b.hi, v->prot, b.how, b.data);
    if (error == -ENOMEM)
        out_of_memory();
    *code = SEGV_ACCERR;
    return error ? SIGSEGV : 0;
}

bool core_fault_kernel(vaddr_t addr, unsigned access)
{
    int code;

    return mm_inside(addr, 1) && !bring(addr, access, &code);
}

static void signal_of(const struct fault *f, struct siginfo *info)
{
    static const struct {
        uint8_t signo, code;
    } of_kind[] = {
        [FAULT_ILLEGAL] = {SIGILL, 2 /* ILL_ILLOPN */},
        [FAULT_ARITHMETIC] = {SIGFPE, 1 /* FPE_INTDIV */},
        [FAULT_BREAKPOINT] = {SIGTRAP, SI_KERNEL},
        [FAULT_ALIGNMENT] = {SIGBUS, BUS_ADRALN},
        [FAULT_PROTECTION] = {SIGSEGV, SI_KERNEL},
    };

    info->signo = of_kind[f->kind].signo;
    info->code = f->si_code ? f->si_code : of_kind[f->kind].code;
    info->fault.addr = info->code == SI_KERNEL ? 0 : f->addr;
}

void core_fault(struct regs *regs, const struct fault *f)
{
    struct thread *t = current;
    struct siginfo info = {0};

    t->regs = regs;
    if (f->kind == FAULT_PAGE) {
        info.signo = bring(f->addr, f->access, &info.code);
        info.fault.addr = f->addr;
    } else {
        signal_of(f, &info);
    }
    if (info.signo)
        signal_force(&info, f);
    if (info.signo || t->exiting || signal_pending(t))
        signal_deliver(regs);
    t->regs = NULL;
}
