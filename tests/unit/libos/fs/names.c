/* SPDX-License-Identifier: Apache-2.0 */
/* Names: look-up, directories, renames, links, whiteouts. The image is that of test_fs.py. */
#include "check.h"

static void lookup(void)
{
    CHECK(has_text("/etc/motd", "welcome\n"), 1);
    CHECK(has_text("etc/../etc/./motd", "welcome\n"), 1);
    CHECK(has_text("//etc///motd", "welcome\n"), 1);
    CHECK(has_text("/link-to-motd", "welcome\n"), 1);
    CHECK(has_text("/etc-link/motd", "welcome\n"), 1);
    CHECK(has_text("/etc-link/../etc/motd", "welcome\n"), 1);
    CHECK(open_("/etc/motd/", O_RDONLY, 0), -ENOTDIR);
    CHECK(open_("/etc/motd/x", O_RDONLY, 0), -ENOTDIR);
    CHECK(open_("/none", O_RDONLY, 0), -ENOENT);
    CHECK(open_("/none/x", O_RDONLY, 0), -ENOENT);
    CHECK(open_("", O_RDONLY, 0), -ENOENT);
    CHECK(open_("/loop", O_RDONLY, 0), -ELOOP);
    CHECK(open_("/link-to-motd", O_RDONLY | O_NOFOLLOW, 0), -ELOOP);
    CHECK(open_("/dangling", O_RDONLY, 0), -ENOENT);
    CHECK(CALL(open, 8, O_RDONLY), -EFAULT);
    char longest[NAME_MAX + 4] = "/";
    memset(longest + 1, 'x', NAME_MAX + 1);
    CHECK(open_(longest, O_RDONLY, 0), -ENAMETOOLONG);
    longest[NAME_MAX + 1] = 0;
    CHECK(write_text(longest, "1"), 1);
    CHECK(mode_of("/link-to-motd"), S_IFLNK | 0777);
    char text[64] = {0};
    CHECK(CALL(readlink, P("/link-to-motd"), P(text), sizeof text), 8);
    CHECK(strcmp(text, "etc/motd"), 0);
    CHECK(CALL(readlink, P("/etc/motd"), P(text), sizeof text), -EINVAL);
}

static void many_names(void)
{
    char name[64];
    CHECK(entries_in("/many", 4096), 502);
    CHECK(entries_in("/many", 300), 502);
    CHECK(CALL(unlink, P("/many/file-250")), 0);
    CHECK(write_text("/many/new", "x"), 1);
    CHECK(entries_in("/many", 64), 502);
    CHECK(open_("/many/file-250", O_RDONLY, 0), -ENOENT);
    CHECK(has_text("/many/file-251", "251"), 1);
    for (int i = 0; i < 500; i++) {
        memcpy(name, "/many/file-000", 15);
        name[11] = (char)('0' + i / 100), name[12] = (char)('0' + i / 10 % 10),
        name[13] = (char)('0' + i % 10);
        CHECK(CALL(unlink, P(name)), i == 250 ? -ENOENT : 0);
    }
    CHECK(CALL(rmdir, P("/many")), -ENOTEMPTY);
    CHECK(CALL(unlink, P("/many/new")), 0);
    CHECK(entries_in("/many", 64), 2);
    CHECK(CALL(rmdir, P("/many")), 0);
    CHECK(mode_of("/many"), -ENOENT);
    CHECK(CALL(mkdir, P("/many"), 0755), 0);
    CHECK(entries_in("/many", 64), 2);
    long fd = open_("/", O_RDONLY, 0);
    char small[8];
    CHECK(CALL(getdents64, P(fd), P(small), sizeof small), -EINVAL);
}

static void directories(void)
{
    char cwd[64];
    CHECK(CALL(mkdir, P("/tmp/a"), 0777), 0);
    CHECK(mode_of("/tmp/a"), S_IFDIR | 0755);
    CHECK(CALL(mkdir, P("/tmp/a"), 0777), -EEXIST);
    CHECK(CALL(mkdir, P("/tmp/a/b/"), 0777), 0);
    CHECK(CALL(mkdir, P("/tmp/x/y"), 0777), -ENOENT);
    CHECK(CALL(rmdir, P("/tmp/a")), -ENOTEMPTY);
    CHECK(CALL(rmdir, P("/tmp/a/.")), -EINVAL);
    CHECK(CALL(rmdir, P("/tmp/a/..")), -ENOTEMPTY);
    CHECK(CALL(rmdir, P("/etc/motd")), -ENOTDIR);
    CHECK(CALL(unlink, P("/tmp/a")), -EISDIR);
    CHECK(CALL(rmdir, P("/proc")), -EBUSY);
    CHECK(CALL(chdir, P("/tmp/a/b")), 0);
    CHECK(CALL(getcwd, P(cwd), sizeof cwd), 9);
    CHECK(strcmp(cwd, "/tmp/a/b"), 0);
    CHECK(CALL(getcwd, P(cwd), 3), -ERANGE);
    CHECK(CALL(rmdir, P("/tmp/a/b")), 0);
    CHECK(CALL(getcwd, P(cwd), sizeof cwd), -ENOENT);
    CHECK(write_text("x", "1"), -ENOENT);
    CHECK(CALL(chdir, P("..")), 0);
    CHECK(CALL(getcwd, P(cwd), sizeof cwd), 7);
    CHECK(CALL(chdir, P("/etc/motd")), -ENOTDIR);
    CHECK(CALL(mkdir, P("/tmp/s"), 0), 0);
    CHECK(CALL(chmod, P("/tmp/s"), 02775), 0);
    CHECK(CALL(chown, P("/tmp/s"), P(UINT32_MAX), 50), 0);
    CHECK(CALL(mkdir, P("/tmp/s/t"), 0700), 0);
    CHECK(mode_of("/tmp/s/t"), S_IFDIR | S_ISGID | 0700);
}

static void renames(void)
{
    CHECK(CALL(rename, P("/etc"), P("/tmp/etc")), 0);
    CHECK(mode_of("/etc"), -ENOENT);
    CHECK(has_text("/tmp/etc/motd", "welcome\n"), 1);
    CHECK(CALL(rename, P("/tmp/etc"), P("/tmp/etc/sub")), -EINVAL);
    CHECK(CALL(rename, P("/tmp/etc"), P("/etc")), 0);
    CHECK(has_text("/etc/motd", "welcome\n"), 1);
    CHECK(CALL(rename, P("/etc/motd"), P("/etc/a-name-that-does-not-fit-into-the-dentry")), 0);
    CHECK(CALL(rename, P("/etc/a-name-that-does-not-fit-into-the-dentry"), P("/tmp/m")), 0);
    CHECK(has_text("/tmp/m", "welcome\n"), 1);
    CHECK(mode_of("/etc/motd"), -ENOENT);
    CHECK(write_text("/tmp/n", "new"), 3);
    CHECK(CALL(renameat2, P(-100), P("/tmp/m"), P(-100), P("/tmp/n"), 1), -EEXIST);
    CHECK(CALL(renameat2, P(-100), P("/tmp/m"), P(-100), P("/tmp/n"), 2), 0);
    CHECK(has_text("/tmp/m", "new"), 1);
    CHECK(has_text("/tmp/n", "welcome\n"), 1);
    CHECK(CALL(rename, P("/tmp/m"), P("/tmp/n")), 0);
    CHECK(has_text("/tmp/n", "new"), 1);
    CHECK(CALL(rename, P("/tmp/n"), P("/etc")), -EISDIR);
    CHECK(CALL(rename, P("/etc"), P("/tmp/n")), -ENOTDIR);
    CHECK(CALL(mkdir, P("/tmp/d"), 0755), 0);
    CHECK(CALL(rename, P("/many"), P("/tmp/d")), 0);
    CHECK(entries_in("/tmp/d", 4096), 502);
    CHECK(CALL(rename, P("/tmp/d"), P("/dir")), -ENOTEMPTY);
    CHECK(CALL(rename, P("/tmp/n"), P("/dev/shm/n")), -EXDEV);
    CHECK(CALL(rename, P("/tmp/."), P("/x")), -EBUSY);
}

static void links(void)
{
    struct stat_k a, b;
    CHECK(CALL(stat, P("/hard-a"), P(&a)), 0);
    CHECK(CALL(stat, P("/hard-b"), P(&b)), 0);
    CHECK(a.ino, b.ino);
    CHECK(a.nlink, 2);
    long fd = open_("/hard-a", O_RDWR | O_APPEND, 0);
    CHECK(CALL(write, P(fd), P("more"), 4), 4);
    CHECK(has_text("/hard-b", "hardmore"), 1);
    CHECK(CALL(unlink, P("/hard-a")), 0);
    CHECK(has_text("/hard-b", "hardmore"), 1);
    CHECK(CALL(link, P("/hard-b"), P("/tmp/c")), 0);
    CHECK(CALL(unlink, P("/hard-b")), 0);
    CHECK(CALL(unlink, P("/tmp/c")), 0);
    CHECK(CALL(fstat, P(fd), P(&a)), 0);
    CHECK(a.nlink, 0);
    char text[64] = {0}, path[64] = "/proc/self/fd/0";
    path[14] = (char)('0' + fd);
    CHECK(CALL(pread64, P(fd), P(text), 8, 0), 8);
    CHECK(CALL(readlink, P(path), P(text), sizeof text), 17);
    CHECK(strncmp(text, "/hard-a (deleted)", 17), 0);
    CHECK(CALL(link, P("/etc"), P("/tmp/e")), -EPERM);
    CHECK(CALL(link, P("/etc/motd"), P("/dev/shm/m")), -EXDEV);
    CHECK(CALL(symlink, P("nowhere"), P("/tmp/l")), 0);
    CHECK(CALL(symlink, P("nowhere"), P("/tmp/l")), -EEXIST);
    CHECK(write_text("/tmp/l", "through"), 7);
    CHECK(has_text("/tmp/nowhere", "through"), 1);
    CHECK(open_("/tmp/l", O_CREAT | O_EXCL | O_WRONLY, 0644), -EEXIST);
    fd = open_("/tmp", O_RDWR | O_TMPFILE, 0600);
    CHECK(fd > 2, 1);
    CHECK(CALL(write, P(fd), P("t"), 1), 1);
    path[14] = (char)('0' + fd);
    CHECK(CALL(linkat, P(-100), P(path), P(-100), P("/tmp/linked"), AT_SYMLINK_FOLLOW), 0);
    CHECK(has_text("/tmp/linked", "t"), 1);
}

static void permissions(void)
{
    CHECK(write_text("/tmp/root-only", "x"), 1);
    CHECK(CALL(chmod, P("/tmp/root-only"), 0600), 0);
    stub_identity(1000, 1000);
    CHECK(open_("/tmp/root-only", O_RDONLY, 0), -EACCES);
    CHECK(open_("/etc/motd", O_WRONLY, 0), -EACCES);
    CHECK(write_text("/etc/new", "x"), -EACCES);
    CHECK(CALL(unlink, P("/tmp/root-only")), -EPERM);
    CHECK(write_text("/tmp/mine", "x"), 1);
    CHECK(CALL(chmod, P("/tmp/mine"), 04755), 0);
    CHECK(CALL(chown, P("/tmp/mine"), 0, 0), -EPERM);
    CHECK(CALL(chown, P("/tmp/mine"), 1000, 1000), 0);
    CHECK(mode_of("/tmp/mine"), S_IFREG | 0755);
    CHECK(CALL(chmod, P("/tmp/mine"), 06777), 0);
    long fd = open_("/tmp/mine", O_WRONLY, 0);
    CHECK(CALL(write, P(fd), P("y"), 1), 1);
    CHECK(mode_of("/tmp/mine"), S_IFREG | 0777);
    CHECK(CALL(mknod, P("/tmp/dev"), S_IFCHR | 0666, 0x103), -EPERM);
    CHECK(CALL(access, P("/etc/motd"), 4), 0);
    CHECK(CALL(access, P("/etc/motd"), 2), -EACCES);
    process.cred.euid = process.cred.fsuid = 0;
    process.cred.cap_effective = ~0ull;
    CHECK(CALL(access, P("/tmp/root-only"), 4), -EACCES);
    CHECK(CALL(faccessat2, P(-100), P("/tmp/root-only"), 4, AT_EACCESS), 0);
    CHECK(CALL(mkdir, P("/tmp/closed"), 0700), 0);
    stub_identity(1000, 1000);
    CHECK(mode_of("/tmp/closed/x"), -EACCES);
    CHECK(CALL(chdir, P("/tmp/closed")), -EACCES);
    CHECK(CALL(chroot, P("/tmp")), -EPERM);
}

static void confined(void)
{
    struct {
        uint64_t flags, mode, resolve;
    } how = {O_RDONLY, 0, 8 /* BENEATH */};
    long dir = open_("/etc", O_PATH | O_DIRECTORY, 0);
#define OPENAT2(path) CALL(openat2, P(dir), P(path), P(&how), sizeof how)
    CHECK(OPENAT2("motd") > 0, 1);
    CHECK(OPENAT2("../etc/motd"), -EXDEV);
    CHECK(OPENAT2("/etc/motd"), -EXDEV);
    how.resolve = 16; /* IN_ROOT */
    CHECK(OPENAT2("/motd") > 0, 1);
    CHECK(OPENAT2("../../motd") > 0, 1);
    how.resolve = 4; /* NO_SYMLINKS */
    CHECK(OPENAT2("/link-to-motd"), -ELOOP);
    how.resolve = 2; /* NO_MAGICLINKS */
    CHECK(OPENAT2("/proc/self/exe"), -ELOOP);
    how.resolve = 1; /* NO_XDEV */
    CHECK(OPENAT2("/proc/version"), -EXDEV);
    how.resolve = 64;
    CHECK(OPENAT2("motd"), -EINVAL);
    CHECK(CALL(read, P(dir), P(&how), 1), -EBADF);
    CHECK(CALL(chroot, P("/etc")), 0);
    CHECK(has_text("/motd", "welcome\n"), 1);
    CHECK(has_text("/../motd", "welcome\n"), 1);
}

const struct test tests_names[] = {
    {"lookup", lookup},
    {"many_names", many_names},
    {"directories", directories},
    {"renames", renames},
    {"links", links},
    {"permissions", permissions},
    {"confined", confined},
    {0},
};
