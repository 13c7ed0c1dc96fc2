/* SPDX-License-Identifier: Apache-2.0 */
/* The process to itself: limits, names, credentials, family. Run as an ordinary user. */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

/* The result of a call, and errno if it failed. */
#define TELL(call) tell(#call, (long)(call))

static void tell(const char *what, long result)
{
    printf("%s = %ld %s\n", what, result, result == -1 ? strerrorname_np(errno) : "");
}

static void limits(void)
{
    struct rlimit r = {100, 50};

    TELL(setrlimit(RLIMIT_NOFILE, &r));
    r = (struct rlimit){40, 64};
    TELL(setrlimit(RLIMIT_NOFILE, &r));
    TELL(getrlimit(RLIMIT_NOFILE, &r));
    printf("%d %d\n", (int)r.rlim_cur, (int)r.rlim_max);
    r = (struct rlimit){64, 65};
    TELL(setrlimit(RLIMIT_NOFILE, &r));
    TELL(getrlimit(16, &r));
    TELL(prlimit(0, RLIMIT_NOFILE, NULL, &r));
    TELL(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, 8L, NULL));
    TELL(prlimit(9999999, RLIMIT_NOFILE, NULL, &r));
    r = (struct rlimit){0, 0};
    TELL(setrlimit(RLIMIT_SIGPENDING, &r));
    TELL(sigqueue(getpid(), SIGRTMAX, (union sigval){0}));
    TELL(getpriority(PRIO_PROCESS, 0));
    TELL(setpriority(PRIO_PROCESS, 0, 5));
    TELL(setpriority(PRIO_PROCESS, 0, -5));
    TELL(getpriority(PRIO_PROCESS, 0));
    TELL(getpriority(3, 0));
}

static void scheduling(void)
{
    struct sched_param p = {1};

    TELL(sched_setscheduler(0, SCHED_FIFO, &p));
    TELL(sched_setscheduler(0, SCHED_OTHER, &p));
    TELL(sched_setscheduler(0, 4, &p));
    p.sched_priority = 0;
    TELL(sched_setscheduler(0, SCHED_OTHER, &p));
    TELL(sched_getscheduler(0));
    TELL(sched_getscheduler(-1));
    TELL(sched_get_priority_max(SCHED_RR));
    TELL(sched_get_priority_min(SCHED_FIFO));
    TELL(sched_get_priority_max(SCHED_BATCH));
    TELL(sched_get_priority_max(4));
    cpu_set_t none;
    CPU_ZERO(&none);
    TELL(sched_setaffinity(0, sizeof(none), &none));
}

static void names(void)
{
    struct utsname u;
    char name[17] = "";

    TELL(uname(&u));
    printf("%s %s\n", u.sysname, u.machine);
    TELL(sethostname("other", 5));
    TELL(setdomainname("other", 5));
    TELL(prctl(PR_SET_NAME, "a name that is too long"));
    TELL(prctl(PR_GET_NAME, name));
    puts(name);
    TELL(prctl(PR_SET_NAME, 8L));
    TELL(prctl(PR_GET_DUMPABLE));
    TELL(prctl(PR_SET_DUMPABLE, 2));
    TELL(prctl(PR_SET_PDEATHSIG, 65));
    TELL(prctl(PR_SET_PDEATHSIG, SIGHUP));
    int signo = 0;
    TELL(prctl(PR_GET_PDEATHSIG, &signo));
    TELL(signo);
    TELL(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    TELL(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0));
    TELL(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    TELL(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    TELL(prctl(PR_GET_KEEPCAPS));
    TELL(prctl(PR_SET_KEEPCAPS, 2));
    TELL(prctl(PR_CAPBSET_READ, 100));
    TELL(prctl(PR_CAPBSET_DROP, CAP_CHOWN));
    TELL(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
    TELL(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0));
    TELL(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    TELL(prctl(PR_SET_TIMERSLACK, 77));
    TELL(prctl(PR_GET_TIMERSLACK));
    TELL(prctl(9999));
    TELL(personality(0xffffffff));
}

static void credentials(void)
{
    uid_t r, e, s;
    gid_t list[4] = {1, 2, 3, 4};

    TELL(getuid());
    TELL(setuid(0));
    TELL(setuid(getuid()));
    TELL(setuid(-1));
    TELL(setreuid(-1, 0));
    TELL(setreuid(-1, -1));
    TELL(setresuid(getuid(), -1, 1));
    TELL(setresuid(-1, getuid(), -1));
    TELL(getresuid(&r, &e, &s));
    printf("%u %u %u\n", r, e, s);
    TELL(setgid(0));
    TELL(setregid(0, -1));
    TELL(syscall(SYS_setfsuid, 0));
    TELL(syscall(SYS_setfsuid, -1));
    TELL(getgroups(4, list));
    TELL(syscall(SYS_getgroups, -1, list));
    TELL(setgroups(1, list));
    struct __user_cap_header_struct h = {.version = 1};
    struct __user_cap_data_struct d[2];
    TELL(syscall(SYS_capget, &h, NULL));
    printf("%#x\n", h.version);
    h.version = 1;
    TELL(syscall(SYS_capget, &h, d));
    TELL(syscall(SYS_capget, &h, d));
    printf("%#x %#x %#x\n", d[0].effective, d[0].permitted, d[1].inheritable);
    d[0].permitted = 1;
    TELL(syscall(SYS_capset, &h, d));
    h.pid = -1;
    TELL(syscall(SYS_capget, &h, d));
}

static void family(void)
{
    int status;
    siginfo_t info;
    struct rusage usage;
    struct sysinfo si;

    TELL(waitpid(-1, &status, 0));
    TELL(waitpid(-1, &status, WNOHANG));
    TELL(waitpid(12345678, &status, 0));
    TELL(syscall(SYS_wait4, -1, 0, 0x100, 0));
    TELL(waitid(P_ALL, 0, &info, WEXITED));
    TELL(waitid(P_ALL, 0, &info, 0));
    TELL(waitid(P_PID, 0, &info, WEXITED));
    TELL(waitid(9, 0, &info, WEXITED));
    TELL(getpgid(9999999));
    TELL(getsid(9999999));
    TELL(setpgid(0, -1));
    TELL(umask(027));
    TELL(umask(07777));
    TELL(umask(022));
    TELL(getrusage(RUSAGE_SELF, &usage));
    TELL(getrusage(5, &usage));
    printf("rss %d\n", usage.ru_maxrss > 0);
    TELL(sysinfo(&si));
    printf("memory %d, unit %u\n", si.totalram > si.freeram, si.mem_unit);
    TELL(settimeofday(&(struct timeval){1, 0}, NULL));
    TELL(syscall(9999));
    TELL(syscall(-1));
}

static void randomness(void)
{
    unsigned char a[1000], b[1000] = {0};
    int zeros = 0;

    TELL(getrandom(a, sizeof(a), 0));
    TELL(getrandom(b, sizeof(b), GRND_NONBLOCK));
    for (unsigned i = 0; i < sizeof(a); i++)
        zeros += a[i] == 0;
    printf("random %d %d\n", memcmp(a, b, sizeof(a)) != 0, zeros < 20);
    TELL(getrandom(a, 3, GRND_RANDOM));
    TELL(getrandom(a, 3, 8));
    TELL(getrandom(a, 3, GRND_RANDOM | 4));
    TELL(syscall(SYS_getrandom, 8L, 3, 0));
    TELL(getrandom(a, 0, 0));
}

int main(void)
{
    limits();
    scheduling();
    names();
    credentials();
    family();
    randomness();
    puts("end");
    return 0;
}
