/* SPDX-License-Identifier: Apache-2.0 */
/* The one process: credentials, working directory, limits, what it was started as. */
#ifndef U2K_PROCESS_H
#define U2K_PROCESS_H

#include <u2k/types.h>

#define GROUPS_MAX 65536
#define PID 1 /* the program is process 1, as in a container */

struct credentials {
    uint32_t uid, euid, suid, fsuid, gid, egid, sgid, fsgid;
    uint32_t *groups;
    size_t group_count;
    uint64_t cap_permitted, cap_effective, cap_inheritable, cap_bounding, cap_ambient;
    bool no_new_privs, keep_caps, dumpable;
};

enum {
    RLIMIT_CPU,
    RLIMIT_FSIZE,
    RLIMIT_DATA,
    RLIMIT_STACK,
    RLIMIT_CORE,
    RLIMIT_RSS,
    RLIMIT_NPROC,
    RLIMIT_NOFILE,
    RLIMIT_MEMLOCK,
    RLIMIT_AS,
    RLIMIT_LOCKS,
    RLIMIT_SIGPENDING,
    RLIMIT_MSGQUEUE,
    RLIMIT_NICE,
    RLIMIT_RTPRIO,
    RLIMIT_RTTIME,
    RLIMIT_COUNT
};
#define RLIM_INFINITY UINT64_MAX

struct rlimit64 {
    uint64_t soft, hard;
};

struct dentry;
struct process {
    struct credentials cred;
    struct dentry *cwd, *root; /* fs's */
    uint32_t umask;
    struct rlimit64 limits[RLIMIT_COUNT];
    char hostname[65], domainname[65];
    int pgid, sid;
    uint64_t start_time; /* monotonic ns */
    bool exiting;
    int exit_status;     /* what the last thread to end gave to exit(2) */
    int nice;            /* kept and told; there is no other process to be nice to */
    uint32_t personality;
    int parent_death_signal;
    bool child_subreaper;
    uint64_t timer_slack; /* ns */
};
extern struct process process;

/* Credentials, limits and names from boot_config; the capabilities of a container. */
void process_init(void);

/* What execve(2) does to threads, signals, timers, capabilities and the name (`path`: of the new
 * program). Returns as the only thread. To be called when nothing can fail any more. */
void process_exec(const char *path);

/* Linux's capable() for the one process; CAP_* numbers of capabilities(7). */
bool capable(unsigned cap);
bool in_group(uint32_t gid);

enum {
    CAP_CHOWN,
    CAP_DAC_OVERRIDE,
    CAP_DAC_READ_SEARCH,
    CAP_FOWNER,
    CAP_FSETID,
    CAP_KILL,
    CAP_SETGID,
    CAP_SETUID,
    CAP_SETPCAP,
    CAP_LINUX_IMMUTABLE,
    CAP_NET_BIND_SERVICE,
    CAP_NET_BROADCAST,
    CAP_NET_ADMIN,
    CAP_NET_RAW,
    CAP_IPC_LOCK,
    CAP_IPC_OWNER,
    CAP_SYS_MODULE,
    CAP_SYS_RAWIO,
    CAP_SYS_CHROOT,
    CAP_SYS_PTRACE,
    CAP_SYS_PACCT,
    CAP_SYS_ADMIN,
    CAP_SYS_BOOT,
    CAP_SYS_NICE,
    CAP_SYS_RESOURCE,
    CAP_SYS_TIME,
    CAP_SYS_TTY_CONFIG,
    CAP_MKNOD,
    CAP_LEASE,
    CAP_AUDIT_WRITE,
    CAP_AUDIT_CONTROL,
    CAP_SETFCAP,
    CAP_MAC_OVERRIDE,
    CAP_MAC_ADMIN,
    CAP_SYSLOG,
    CAP_WAKE_ALARM
};

#endif
