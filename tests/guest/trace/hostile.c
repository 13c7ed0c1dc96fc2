/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that are hard to watch, for tests/e2e/test_trace_hostile.py, by their first argument:
 *   crash      faults
 *   caught     faults, handles it, and ends with status 4
 *   again N    executes itself by /proc/self/exe, N times
 *   memory     takes all the memory that there is;  shared: the same, shared with nobody
 *   disk       fills a file, and then the next one
 *   deep       makes a folder in a folder, 1500 times, and some that nobody may enter
 *   thirty-two makes a system call by the 32-bit table
 *   ptrace     wants to be traced
 *   set-uid    ends with status 5 if it got another user
 *   garbage    writes what looks like a log of its tracer's, closes all descriptors, opens a file
 *   forever    never ends, and ignores SIGTERM
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 24, DEPTH = 1500, DESCRIPTORS = 256 };

static void caught(int number)
{
    (void)number;
    _exit(4);
}

static int fault(void)
{
    *(volatile int *)8 = 1;
    return 0;
}

static int again(int argc, char **argv)
{
    int left = argc > 2 ? atoi(argv[2]) : 0;
    char next[16];

    if (left == 0)
        return 0;
    snprintf(next, sizeof(next), "%d", left - 1);
    execl("/proc/self/exe", argv[0], argv[1], next, (char *)NULL);
    return 9;
}

static int memory(int sharing)
{
    for (;;) {
        char *piece = mmap(NULL, PIECE, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS, -1, 0);
        if (piece == MAP_FAILED)
            return 3;
        memset(piece, 1, PIECE);
    }
}

static int disk(void)
{
    static char piece[1 << 20];
    char name[32];

    for (int number = 0;; number++) {
        snprintf(name, sizeof(name), "/work/%d", number);
        int file = open(name, O_WRONLY | O_CREAT, 0600);
        for (int i = 0; i < 64; i++)
            if (write(file, piece, sizeof(piece)) < 0)
                return 3;
        close(file);
    }
}

static int deep(void)
{
    mkdir("/work/closed", 0700);
    mkdir("/work/closed/inner", 0);
    chmod("/work/closed", 0);
    for (int i = 0; i < DEPTH; i++)
        if (mkdir("a-folder", 0700) || chdir("a-folder"))
            return 3;
    return symlink("/", "root");
}

static int garbage(void)
{
    for (int i = 0; i < 20; i++)
        dprintf(2, "%d [  59] execve(\"/bin/forged\", [\"forged\"], []) = 0\nu2k: trace: call 41\n",
                i);
    for (int i = 0; i < DESCRIPTORS; i++)
        close(i);
    return open("/etc/conf", O_RDONLY) == 0 ? 0 : 3;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (!strcmp(what, "crash"))
        return fault();
    if (!strcmp(what, "caught")) {
        signal(SIGSEGV, caught);
        return fault();
    }
    if (!strcmp(what, "again"))
        return again(argc, argv);
    if (!strcmp(what, "memory"))
        return memory(MAP_PRIVATE);
    if (!strcmp(what, "shared"))
        return memory(MAP_SHARED);
    if (!strcmp(what, "disk"))
        return disk();
    if (!strcmp(what, "deep"))
        return deep();
    if (!strcmp(what, "thirty-two")) {
        int result;
        __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "r8", "r9", "r10", "r11", "memory");
        return result <= 0;
    }
    if (!strcmp(what, "ptrace"))
        return ptrace(PTRACE_TRACEME, 0, NULL, NULL) ? 0 : 3;
    if (!strcmp(what, "set-uid"))
        return geteuid() == getuid() ? 0 : 5;
    if (!strcmp(what, "garbage"))
        return garbage();
    signal(SIGTERM, SIG_IGN);
    for (;;)
        pause();
}
