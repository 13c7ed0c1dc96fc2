/* SPDX-License-Identifier: Apache-2.0 */
/* /dev, /proc, /sys, the terminal, and the files that an engine provides. */
#include "check.h"

#include <u2k/mm.h>
#include <u2k/path.h>
#include <u2k/termios.h>

char *strstr(const char *text, const char *part);

static void devices(void)
{
    char text[64] = {1, 1, 1};
    CHECK(write_text("/dev/null", "gone"), 4);
    CHECK(has_text("/dev/null", ""), 1);
    CHECK(write_text("/dev/full", "x"), -ENOSPC);
    long fd = open_("/dev/zero", O_RDWR, 0);
    CHECK(CALL(read, P(fd), P(text), 3), 3);
    CHECK(text[0] + text[2], 0);
    CHECK(CALL(lseek, P(fd), 100, SEEK_SET), 0);
    fd = open_("/dev/urandom", O_RDONLY, 0);
    CHECK(CALL(read, P(fd), P(text), 64), 64);
    CHECK(text[63], 0x5a);
    CHECK(open_("/dev/tty", O_RDWR, 0), -ENXIO);
    CHECK(mode_of("/dev/null"), S_IFCHR | 0666);
    CHECK(write_text("/dev/shm/x", "shared"), 6);
    CHECK(has_text("/dev/shm/x", "shared"), 1);
    CHECK(mode_of("/dev/shm"), S_IFDIR | 01777);
    CHECK(CALL(mknod, P("/tmp/zero"), S_IFCHR | 0666, 0x105), 0);
    CHECK(open_("/tmp/zero", O_RDONLY, 0) > 2, 1);
    CHECK(CALL(mknod, P("/dev/shm/zero"), S_IFCHR | 0666, 0x105), 0);
    CHECK(open_("/dev/shm/zero", O_RDONLY, 0), -EACCES); /* nodev */
    CHECK(entries_in("/dev", 100), 2 + 11);
}

static bool mentions(const char *path, const char *what)
{
    static char text[8192];
    return read_text(path, text, sizeof text) > 0 && strstr(text, what);
}

static void proc(void)
{
    char text[64] = {0};
    CHECK(mentions("/proc/self/status", "Name:\ttest\nUmask:\t0022\nState:\tR"), 1);
    CHECK(mentions("/proc/self/maps", "00400000-00401000 r--p 00000000 00:00 0"), 1);
    CHECK(mentions("/proc/self/maps", "  [heap]\n"), 1);
    CHECK(mentions("/proc/self/mounts", "proc /proc proc "), 1);
    CHECK(mentions("/proc/self/mountinfo", "/dev/shm"), 1);
    CHECK(mentions("/proc/self/limits", "Max open files            5000                 5000"), 1);
    CHECK(mentions("/proc/self/stat", "1 (test) R 0 "), 1);
    CHECK(mentions("/proc/thread-self/comm", "test\n"), 1);
    CHECK(mentions("/proc/1/task/1/statm", "256 "), 1);
    CHECK(mentions("/proc/meminfo", "MemTotal:          65536 kB\n"), 1);
    CHECK(mentions("/proc/cpuinfo", "processor\t: 0\n"), 1);
    CHECK(mentions("/proc/filesystems", "nodev\ttmpfs\n"), 1);
    CHECK(mentions("/proc/uptime", "."), 1);
    CHECK(has_text("/proc/sys/kernel/ostype", "Linux\n"), 1);
    CHECK(read_text("/proc/sys/kernel/random/uuid", text, 64), 37);
    CHECK(strcmp(text, "5a5a5a5a-5a5a-4a5a-9a5a-5a5a5a5a5a5a\n"), 0);
    CHECK(CALL(readlink, P("/proc/self"), P(text), 64), 1);
    CHECK(CALL(readlink, P("/proc/self/cwd"), P(text), 64), 1);
    CHECK(write_text("/proc/self/comm", "renamed"), 7);
    CHECK(has_text("/proc/self/comm", "renamed\n"), 1);
    CHECK(write_text("/proc/self/oom_score_adj", "-17\n"), 4);
    CHECK(has_text("/proc/self/oom_score_adj", "-17\n"), 1);
    CHECK(write_text("/proc/self/oom_score_adj", "x"), -EINVAL);
    CHECK(write_text("/proc/self/status", "x"), -EACCES);
    CHECK(write_text("/proc/new", "x"), -ENOENT);
    CHECK(mode_of("/proc/2"), -ENOENT);
    CHECK(mode_of("/proc/self/fd/9"), -ENOENT);
    CHECK(entries_in("/proc/self/fd", 4096), 2 + 4);
    CHECK(entries_in("/proc/self/task", 24), 2 + 1);
    CHECK(has_text("/proc/self/root/etc/motd", "welcome\n"), 1);
    long fd = open_("/etc/motd", O_RDWR | O_CLOEXEC, 0);
    CHECK(fd, 3);
    CHECK(mentions("/proc/self/fdinfo/3", "flags:\t02100002\n"), 1);
    CHECK(has_text("/proc/self/fd/3", "welcome\n"), 1);
    CHECK(CALL(lseek, P(fd), 4, 0), 4);
    CHECK(mentions("/proc/self/fdinfo/3", "pos:\t4\n"), 1);
    CHECK(open_("/proc/self/exe", O_RDONLY, 0), -ENOENT);
    struct file *f;
    CHECK(vfs_open_exec("/prog", &f), 0);
    mm_layout.exe = f;
    CHECK(CALL(readlink, P("/proc/self/exe"), P(text), 64), 5);
    CHECK(open_("/prog", O_WRONLY, 0), -ETXTBSY);
    CHECK(open_("/proc/self/exe", O_RDONLY, 0) > 2, 1);
    CHECK(open_("/proc/self/exe/", O_RDONLY, 0), -ENOTDIR);
    CHECK(has_text("/sys/devices/system/cpu/online", "0\n"), 1);
    CHECK(open_("/sys/devices/system/cpu/online", O_WRONLY, 0), -EROFS);
}

static void hostnames(void)
{
    CHECK(has_text("/etc/hostname", "box\n"), 1);
    CHECK(mentions("/etc/hosts", "127.0.0.1\tlocalhost\n"), 1);
    CHECK(has_text("/etc/resolv.conf", "nameserver 9.9.9.9\n"), 1); /* the image's own stays */
}

static void type(const char *text)
{
    memcpy(stub_input, text, stub_input_len = strlen(text));
    stub_event(STREAM_IN);
}

static void type_line(void)
{
    type("late\r");
}

static void terminal(void)
{
    struct termios_k t;
    struct winsize size;
    struct stat_k st;
    char text[64];
    CHECK(CALL(fstat, 0, P(&st)), 0);
    CHECK(st.mode & S_IFMT, S_IFCHR);
    CHECK(st.rdev, 0x8800);
    CHECK(CALL(readlink, P("/proc/self/fd/0"), P(text), 64), 10);
    CHECK(CALL(ioctl, 0, TIOCGWINSZ, P(&size)), 0);
    CHECK(size.columns, 80);
    type(
        "ab\x7f"
        "c\r");
    CHECK(CALL(read, 0, P(text), 64), 3);
    CHECK(memcmp(text, "ac\n", 3), 0);
    CHECK(memcmp(stub_output, "ab\b \bc\r\n", 8), 0);
    stub_output_len = 0;
    CHECK(CALL(write, 1, P("x\ny"), 3), 3);
    CHECK(memcmp(stub_output, "x\r\ny", 4), 0);
    type("half");
    CHECK(CALL(read, 0, P(text), 64), -ERESTARTSYS);
    stub_while_waiting = type_line;
    CHECK(CALL(read, 0, P(text), 2), 2);
    CHECK(CALL(read, 0, P(text), 64), 7);
    type("end\x04");
    CHECK(CALL(read, 0, P(text), 64), 3);
    type("\x04");
    CHECK(CALL(read, 0, P(text), 64), 0);
    type("lost\x03");
    CHECK(stub_signals, SIGBIT(SIGINT));
    CHECK(CALL(ioctl, 0, TCGETS, P(&t)), 0);
    t.lflag &= ~(uint32_t)(ICANON | ECHO | ISIG);
    CHECK(CALL(ioctl, 0, TCSETS, P(&t)), 0);
    type("\x03q");
    CHECK(CALL(read, 0, P(text), 64), 2);
    CHECK(text[0], 3);
    t.cc[VMIN] = 0;
    t.cc[VTIME] = 5;
    CHECK(CALL(ioctl, 0, TCSETS, P(&t)), 0);
    CHECK(CALL(read, 0, P(text), 64), 0); /* half a second later */
    struct pollfd p = {0, POLLIN, 0};
    CHECK(CALL(poll, P(&p), 1, 0), 0);
    type("z");
    CHECK(CALL(poll, P(&p), 1, 0), 1);
    long fd = open_("/dev/tty", O_RDWR, 0);
    CHECK(CALL(read, P(fd), P(text), 64), 1);
    for (int i = 0; i < 3000; i++) /* more than the line discipline can hold */
        type("0123456789");
    CHECK(CALL(ioctl, 0, 0x1234, 0), -ENOTTY);
}

static void memory(void)
{
    char text[64];
    while (dentry_shrink(1000))
        ;
    long before = stub_allocations;
    for (int round = 0; round < 2; round++) {
        CHECK(CALL(mkdir, P("/tmp/x"), 0755), 0);
        CHECK(write_text("/tmp/x/a-file-with-quite-a-long-name", "data"), 4);
        CHECK(CALL(symlink, P("target"), P("/tmp/x/l")), 0);
        CHECK(CALL(rename, P("/tmp/x/l"), P("/tmp/x/a-link-with-quite-a-long-name")), 0);
        CHECK(read_text("/proc/self/status", text, 64) > 0, 1);
        CHECK(CALL(unlink, P("/tmp/x/a-link-with-quite-a-long-name")), 0);
        CHECK(CALL(unlink, P("/tmp/x/a-file-with-quite-a-long-name")), 0);
        CHECK(CALL(rmdir, P("/tmp/x")), 0);
        int32_t fd[2];
        CHECK(CALL(pipe, P(fd)), 0);
        CHECK(CALL(write, P(fd[1]), P("x"), 1), 1);
        CHECK(CALL(close, P(fd[0])), 0);
        CHECK(CALL(close, P(fd[1])), 0);
        long m = CALL(memfd_create, P("m"), 0);
        CHECK(CALL(write, P(m), P("x"), 1), 1);
        CHECK(CALL(close, P(m)), 0);
        while (dentry_shrink(1000))
            ;
        if (round == 0)
            before = stub_allocations; /* what stays is made once: /proc, a path buffer */
    }
    CHECK(stub_allocations, before);
}

const struct test tests_special[] = {
    {"devices", devices},   {"proc", proc},     {"hostnames", hostnames},
    {"terminal", terminal}, {"memory", memory}, {0},
};
