/* SPDX-License-Identifier: Apache-2.0 */
/* /proc itself. */
#include "proc.h"

#include <u2k/optional.h>
#include <u2k/platform.h>
#include <u2k/sched.h>
#include <u2k/uts.h>

/* Of a second: USER_HZ. */
unsigned long long proc_hundredths(uint64_t ns)
{
    return ns / (NSEC_PER_SEC / 100);
}

static void stat(struct text *t, const struct proc_at *at)
{
    uint64_t up = clock_monotonic(), busy = MIN(plat_clock_cpu(), up);
    unsigned long long user = proc_hundredths(busy), idle = proc_hundredths(up - busy);
    (void)at;
    for (unsigned i = 0; i < 2; i++)
        text_add(t, "%s %llu 0 0 %llu 0 0 0 0 0 0\n", i ? "cpu0" : "cpu ", user, idle);
    text_add(t, "intr 0\nctxt 0\nbtime %llu\nprocesses 1\nprocs_running 1\nprocs_blocked 0\n",
             (unsigned long long)((clock_realtime() - up) / NSEC_PER_SEC));
}

static ssize_t self(const struct proc_at *at, char *out, size_t size)
{
    (void)at;
    return (ssize_t)MIN(format_text(out, size, "%d", PID), size);
}

static ssize_t thread_self(const struct proc_at *at, char *out, size_t size)
{
    (void)at;
    return (ssize_t)MIN(format_text(out, size, "%d/task/%d", PID, current->tid), size);
}

static ssize_t self_mounts(const struct proc_at *at, char *out, size_t size)
{
    (void)at;
    return (ssize_t)MIN(format_text(out, size, "self/mounts"), size);
}

static ssize_t self_net(const struct proc_at *at, char *out, size_t size)
{
    (void)at;
    return (ssize_t)MIN(format_text(out, size, "self/net"), size);
}

static const struct proc_entry entries[] = {
    PROC_DIR("1", proc_process),
    PROC_CONST("cmdline", "\n"),
    PROC_SYMLINK("mounts", self_mounts, NULL),
    PROC_SYMLINK("net", self_net, NULL),
    PROC_SYMLINK("self", self, NULL),
    PROC_TEXT("stat", stat),
    PROC_DIR("sys", proc_sys),
    PROC_SYMLINK("thread-self", thread_self, NULL),
    PROC_CONST("version", UTS_SYSNAME " version " UTS_RELEASE " (u2k) " UTS_VERSION "\n"),
    PROC_MORE(proc_machine),
    {0},
};

/* In place of the part procmachine. */
const struct proc_entry proc_no_machine[] = {
    PROC_ABSENT("procmachine", "cpuinfo\0filesystems\0loadavg\0meminfo\0uptime\0"),
    {0},
};

IF_LINKED(part_procmachine, proc_machine, proc_no_machine);

static const struct proc_entry top = PROC_DIR("", entries);

static int mount(const char *source, const char *data, struct superblock **out)
{
    (void)source, (void)data;
    return proc_mount(&filesystem_proc, &top, SB_NOSUID | SB_NODEV | SB_NOEXEC, 0x9fa0, out);
}

const struct filesystem filesystem_proc = {.name = "proc", .no_device = true, .mount = mount};
