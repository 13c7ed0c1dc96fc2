/* SPDX-License-Identifier: Apache-2.0 */
/* /proc: what it tells about the machine. */
#include "proc.h"

#include <u2k/cpuinfo.h>
#include <u2k/platform.h>
#include <u2k/sched.h>
#include <u2k/uts.h>

static void cpuinfo(struct text *t, const struct proc_at *at)
{
    (void)at;
    char lines[1536];
    text_bytes(t, lines, arch_cpuinfo(lines, sizeof lines));
}

static void meminfo(struct text *t, const struct proc_at *at)
{
    static const char *const none[] = {"Buffers",   "Cached",    "SwapCached", "Active",
                                       "Inactive",  "SwapTotal", "SwapFree",   "Dirty",
                                       "Writeback", "Shmem",     "Slab"};
    unsigned long long total = plat_info->memory >> 10, left = plat_memory_free() >> 10;
    (void)at;
    text_add(t, "MemTotal:       %8llu kB\nMemFree:        %8llu kB\nMemAvailable:   %8llu kB\n",
             total, left, left);
    for (size_t i = 0; i < ARRAY_SIZE(none); i++)
        text_add(t, "%s:        %8u kB\n", none[i], 0u);
    text_add(t, "CommitLimit:    %8llu kB\nCommitted_AS:   %8llu kB\n", total, total - left);
    text_add(t,
             "HugePages_Total:       0\nHugePages_Free:        0\nHugepagesize:       2048 kB\n");
}

static void filesystems(struct text *t, const struct proc_at *at)
{
    (void)at;
    for (size_t i = 0; part_filesystems[i]; i++)
        text_add(t, "%s\t%s\n", part_filesystems[i]->no_device ? "nodev" : "",
                 part_filesystems[i]->name);
}

static unsigned long long hundredths(uint64_t ns)
{
    return ns / (NSEC_PER_SEC / 100);
}

static void stat(struct text *t, const struct proc_at *at)
{
    uint64_t up = clock_monotonic(), busy = MIN(plat_clock_cpu(), up);
    unsigned long long user = hundredths(busy), idle = hundredths(up - busy);
    (void)at;
    for (unsigned i = 0; i < 2; i++)
        text_add(t, "%s %llu 0 0 %llu 0 0 0 0 0 0\n", i ? "cpu0" : "cpu ", user, idle);
    text_add(t, "intr 0\nctxt 0\nbtime %llu\nprocesses 1\nprocs_running 1\nprocs_blocked 0\n",
             (unsigned long long)((clock_realtime() - up) / NSEC_PER_SEC));
}

static void uptime(struct text *t, const struct proc_at *at)
{
    uint64_t up = clock_monotonic(), idle = up - MIN(plat_clock_cpu(), up);
    (void)at;
    text_add(t, "%llu.%02llu %llu.%02llu\n", hundredths(up) / 100, hundredths(up) % 100,
             hundredths(idle) / 100, hundredths(idle) % 100);
}

static void loadavg(struct text *t, const struct proc_at *at)
{
    (void)at;
    text_add(t, "0.00 0.00 0.00 1/%u %d\n", thread_count, PID);
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
    PROC_TEXT("cpuinfo", cpuinfo),
    PROC_TEXT("filesystems", filesystems),
    PROC_TEXT("loadavg", loadavg),
    PROC_TEXT("meminfo", meminfo),
    PROC_SYMLINK("mounts", self_mounts, NULL),
    PROC_SYMLINK("net", self_net, NULL),
    PROC_SYMLINK("self", self, NULL),
    PROC_TEXT("stat", stat),
    PROC_DIR("sys", proc_sys),
    PROC_SYMLINK("thread-self", thread_self, NULL),
    PROC_TEXT("uptime", uptime),
    PROC_CONST("version", UTS_SYSNAME " version " UTS_RELEASE " (u2k) " UTS_VERSION "\n"),
    {0},
};

static const struct proc_entry top = PROC_DIR("", entries);

static int mount(const char *source, const char *data, struct superblock **out)
{
    (void)source, (void)data;
    return proc_mount(&filesystem_proc, &top, SB_NOSUID | SB_NODEV | SB_NOEXEC, 0x9fa0, out);
}

const struct filesystem filesystem_proc = {.name = "proc", .no_device = true, .mount = mount};
