/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/self and its task folders. */
#include "proc.h"

#include <u2k/mm.h>
#include <u2k/optional.h>
#include <u2k/sched.h>
#include <u2k/string.h>
#include <u2k/uaccess.h>

static void program_bytes(struct text *t, vaddr_t at, vaddr_t end)
{
    uint8_t bytes[256];
    while (at < end) {
        size_t n = user_read_some(bytes, at, MIN(end - at, sizeof bytes));
        if (n == 0)
            break;
        text_bytes(t, bytes, n);
        at += n;
    }
}

static void cmdline(struct text *t, const struct proc_at *at)
{
    (void)at;
    program_bytes(t, mm_layout.arg_start, mm_layout.arg_end);
}

static void environ(struct text *t, const struct proc_at *at)
{
    (void)at;
    program_bytes(t, mm_layout.env_start, mm_layout.env_end);
}

static void auxv(struct text *t, const struct proc_at *at)
{
    (void)at;
    text_bytes(t, mm_layout.auxv, mm_layout.auxv_words * sizeof mm_layout.auxv[0]);
}

static void comm(struct text *t, const struct proc_at *at)
{
    const struct thread *thread = thread_find(at->tid);
    if (thread)
        text_add(t, "%s\n", thread->name);
}

static int set_comm(const struct proc_at *at, const char *text, size_t len)
{
    struct thread *thread = thread_find(at->tid);
    if (!thread)
        return -ESRCH;
    len = MIN(len, sizeof thread->name - 1);
    memcpy(thread->name, text, len);
    memset(thread->name + len, 0, sizeof thread->name - len);
    return 0;
}

static int score_adjust;

static void oom_adjust(struct text *t, const struct proc_at *at)
{
    (void)at;
    text_add(t, "%d\n", score_adjust);
}

/* There is no other process to be preferred to, so the number is only kept. */
static int set_oom_adjust(const struct proc_at *at, const char *text, size_t len)
{
    (void)at;
    bool minus = len > 0 && text[0] == '-';
    int n = 0;
    size_t i = minus;
    for (; i < len && text[i] >= '0' && text[i] <= '9' && n <= 1000; i++)
        n = n * 10 + (text[i] - '0');
    if (i == minus || n > 1000 || (i < len && text[i] != '\n'))
        return -EINVAL;
    if ((minus ? -n : n) < score_adjust && !capable(CAP_SYS_RESOURCE))
        return -EACCES;
    score_adjust = minus ? -n : n;
    return 0;
}

static ssize_t path_text(struct dentry *d, char *out, size_t size)
{
    return d ? dentry_path(d, out, size) : -ENOENT;
}

static int path_follow(struct dentry *d, struct dentry **out)
{
    if (!d)
        return -ENOENT;
    *out = dentry_ref(d);
    return 0;
}

static struct dentry *exe(void)
{
    return mm_layout.exe ? mm_layout.exe->dentry : NULL;
}

static ssize_t exe_text(const struct proc_at *at, char *out, size_t size)
{
    (void)at;
    return path_text(exe(), out, size);
}

static int exe_follow(const struct proc_at *at, struct dentry **out)
{
    (void)at;
    return path_follow(exe(), out);
}

static ssize_t cwd_text(const struct proc_at *at, char *out, size_t size)
{
    (void)at;
    return path_text(process.cwd, out, size);
}

static int cwd_follow(const struct proc_at *at, struct dentry **out)
{
    (void)at;
    return path_follow(process.cwd, out);
}

static ssize_t root_text(const struct proc_at *at, char *out, size_t size)
{
    (void)at;
    return path_text(process.root, out, size);
}

static int root_follow(const struct proc_at *at, struct dentry **out)
{
    (void)at;
    return path_follow(process.root, out);
}

static const struct proc_entry task_folder =
    PROC_DIR("task", proc_process + 1); /* all but "task" */

static bool task_find(const struct proc_at *at, int number, struct proc_at *out)
{
    (void)at;
    if (!thread_find(number))
        return false;
    *out = (struct proc_at){&task_folder, number, -1};
    return true;
}

static int task_next(const struct proc_at *at, int from)
{
    int lowest = -1;
    (void)at;
    LIST_FOR_EACH(it, &threads)
    {
        const struct thread *t = LIST_ENTRY(it, struct thread, all_link);
        if (t->tid >= from && (lowest < 0 || t->tid < lowest))
            lowest = t->tid;
    }
    return lowest;
}

const struct proc_entry proc_nothing[] = {{0}};

IF_LINKED(part_netfs, proc_net, proc_nothing);

const struct proc_entry proc_process[] = {
    PROC_LIST("task", 0555, task_find, task_next),
    PROC_TEXT("auxv", auxv),
    PROC_CONST("cgroup", "0::/\n"),
    PROC_TEXT("cmdline", cmdline),
    PROC_SETTING("comm", comm, set_comm),
    PROC_SYMLINK("cwd", cwd_text, cwd_follow),
    {.name = "environ", .mode = S_IFREG | 0400, .kind = PROC_SHOWN, .show = environ},
    PROC_SYMLINK("exe", exe_text, exe_follow),
    PROC_LIST("fd", 0500, proc_fd_find, proc_fd_next),
    PROC_LIST("fdinfo", 0555, proc_fd_find, proc_fd_next),
    PROC_TEXT("limits", proc_limits),
    PROC_TEXT("maps", proc_maps),
    PROC_TEXT("mountinfo", proc_mountinfo),
    PROC_TEXT("mounts", proc_mounts),
    PROC_DIR("net", proc_net),
    PROC_CONST("oom_score", "0\n"),
    PROC_SETTING("oom_score_adj", oom_adjust, set_oom_adjust),
    PROC_SYMLINK("root", root_text, root_follow),
    PROC_TEXT("stat", proc_stat),
    PROC_TEXT("statm", proc_statm),
    PROC_TEXT("status", proc_status),
    {0},
};
