/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/sys/fs: how much there can be of files (proc(5)). None can be changed. */
#include "../procfs/proc.h"

static const struct proc_entry epoll[] = {PROC_CONST("max_user_watches", "1048576\n"), {0}};
static const struct proc_entry inotify[] = {
    PROC_CONST("max_queued_events", "16384\n"),
    PROC_CONST("max_user_instances", "128\n"),
    PROC_CONST("max_user_watches", "1048576\n"),
    {0},
};
static const struct proc_entry entries[] = {
    PROC_DIR("epoll", epoll),
    PROC_CONST("file-max", "9223372036854775807\n"),
    PROC_DIR("inotify", inotify),
    PROC_CONST("nr_open", "1048576\n"),
    PROC_CONST("pipe-max-size", "1048576\n"),
    {0},
};

const struct proc_entry proc_limits_of_files[] = {PROC_DIR("fs", entries), {0}};
