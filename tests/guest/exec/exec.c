/* SPDX-License-Identifier: Apache-2.0 */
/* execve(2): one program becomes another, in place. */
#include "../check.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

extern char **environ;

static void show(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (i == 0 && strchr(argv[0], '/'))
            printf("argv[0] has a path\n");
        else
            printf("argv[%d]: %s\n", i, argv[i]);
    for (char **each = environ; *each; each++)
        if (strncmp(*each, "EXEC_", 5) == 0)
            text("environment", *each);
}

static void script(const char *name, const char *contents)
{
    int fd = (int)must(open(name, O_WRONLY | O_CREAT | O_TRUNC, 0755));

    must(write(fd, contents, strlen(contents)));
    close(fd);
}

static void failures(const char *self)
{
    char *one[] = {(char *)"x", NULL}, *huge[] = {(char *)"x", NULL, NULL};
    static char path[5000], line[9000];

    result("not there", execve("none", one, environ));
    result("a folder", execve("/tmp", one, environ));
    result("no path", execve("", one, environ));
    result("nowhere", execve((char *)8, one, environ));
    result("arguments nowhere", execve(self, (char **)8, environ));
    script("plain", "just words\n");
    result("no format", execve("plain", one, environ));
    script("empty", "");
    result("an empty file", execve("empty", one, environ));
    must(chmod("plain", 0644));
    result("not executable", execve("plain", one, environ));
    script("loop", "#!loop\n");
    result("a script of itself", execve("./loop", one, environ));
    script("missing", "#!/no/such/interpreter\n");
    result("missing interpreter", execve("./missing", one, environ));
    script("bare", "#!\n");
    result("no interpreter named", execve("./bare", one, environ));
    memset(path, 'a', 300);
    result("long name", execve(path, one, environ));
    script("elf",
           "\177ELF\2\1\1 and then nonsense, more than a header is long, so that it is read");
    result("corrupt ELF", execve("./elf", one, environ));
    script("short", "\177ELF");
    result("cut ELF", execve("./short", one, environ));
    huge[1] = malloc(200 << 10);
    memset(huge[1], 'x', 200 << 10);
    huge[1][(200 << 10) - 1] = 0;
    result("an argument of 200 KiB", execve(self, huge, environ));
    memset(line, '/', sizeof(line));
    int fd = (int)must(open("longline", O_WRONLY | O_CREAT, 0755));
    must(write(fd, "#!", 2));
    must(write(fd, line, sizeof(line)));
    close(fd);
    result("a line too long", execve("./longline", one, environ));
    fd = (int)must(open(self, O_RDONLY));
    result("execveat of no folder", syscall(SYS_execveat, -1, "x", one, environ, 0));
    result("execveat of no name", syscall(SYS_execveat, fd, "", one, environ, 0));
    result("link, not followed",
           (symlink(self, "link"),
            syscall(SYS_execveat, AT_FDCWD, "link", one, environ, AT_SYMLINK_NOFOLLOW)));
}

static void ignore(int signo)
{
    (void)signo;
}

static void prepare(void)
{
    stack_t alternate = {.ss_sp = malloc(65536), .ss_size = 65536};
    struct sigaction caught = {.sa_handler = ignore};
    sigset_t mask;

    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    raise(SIGUSR2);
    sigaction(SIGUSR1, &caught, NULL);
    signal(SIGHUP, SIG_IGN);
    sigaltstack(&alternate, NULL);
    umask(027);
    dup2(must(open("/dev/null", O_RDWR)), 100);
    dup3(100, 101, O_CLOEXEC);
    must(mmap((void *)0x70000000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
              0) == MAP_FAILED
             ? -1
             : 0);
    struct rlimit limit = {123, 456};
    must(setrlimit(RLIMIT_NOFILE, &limit));
    must(nice(3) == -1 && errno ? -1 : 0);
}

static void inherited(void)
{
    struct sigaction now;
    sigset_t mask, pending;
    stack_t alternate;
    struct rlimit limit;

    sigprocmask(SIG_BLOCK, NULL, &mask);
    sigpending(&pending);
    printf("blocked %d, pending %d\n", sigismember(&mask, SIGUSR2), sigismember(&pending, SIGUSR2));
    sigaction(SIGUSR1, NULL, &now);
    yes("caught is default again", now.sa_handler == SIG_DFL);
    sigaction(SIGHUP, NULL, &now);
    yes("ignored stays", now.sa_handler == SIG_IGN);
    sigaltstack(NULL, &alternate);
    fact("alternate stack", alternate.ss_flags);
    octal("umask", umask(022));
    result("open descriptor", fcntl(100, F_GETFD));
    result("closed one", fcntl(101, F_GETFD));
    result("mapping is gone", msync((void *)0x70000000, 4096, MS_ASYNC));
    must(getrlimit(RLIMIT_NOFILE, &limit));
    printf("limit %d %d\n", (int)limit.rlim_cur, (int)limit.rlim_max);
    fact("niceness", getpriority(PRIO_PROCESS, 0));
}

int main(int argc, char **argv)
{
    char self[512] = "";

    must(readlink("/proc/self/exe", self, sizeof(self) - 1));
    if (argc > 1 && strncmp(argv[1], "shown", 5) == 0) {
        show(argc, argv);
        inherited();
        return 5;
    }
    if (argc > 2 && strcmp(argv[1], "again") == 0) {
        int left = atoi(argv[2]);
        char number[16];
        if (left == 0) {
            printf("enough\n");
            return 6;
        }
        snprintf(number, sizeof(number), "%d", left - 1);
        execl(self, "exec", "again", number, NULL);
        return 1;
    }
    if (strcmp(argv[1], "failures") == 0) {
        own_folder();
        failures(self);
        return 0;
    }
    own_folder();
    prepare();
    printf("lost, since it is in the buffer only\n");
    if (strcmp(argv[1], "plain") == 0) {
        char *args[] = {(char *)"name", (char *)"shown", (char *)"", (char *)"a b", NULL};
        char *env[] = {(char *)"EXEC_A=1", (char *)"EXEC_EMPTY=", NULL};
        execve(self, args, env);
    } else if (strcmp(argv[1], "script") == 0) {
        char line[600];
        snprintf(line, sizeof(line), "#! %s shown  with blanks \nrest", self);
        script("script", line);
        setenv("EXEC_B", "2", 1);
        execl("./script", "zero", "one", "two", NULL);
    } else if (strcmp(argv[1], "descriptor") == 0) {
        int fd = (int)must(open(self, O_PATH | O_CLOEXEC));
        char *args[] = {(char *)"name", (char *)"shown", NULL};
        fexecve(fd, args, environ);
    } else if (strcmp(argv[1], "nothing") == 0) {
        execve(self, NULL, NULL);
    } else if (strcmp(argv[1], "large") == 0) {
        static char *args[1003];
        args[0] = (char *)"name";
        args[1] = (char *)"shown";
        for (int i = 2; i < 1002; i++) {
            args[i] = malloc(1000);
            memset(args[i], 'a' + i % 26, 999);
            args[i][999] = 0;
        }
        execv(self, args);
    }
    perror("execve");
    return 97;
}
