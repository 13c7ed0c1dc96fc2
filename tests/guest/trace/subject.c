/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is traced in tests/e2e/test_trace_native.py, by its first argument:
 *   entry ARG...   as a container's entry script: a child executes `child`, a file is made, the user is changed,
 *                  then the program itself is executed with ARG...
 *   serve          answers each line on port 81 with it; forks once; ends at SIGTERM
 *   listen         makes the socket that `serve` has, and ends
 *   wait           does nothing for ever
 *   write          does its own work on /srv: changes `made`, makes `later`; runs `child` as well
 *   status N       ends with status N
 *   escape         tries what a sandbox must not let it do, tells how many attempts worked
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void stop(int number)
{
    (void)number;
    _exit(0);
}

static int run_child(void)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        execl("/bin/none", "none", (char *)NULL);
        execl("/bin/child", "child", "child", (char *)NULL);
        _exit(1);
    }
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int put(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ssize_t len = (ssize_t)strlen(text);

    return file < 0 || write(file, text, (size_t)len) != len || close(file);
}

static int entry(char **argv)
{
    if (run_child() || put("/srv/made", "made\n"))
        return 10;
    if (chown("/srv/made", 1000, 1001) || chown("/srv", 1000, 1001))
        return 11;
    gid_t group = 1005;
    if (setgroups(1, &group) || setgid(1001) || setuid(1000) || chdir("/srv"))
        return 12;
    setenv("ADDED", "by entry", 1);
    argv[0] = "subject";
    execve("/bin/link", argv, environ);
    return 13;
}

static int serve(int ends)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(81)};
    char line[256];
    int end = socket(AF_INET, SOCK_STREAM, 0);

    signal(SIGTERM, stop);
    if (bind(end, (struct sockaddr *)&address, sizeof(address)) || listen(end, 4)) {
        perror("listen");
        return 20;
    }
    if (ends)
        return 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(access("/etc/worker.conf", R_OK));
    waitpid(pid, NULL, 0);
    for (;;) {
        int peer = accept(end, NULL, NULL);
        ssize_t n = read(peer, line, sizeof(line));
        if (n > 0 && write(peer, line, (size_t)n) != n)
            return 21;
        if (n > 3 && !memcmp(line, "more", 4))
            close(open("/etc/more.conf", O_RDONLY));
        close(peer);
    }
}

/* Each attempt is 0 when it worked. */
static int escape(void)
{
    int worked = 0;

    worked += mount("none", "/srv", "tmpfs", 0, NULL) == 0;
    worked += unshare(CLONE_NEWUSER) == 0;
    worked += mknod("/srv/disk", S_IFBLK | 0666, 0x800) == 0;
    worked += open("/proc/sys/kernel/hostname", O_WRONLY) >= 0;
    worked += open("/proc/sysrq-trigger", O_WRONLY) >= 0;
    worked += kill(2, 0) == 0; /* nobody else is in its process namespace */
    worked += access("/tmp", F_OK) == 0; /* the host's: the image has none */
    struct sockaddr_in away = {.sin_family = AF_INET, .sin_port = htons(80)};
    away.sin_addr.s_addr = htonl(0x08080808);
    worked += connect(socket(AF_INET, SOCK_DGRAM, 0), (struct sockaddr *)&away, sizeof(away)) == 0;
    worked += prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1;
    printf("%d attempts worked\n", worked);
    return worked ? 30 : 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (!strcmp(what, "entry"))
        return entry(argv + 1);
    if (!strcmp(what, "serve") || !strcmp(what, "listen"))
        return serve(!strcmp(what, "listen"));
    if (!strcmp(what, "escape"))
        return escape();
    if (!strcmp(what, "write"))
        return put("/srv/made", "and more\n") || put("/srv/later", "later\n") || run_child();
    if (!strcmp(what, "child"))
        return access("/etc/child.conf", R_OK);
    if (!strcmp(what, "status")) {
        fprintf(stderr, "these are my last words\n");
        return argc > 2 ? atoi(argv[2]) : 0;
    }
    for (;;)
        pause();
}
