/* SPDX-License-Identifier: Apache-2.0 */
/* /sys: as much as C libraries ask to count CPUs. */
#include "../procfs/proc.h"

#include <u2k/optional.h>
#include <u2k/tmpfs.h>

static const struct proc_entry cpu[] = {
    PROC_CONST("online", "0\n"),
    PROC_CONST("possible", "0\n"),
    PROC_CONST("present", "0\n"),
    {0},
};
static const struct proc_entry system[] = {PROC_DIR("cpu", cpu), {0}};
static const struct proc_entry devices[] = {PROC_DIR("system", system), {0}};
static const struct proc_entry entries[] = {
    PROC_DIR("class", sys_class),
    PROC_DIR("devices", devices),
    {0},
};
static const struct proc_entry top = PROC_DIR("", entries);

IF_LINKED(part_netclass, sys_class, proc_nothing);

static int mount(const char *source, const char *data, struct superblock **out)
{
    (void)source, (void)data;
    return proc_mount(&filesystem_sysfs, &top, SB_RDONLY | SB_NOSUID | SB_NODEV | SB_NOEXEC,
                      0x62656572, out);
}

const struct filesystem filesystem_sysfs = {.name = "sysfs", .no_device = true, .mount = mount};
