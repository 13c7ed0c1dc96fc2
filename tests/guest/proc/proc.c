/* SPDX-License-Identifier: Apache-2.0 */
/* /proc as programs read it: shapes and relations, since values differ from machine to machine. */
#include "../check.h"
#include <dirent.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <time.h>

static char contents[1 << 17];

static const char *slurp(const char *path)
{
    int fd = open(path, O_RDONLY);
    ssize_t got, total = 0;

    contents[0] = 0;
    if (fd < 0) {
        printf("%s: %s\n", path, error_name(errno));
        return contents;
    }
    /* In small steps: a text has to stay the same from one read to the next. */
    while ((got = read(fd, contents + total, 997)) > 0)
        total += got;
    contents[total] = 0;
    close(fd);
    return contents;
}

static long field(const char *text_, const char *name)
{
    const char *at = strstr(text_, name);

    return at ? strtol(at + strlen(name), NULL, 0) : -1;
}

static void self(const char *argv0)
{
    char target[256], other[64];
    struct stat one, two;
    ssize_t length = readlink("/proc/self/exe", target, sizeof(target) - 1);

    target[length < 0 ? 0 : length] = 0;
    yes("exe", strcmp(target, argv0) == 0);
    must(stat("/proc/self/exe", &one));
    must(stat(argv0, &two));
    yes("exe is the file", one.st_ino == two.st_ino && one.st_size == two.st_size);
    length = readlink("/proc/self", target, sizeof(target) - 1);
    target[length < 0 ? 0 : length] = 0;
    yes("self is the pid", atoi(target) == getpid());
    length = readlink("/proc/self/cwd", target, sizeof(target) - 1);
    target[length < 0 ? 0 : length] = 0;
    text("cwd", target);
    length = readlink("/proc/self/root", target, sizeof(target) - 1);
    target[length < 0 ? 0 : length] = 0;
    text("root", target);
    snprintf(other, sizeof(other), "/proc/%d/cmdline", getpid());
    slurp(other);
    yes("cmdline begins with argv[0]", strcmp(contents, argv0) == 0);
    text("then", contents + strlen(contents) + 1);
    slurp("/proc/self/environ");
    yes("environ", strstr(contents, "PATH=") != NULL);
    text("comm", slurp("/proc/self/comm"));
    works("another process", open("/proc/999999/stat", O_RDONLY));
    works("nothing", open("/proc/self/nothing", O_RDONLY));
}

static void maps(void)
{
    char *at = mmap(NULL, 3 * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned long low, high, last = 0;
    char prot[8], path[256];
    bool sorted = true, found = false, stack = false, heap = false, program = false;

    free(malloc(10));
    mprotect(at + 4096, 4096, PROT_READ | PROT_WRITE);
    slurp("/proc/self/maps");
    for (char *line = strtok(contents, "\n"); line; line = strtok(NULL, "\n")) {
        path[0] = 0;
        if (sscanf(line, "%lx-%lx %7s %*x %*x:%*x %*u %255[^\n]", &low, &high, prot, path) < 3) {
            text("strange line", line);
            continue;
        }
        if (strcmp(path, "[vsyscall]") == 0)
            continue;
        sorted &= low >= last && high > low;
        last = high;
        found |= low == (unsigned long)at + 4096 && high == low + 4096 && strcmp(prot, "rw-p") == 0;
        stack |= low <= (unsigned long)&low && high > (unsigned long)&low &&
                 strcmp(path, "[stack]") == 0;
        heap |= strcmp(path, "[heap]") == 0;
        program |= strstr(path, "/proc") && low <= (unsigned long)maps &&
                   high > (unsigned long)maps && strcmp(prot, "r-xp") == 0;
    }
    printf("maps: sorted %d, split %d, stack %d, heap %d, program %d\n", sorted, found, stack, heap,
           program);
}

static void status(void)
{
    static const char *const names[] = {
        "Name:",   "Umask:",      "State:",   "Tgid:",        "Pid:",    "PPid:",
        "Uid:",    "Gid:",        "Groups:",  "VmPeak:",      "VmSize:", "VmRSS:",
        "VmData:", "Threads:",    "SigPnd:",  "SigBlk:",      "SigIgn:", "SigCgt:",
        "CapEff:", "NoNewPrivs:", "Seccomp:", "Cpus_allowed:"};

    slurp("/proc/self/status");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        printf("status %s %s\n", names[i], strstr(contents, names[i]) ? "there" : "missing");
    yes("pid", field(contents, "\nPid:") == getpid());
    fact("threads", field(contents, "Threads:"));
    yes("uid", field(contents, "Uid:") == (long)getuid());
    octal("umask", (unsigned long)field(contents, "Umask:"));
    yes("sizes",
        field(contents, "VmSize:") >= field(contents, "VmRSS:") && field(contents, "VmRSS:") > 0);
    slurp("/proc/self/stat");
    int pid, fields = 0;
    char name[32], state;
    yes("stat", sscanf(contents, "%d (%31[^)]) %c", &pid, name, &state) == 3 && pid == getpid());
    printf("stat: %s %c\n", name, state);
    for (char *each = strtok(contents, " \n"); each; each = strtok(NULL, " \n"))
        fields++;
    fact("fields of stat", fields);
    long size = -1, resident = -1;
    sscanf(slurp("/proc/self/statm"), "%ld %ld", &size, &resident);
    yes("statm", size >= resident && resident > 0);
}

static void machine(void)
{
    struct sysinfo info;
    long total, available;
    int processors = 0;

    must(sysinfo(&info));
    slurp("/proc/meminfo");
    total = field(contents, "MemTotal:");
    available = field(contents, "MemAvailable:");
    yes("memory",
        total > 0 && available > 0 && available <= total && field(contents, "MemFree:") <= total);
    yes("as sysinfo has it",
        labs((long)(info.totalram * info.mem_unit / 1024) - total) < total / 10);
    yes("swap is there", strstr(contents, "SwapTotal:") && strstr(contents, "Buffers:") &&
                             strstr(contents, "Cached:"));
    slurp("/proc/cpuinfo");
    for (char *at = contents; (at = strstr(at, "processor")); at++)
        processors += at == contents || at[-1] == '\n';
    yes("processors", processors >= 1);
#if defined(__x86_64__)
    yes("flags", strstr(contents, "flags\t\t:") && strstr(contents, " sse2 "));
    yes("model", strstr(contents, "model name\t:") && strstr(contents, "vendor_id\t:"));
#endif
    slurp("/proc/stat");
    yes("stat", strncmp(contents, "cpu ", 4) == 0 && strstr(contents, "\nbtime ") != NULL);
    double up = -1, idle = -1;
    struct timespec since;
    clock_gettime(CLOCK_BOOTTIME, &since);
    yes("uptime",
        sscanf(slurp("/proc/uptime"), "%lf %lf", &up, &idle) == 2 && up >= 0 && idle >= 0);
    yes("uptime is a clock", up - (double)since.tv_sec > -2 && up - (double)since.tv_sec < 2);
    yes("sysinfo has it, too", labs(info.uptime - (long)up) < 2);
    yes("loadavg", strchr(slurp("/proc/loadavg"), '/') != NULL);
    yes("version", strncmp(slurp("/proc/version"), "Linux version ", 14) == 0);
    yes("filesystems", strstr(slurp("/proc/filesystems"), "nodev\tproc\n") != NULL);
    slurp("/proc/mounts");
    yes("mounts", strstr(contents, " / ") && strstr(contents, " /proc proc "));
    slurp("/proc/self/mountinfo");
    yes("mountinfo", strstr(contents, " / / ") || strstr(contents, " / "));
    slurp("/proc/sys/kernel/osrelease");
    yes("osrelease", atoi(contents) >= 4);
    text("ostype", slurp("/proc/sys/kernel/ostype"));
    yes("pid_max", atoi(slurp("/proc/sys/kernel/pid_max")) > 0);
    fact("length of boot_id", (long long)strlen(slurp("/proc/sys/kernel/random/boot_id")));
    yes("overcommit", strlen(slurp("/proc/sys/vm/overcommit_memory")) == 2);
}

static void descriptors(void)
{
    int fd = (int)must(open("/dev/null", O_RDWR | O_APPEND)), numbers = 0, strange = 0;
    char path[64], target[64];
    DIR *folder = opendir("/proc/self/fd");
    struct dirent *each;

    must(lseek(fd, 0, SEEK_CUR));
    while (folder && (each = readdir(folder))) {
        numbers += each->d_name[0] >= '0' && each->d_name[0] <= '9';
        strange += each->d_type != DT_LNK && each->d_type != DT_DIR;
    }
    yes("fd has all five", numbers == 5);
    fact("no links", strange);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    ssize_t length = readlink(path, target, sizeof(target) - 1);
    target[length < 0 ? 0 : length] = 0;
    text("fd", target);
    length = readlink("/proc/self/fd/1", target, sizeof(target) - 1);
    target[length < 0 ? 0 : length] = 0;
    yes("a pipe's name", strncmp(target, "pipe:[", 6) == 0);
    works("no such fd", readlink("/proc/self/fd/88", target, 10));
    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
    slurp(path);
    octal("flags in fdinfo",
          (unsigned long)strtol(strstr(contents, "flags:") ? strstr(contents, "flags:") + 6 : "-1",
                                NULL, 8));
    int folder_of_tasks = 0;
    folder = opendir("/proc/self/task");
    while (folder && (each = readdir(folder)))
        folder_of_tasks += atoi(each->d_name) == getpid();
    fact("task", folder_of_tasks);
}

int main(int argc, char **argv)
{
    (void)argc;
    self(argv[0]);
    maps();
    status();
    machine();
    descriptors();
    return 0;
}
