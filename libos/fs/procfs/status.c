/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc/self tells about the process in numbers (proc(5)). */
#include "proc.h"

#include <u2k/fd.h>
#include <u2k/mm.h>
#include <u2k/sched.h>

#define USER_HZ 100u

static char state_of(const struct thread *t)
{
    return t == current || t->state == THREAD_READY ? 'R' : 'S';
}

static unsigned long long ticks(uint64_t ns)
{
    return ns / (NSEC_PER_SEC / USER_HZ);
}

static uint64_t caught(vaddr_t handler_from, vaddr_t handler_to)
{
    uint64_t set = 0;
    for (int n = 1; n <= NSIG; n++)
        if (signal_actions[n].handler >= handler_from && signal_actions[n].handler <= handler_to)
            set |= SIGBIT(n);
    return set;
}

static void kilobytes(struct text *t, const char *name, uint64_t bytes)
{
    text_add(t, "%s:\t%8llu kB\n", name, (unsigned long long)(bytes >> 10));
}

static void mask(struct text *t, const char *name, uint64_t bits)
{
    text_add(t, "%s:\t%016llx\n", name, (unsigned long long)bits);
}

void proc_status(struct text *t, const struct proc_at *at)
{
    const struct thread *thread = thread_find(at->tid);
    const struct credentials *c = &process.cred;
    struct mm_usage mm;
    if (!thread)
        return;
    mm_usage(&mm);
    char state = state_of(thread);
    text_add(t, "Name:\t%s\nUmask:\t0%u%u%u\n", thread->name, process.umask >> 6 & 7,
             process.umask >> 3 & 7, process.umask & 7);
    text_add(t, "State:\t%c (%s)\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t0\nTracerPid:\t0\n", state,
             state == 'R' ? "running" : "sleeping", PID, at->tid);
    text_add(t, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n", c->uid, c->euid, c->suid, c->fsuid,
             c->gid, c->egid, c->sgid, c->fsgid);
    text_add(t, "FDSize:\t%u\nGroups:\t", fd_capacity());
    for (size_t i = 0; i < c->group_count; i++)
        text_add(t, "%u ", c->groups[i]);
    text_add(t, "\nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", PID, at->tid, process.pgid,
             process.sid);
    kilobytes(t, "VmPeak", mm.total);
    kilobytes(t, "VmSize", mm.total);
    kilobytes(t, "VmLck", mm.locked);
    kilobytes(t, "VmPin", 0);
    kilobytes(t, "VmHWM", mm.resident);
    kilobytes(t, "VmRSS", mm.resident);
    kilobytes(t, "VmData", mm.data);
    kilobytes(t, "VmStk", mm.stack);
    kilobytes(t, "VmExe", mm_layout.code_end - mm_layout.code_start);
    kilobytes(t, "VmLib", mm.exec);
    kilobytes(t, "VmSwap", 0);
    text_add(t, "Threads:\t%u\nSigQ:\t0/%llu\n", thread_count,
             (unsigned long long)process.limits[RLIMIT_SIGPENDING].soft);
    mask(t, "SigPnd", thread->pending.set);
    mask(t, "ShdPnd", process_pending.set);
    mask(t, "SigBlk", thread->blocked);
    mask(t, "SigIgn", caught(1, 1));
    mask(t, "SigCgt", caught(2, UINTPTR_MAX));
    mask(t, "CapInh", c->cap_inheritable);
    mask(t, "CapPrm", c->cap_permitted);
    mask(t, "CapEff", c->cap_effective);
    mask(t, "CapBnd", c->cap_bounding);
    mask(t, "CapAmb", c->cap_ambient);
    text_add(t,
             "NoNewPrivs:\t%d\nSeccomp:\t0\nCpus_allowed:\t1\nCpus_allowed_list:\t0\n"
             "Mems_allowed:\t1\nMems_allowed_list:\t0\n",
             c->no_new_privs);
}

void proc_stat(struct text *t, const struct proc_at *at)
{
    const struct thread *thread = thread_find(at->tid);
    struct mm_usage mm;
    if (!thread)
        return;
    mm_usage(&mm);
    text_add(t, "%d (%s) %c 0 %d %d 0 -1 4194304 0 0 0 0 ", at->tid, thread->name, state_of(thread),
             process.pgid, process.sid);
    text_add(t, "%llu 0 0 0 20 0 %u 0 %llu %llu %llu %llu ", ticks(thread_cpu_time(thread)),
             thread_count, ticks(process.start_time), (unsigned long long)mm.total,
             (unsigned long long)(mm.resident / PAGE_SIZE),
             (unsigned long long)process.limits[RLIMIT_RSS].soft);
    text_add(t, "%lu %lu %lu 0 0 %llu %llu %llu %llu 0 0 0 17 0 0 0 0 0 0 ",
             (unsigned long)mm_layout.code_start, (unsigned long)mm_layout.code_end,
             (unsigned long)mm_layout.stack_top,
             (unsigned long long)(thread->pending.set & INT32_MAX),
             (unsigned long long)(thread->blocked & INT32_MAX),
             (unsigned long long)(caught(1, 1) & INT32_MAX),
             (unsigned long long)(caught(2, UINTPTR_MAX) & INT32_MAX));
    text_add(t, "%lu %lu %lu %lu %lu %lu %lu 0\n", (unsigned long)mm_layout.data_start,
             (unsigned long)mm_layout.data_end, (unsigned long)mm_layout.brk_start,
             (unsigned long)mm_layout.arg_start, (unsigned long)mm_layout.arg_end,
             (unsigned long)mm_layout.env_start, (unsigned long)mm_layout.env_end);
}

void proc_statm(struct text *t, const struct proc_at *at)
{
    struct mm_usage mm;
    (void)at;
    mm_usage(&mm);
    text_add(t, "%llu %llu 0 %llu 0 %llu 0\n", (unsigned long long)(mm.total / PAGE_SIZE),
             (unsigned long long)(mm.resident / PAGE_SIZE),
             (unsigned long long)(mm.exec / PAGE_SIZE),
             (unsigned long long)((mm.data + mm.stack) / PAGE_SIZE));
}

void proc_limits(struct text *t, const struct proc_at *at)
{
    static const struct {
        const char *name, *unit;
    } names[RLIMIT_COUNT] = {
        {"Max cpu time", "seconds"},     {"Max file size", "bytes"},
        {"Max data size", "bytes"},      {"Max stack size", "bytes"},
        {"Max core file size", "bytes"}, {"Max resident set", "bytes"},
        {"Max processes", "processes"},  {"Max open files", "files"},
        {"Max locked memory", "bytes"},  {"Max address space", "bytes"},
        {"Max file locks", "locks"},     {"Max pending signals", "signals"},
        {"Max msgqueue size", "bytes"},  {"Max nice priority", ""},
        {"Max realtime priority", ""},   {"Max realtime timeout", "us"},
    };
    (void)at;
    text_add(t, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (unsigned i = 0; i < RLIMIT_COUNT; i++) {
        uint64_t values[2] = {process.limits[i].soft, process.limits[i].hard};
        text_add(t, "%-25s ", names[i].name);
        for (unsigned n = 0; n < 2; n++) {
            char number[24] = "unlimited";
            if (values[n] != RLIM_INFINITY)
                format_text(number, sizeof number, "%llu", (unsigned long long)values[n]);
            text_add(t, "%-20s ", number);
        }
        text_add(t, "%-10s\n", names[i].unit);
    }
}

void proc_maps(struct text *t, const struct proc_at *at)
{
    char path[1024];
    (void)at;
    for (const struct vma *v = mm_next(0); v; v = mm_next(v->end)) {
        const struct inode *i = v->file ? v->file->inode : NULL;
        ssize_t n = v->file ? file_path(v->file, path, sizeof path) : 0;
        size_t start = t->len;
        text_add(t, "%08lx-%08lx %c%c%c%c %08llx %02x:%02x %llu ", (unsigned long)v->start,
                 (unsigned long)v->end, v->prot & PROT_READ ? 'r' : '-',
                 v->prot & PROT_WRITE ? 'w' : '-', v->prot & PROT_EXEC ? 'x' : '-',
                 v->flags & MAP_SHARED ? 's' : 'p',
                 v->file ? (unsigned long long)v->page_index << PAGE_SHIFT : 0ull,
                 i ? (unsigned)(i->sb->dev >> 8) : 0u, i ? (unsigned)(i->sb->dev & 0xff) : 0u,
                 i ? (unsigned long long)i->ino : 0ull);
        const char *name = v->file && n > 0 ? path : v->label;
        while (name && t->len - start < 73 && !t->failed)
            text_bytes(t, " ", 1);
        text_add(t, "%s\n", name ? name : "");
    }
}

/* In the order of mounts[]. */
static const char *const options[] = {
    "rw,relatime",
    "rw,nosuid,nodev,noexec,relatime",
    "rw,nosuid,mode=755",
    "rw,nosuid,nodev,noexec,relatime",
    "ro,nosuid,nodev,noexec,relatime",
};

void proc_mounts(struct text *t, const struct proc_at *at)
{
    (void)at;
    mount_all();
    for (size_t i = 0; i < mount_count; i++)
        if (mounts[i].sb)
            text_add(t, "%s %s %s %s 0 0\n", mounts[i].fs, mounts[i].path, mounts[i].fs,
                     options[i]);
}

void proc_mountinfo(struct text *t, const struct proc_at *at)
{
    (void)at;
    mount_all();
    for (size_t i = 0; i < mount_count; i++) {
        if (!mounts[i].sb)
            continue;
        unsigned parent = 0;
        for (size_t k = 0; i > 0 && k < mount_count; k++)
            if (mounts[k].sb && mounts[i].point->sb == mounts[k].sb)
                parent = (unsigned)k + 1;
        text_add(t, "%u %u 0:%u / %s %s - %s %s rw\n", (unsigned)i + 1, parent,
                 (unsigned)mounts[i].sb->dev, mounts[i].path, options[i], mounts[i].fs,
                 mounts[i].fs);
    }
}
