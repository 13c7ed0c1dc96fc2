/* SPDX-License-Identifier: Apache-2.0 */
/* The one process: what it starts with, and what execve(2) changes. */
#include <u2k/boot.h>
#include <u2k/clock.h>
#include <u2k/process.h>
#include <u2k/string.h>

#define CAPBIT(n) (1ull << (n))
#define MEBIBYTE (1ull << 20)
#define TIMER_SLACK 50000 /* ns, Linux's default */

/* What docker and podman leave to a container's root. */
#define CONTAINER_CAPS \
    (CAPBIT(CAP_CHOWN) | CAPBIT(CAP_DAC_OVERRIDE) | CAPBIT(CAP_FSETID) | CAPBIT(CAP_FOWNER) | \
     CAPBIT(CAP_MKNOD) | CAPBIT(CAP_NET_RAW) | CAPBIT(CAP_SETGID) | CAPBIT(CAP_SETUID) | \
     CAPBIT(CAP_SETFCAP) | CAPBIT(CAP_SETPCAP) | CAPBIT(CAP_NET_BIND_SERVICE) | \
     CAPBIT(CAP_SYS_CHROOT) | CAPBIT(CAP_KILL) | CAPBIT(CAP_AUDIT_WRITE))

struct process process;

bool capable(unsigned cap)
{
    return process.cred.cap_effective & CAPBIT(cap);
}

bool in_group(uint32_t gid)
{
    const struct credentials *c = &process.cred;

    for (size_t i = 0; i < c->group_count; i++)
        if (c->groups[i] == gid)
            return true;
    return c->fsgid == gid;
}

static void init_limits(struct rlimit64 *limits)
{
    for (unsigned i = 0; i < RLIMIT_COUNT; i++)
        limits[i] = (struct rlimit64){RLIM_INFINITY, RLIM_INFINITY};
    limits[RLIMIT_STACK].soft = 8 * MEBIBYTE;
    limits[RLIMIT_CORE].soft = 0;
    limits[RLIMIT_NOFILE] = (struct rlimit64){1024, 524288}; /* systemd's, hence containerd's */
    limits[RLIMIT_MEMLOCK] = (struct rlimit64){8 * MEBIBYTE, 8 * MEBIBYTE};
    limits[RLIMIT_SIGPENDING] = (struct rlimit64){4096, 4096};
    limits[RLIMIT_NPROC] = (struct rlimit64){32768, 32768};
    limits[RLIMIT_MSGQUEUE] = (struct rlimit64){819200, 819200};
    limits[RLIMIT_NICE] = limits[RLIMIT_RTPRIO] = (struct rlimit64){0, 0};
}

void process_init(void)
{
    const struct boot_config *b = &boot_config;
    struct credentials *c = &process.cred;

    c->uid = c->euid = c->suid = c->fsuid = b->uid;
    c->gid = c->egid = c->sgid = c->fsgid = b->gid;
    c->groups = b->groups;
    c->group_count = b->group_count;
    c->cap_bounding = CONTAINER_CAPS;
    c->cap_permitted = c->cap_effective = b->uid ? 0 : CONTAINER_CAPS;
    c->dumpable = true;
    process.umask = b->umask;
    init_limits(process.limits);
    memcpy(process.hostname, b->hostname, MIN(strlen(b->hostname), sizeof(process.hostname) - 1));
    memcpy(process.domainname, "(none)", sizeof("(none)"));
    process.pgid = process.sid = PID;
    process.start_time = clock_monotonic();
    process.timer_slack = TIMER_SLACK;
}

/* capabilities(7), "Transformation of capabilities during execve()", for files without capabilities:
 * set-user-ID and file capabilities do not count here, as under "no new privileges". */
static void exec_capabilities(struct credentials *c)
{
    if (c->uid == 0 || c->euid == 0) {
        c->cap_permitted = c->cap_inheritable | c->cap_bounding;
        c->cap_effective = c->euid == 0 ? c->cap_permitted : c->cap_ambient;
    } else {
        c->cap_permitted = c->cap_effective = c->cap_ambient;
    }
    c->suid = c->fsuid = c->euid;
    c->sgid = c->fsgid = c->egid;
    c->keep_caps = false;
    c->dumpable = true;
}

void process_exec(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    struct thread *t;

    threads_end_others();
    t = current;
    posix_timers_delete_all();
    signal_reset_for_exec();
    exec_capabilities(&process.cred);
    t->clear_child_tid = t->robust_list = 0;
    t->restart = NULL;
    memset(t->name, 0, sizeof(t->name));
    memcpy(t->name, name, MIN(strlen(name), sizeof(t->name) - 1));
}
