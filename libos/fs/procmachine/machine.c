/* SPDX-License-Identifier: Apache-2.0 */
/* Files of /proc by which people and monitors look at a machine (proc(5)). */
#include "../procfs/proc.h"

#include <u2k/cpuinfo.h>
#include <u2k/platform.h>
#include <u2k/sched.h>

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

static void uptime(struct text *t, const struct proc_at *at)
{
    uint64_t up = clock_monotonic(), idle = up - MIN(plat_clock_cpu(), up);
    (void)at;
    text_add(t, "%llu.%02llu %llu.%02llu\n", proc_hundredths(up) / 100, proc_hundredths(up) % 100,
             proc_hundredths(idle) / 100, proc_hundredths(idle) % 100);
}

static void loadavg(struct text *t, const struct proc_at *at)
{
    (void)at;
    text_add(t, "0.00 0.00 0.00 1/%u %d\n", thread_count, PID);
}

const struct proc_entry proc_machine[] = {
    PROC_TEXT("cpuinfo", cpuinfo), PROC_TEXT("filesystems", filesystems),
    PROC_TEXT("loadavg", loadavg), PROC_TEXT("meminfo", meminfo),
    PROC_TEXT("uptime", uptime),   {0},
};
