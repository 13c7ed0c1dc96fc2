/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/sys: the settings that programs look at. None can be changed. */
#include "proc.h"

#include <u2k/optional.h>
#include <u2k/uts.h>

static void hostname(struct text *t, const struct proc_at *at)
{
    (void)at;
    text_add(t, "%s\n", process.hostname);
}

static void domainname(struct text *t, const struct proc_at *at)
{
    (void)at;
    text_add(t, "%s\n", process.domainname[0] ? process.domainname : "(none)");
}

/* In place of the part procmachine. */
const struct proc_entry proc_no_random[] = {
    PROC_ABSENT("procmachine", "boot_id\0entropy_avail\0poolsize\0uuid\0"),
    {0},
};

IF_LINKED(part_procmachine, proc_random, proc_no_random);

static const struct proc_entry kernel[] = {
    PROC_CONST("cap_last_cap", "40\n"),      PROC_CONST("core_pattern", "core\n"),
    PROC_TEXT("domainname", domainname),     PROC_TEXT("hostname", hostname),
    PROC_CONST("ngroups_max", "65536\n"),    PROC_CONST("osrelease", UTS_RELEASE "\n"),
    PROC_CONST("ostype", UTS_SYSNAME "\n"),  PROC_CONST("pid_max", "4194304\n"),
    PROC_DIR("random", proc_random),         PROC_CONST("threads-max", "65536\n"),
    PROC_CONST("version", UTS_VERSION "\n"), {0},
};
static const struct proc_entry vm[] = {
    PROC_CONST("max_map_count", "65530\n"),
    PROC_CONST("mmap_min_addr", "65536\n"),
    PROC_CONST("overcommit_memory", "1\n"),
    PROC_CONST("swappiness", "60\n"),
    {0},
};
static const struct proc_entry net_core[] = {PROC_CONST("somaxconn", "4096\n"), {0}};
static const struct proc_entry net[] = {PROC_DIR("core", net_core), {0}};

const struct proc_entry proc_no_limits[] = {PROC_ABSENT("procmachine", "fs\0"), {0}};

IF_LINKED(part_procmachine, proc_limits_of_files, proc_no_limits);

const struct proc_entry proc_sys[] = {
    PROC_DIR("kernel", kernel),
    PROC_DIR("net", net),
    PROC_DIR("vm", vm),
    PROC_MORE(proc_limits_of_files),
    {0},
};
