/* SPDX-License-Identifier: Apache-2.0 */
/* Names: folders, links, renames, what stat says, and all of it relative to a folder. */
#include "../check.h"
#include <dirent.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

static void touch(const char *name)
{
    close((int)must(open(name, O_WRONLY | O_CREAT, 0644)));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Entries sorted, since their order is the file system's own. */
static void list(const char *path)
{
    char *names[64];
    int count = 0;
    DIR *folder = opendir(path);
    struct dirent *each;

    if (!folder) {
        printf("list %s: %s\n", path, error_name(errno));
        return;
    }
    while (count < 64 && (each = readdir(folder))) {
        char text[300];
        snprintf(text, sizeof(text), "%s(%d)", each->d_name, each->d_type);
        names[count++] = strdup(text);
    }
    closedir(folder);
    qsort(names, (size_t)count, sizeof(names[0]), by_name);
    printf("list %s:", path);
    for (int i = 0; i < count; i++)
        printf(" %s", names[i]);
    printf("\n");
}

static void show(const char *path)
{
    struct stat about;

    if (lstat(path, &about)) {
        printf("%s: %s\n", path, error_name(errno));
        return;
    }
    printf("%s: mode %o links %d", path, about.st_mode, (int)about.st_nlink);
    if (!S_ISDIR(about.st_mode))
        printf(" size %lld", (long long)about.st_size);
    printf("\n");
}

static void making(void)
{
    result("mkdir", mkdir("dir", 0777));
    result("mkdir again", mkdir("dir", 0777));
    result("mkdir below nothing", mkdir("no/dir", 0777));
    result("mkdir with a slash", mkdir("dir/sub/", 0700));
    result("mkdir of the root", mkdir("/", 0700));
    result("mkdir of a dot", mkdir("dir/.", 0700));
    show("dir");
    show("dir/sub");
    result("rmdir of a full one", rmdir("dir"));
    result("rmdir of a dot", rmdir("dir/sub/."));
    result("rmdir of two dots", rmdir("dir/sub/.."));
    touch("file");
    result("rmdir of a file", rmdir("file"));
    result("unlink of a folder", unlink("dir"));
    result("unlink with a slash", unlink("file/"));
    result("fifo", mkfifo("fifo", 0640));
    result("node", mknod("node", S_IFREG | 0600, 0));
    result("socket", mknod("socket", S_IFSOCK | 0600, 0));
    symlink("file", "link");
    list(".");
    result("umask", umask(077));
    result("open with it", (close(open("masked", O_CREAT | O_RDWR, 0666)), 0));
    result("umask again", umask(022));
    show("masked");
}

static void links(void)
{
    char target[64];

    result("link", link("file", "second"));
    show("file");
    result("link over something", link("file", "second"));
    result("link of a folder", link("dir", "third"));
    result("link of nothing", link("none", "third"));
    result("link of a link", link("link", "third"));
    show("third");
    result("linkat follows", linkat(AT_FDCWD, "link", AT_FDCWD, "fourth", AT_SYMLINK_FOLLOW));
    show("fourth");
    result("unlink one", unlink("second"));
    show("file");
    result("symlink over something", symlink("x", "file"));
    result("symlink to nothing", symlink("", "empty"));
    result("readlink", readlink("link", target, sizeof(target)));
    result("readlink cuts", readlink("link", target, 2));
    result("readlink into nothing", readlink("link", target, 0));
    result("readlink of a file", readlink("file", target, sizeof(target)));
    result("readlink of nothing", readlink("none", target, sizeof(target)));
    symlink("../dir", "dir/back");
    symlink("one", "two");
    symlink("two", "one");
    result("through a link", access("dir/back/sub", F_OK));
    result("a loop", access("one", F_OK));
    result("a loop as a folder", access("one/x", F_OK));
    symlink("dir/back/back/back", "deep");
    result("links in links", access("deep/sub", F_OK));
    char name[8] = "c0", before[8];
    symlink("dir", "c0");
    for (int i = 1; i < 42; i++) {
        strcpy(before, name);
        snprintf(name, sizeof(name), "c%d", i);
        symlink(before, name);
    }
    result("40 links", access("c39", F_OK));
    result("41 links", access("c40", F_OK));
    for (int i = 0; i < 42; i++) {
        snprintf(name, sizeof(name), "c%d", i);
        unlink(name);
    }
}

static void renames(void)
{
    int fd;

    result("rename", rename("file", "renamed"));
    show("file");
    touch("file");
    result("rename over", rename("file", "renamed"));
    result("rename of nothing", rename("none", "x"));
    result("rename to itself", rename("renamed", "renamed"));
    result("file over folder", rename("renamed", "dir"));
    result("folder over file", rename("dir", "renamed"));
    result("folder into itself", rename("dir", "dir/sub/dir"));
    mkdir("empty", 0755);
    result("folder over an empty one", rename("dir/sub", "empty"));
    result("folder over a full one", rename("empty", "dir"));
    fd = (int)must(open("renamed", O_RDWR));
    must(write(fd, "contents", 8));
    touch("other");
    result("over an open file", rename("other", "renamed"));
    fact("open one keeps its contents", lseek(fd, 0, SEEK_END));
    touch("a");
    result("no replace", syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "renamed", 1));
    result("exchange", syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "dir", 2));
    show("a");
    result("exchange back", syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "dir", 2));
    result("unknown flag", syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "dir", 64));
    result("dot", rename("dir/.", "x"));
    result("across file systems", rename("a", "/dev/a"));
    list(".");
}

static void relative(void)
{
    int dir = (int)must(open("dir", O_RDONLY | O_DIRECTORY)), file = (int)must(open("a", O_RDONLY));
    struct stat about;
    char cwd[256];

    result("mkdirat", mkdirat(dir, "new", 0750));
    result("fstatat", fstatat(dir, "new", &about, 0));
    octal("mode", about.st_mode);
    result("fstatat of the descriptor", fstatat(file, "", &about, AT_EMPTY_PATH));
    result("fstatat of no name", fstatat(file, "", &about, 0));
    result("fstatat in a file", fstatat(file, "x", &about, 0));
    result("faccessat", faccessat(dir, "new", R_OK | X_OK, 0));
    result("access with nonsense", faccessat(dir, "new", 64, 0));
    result("symlinkat", symlinkat("new", dir, "sym"));
    result("readlinkat", readlinkat(dir, "sym", cwd, sizeof(cwd)));
    result("renameat", renameat(dir, "new", AT_FDCWD, "came"));
    result("unlinkat", unlinkat(AT_FDCWD, "came", AT_REMOVEDIR));
    result("unlinkat with nonsense", unlinkat(AT_FDCWD, "a", 1));
    result("fchmodat", fchmodat(AT_FDCWD, "a", 0604, 0));
    show("a");
    result("fchmod", fchmod(file, 04711));
    show("a");
    result("fchdir", fchdir(dir));
    yes("cwd", getcwd(cwd, sizeof(cwd)) && strcmp(strrchr(cwd, '/'), "/dir") == 0);
    result("getcwd is too short", syscall(SYS_getcwd, cwd, 3L));
    result("chdir up", chdir(".."));
    result("chdir to a file", chdir("a"));
    result("chdir to nothing", chdir("none"));
    result("fchdir to a file", fchdir(file));
    mkdir("gone", 0755);
    must(chdir("gone"));
    must(rmdir("../gone"));
    works("cwd that is gone", getcwd(cwd, sizeof(cwd)) ? 0 : -1);
    works("create in it", open("x", O_CREAT | O_RDWR, 0600));
    result("and out", chdir(".."));
}

static void times(void)
{
    struct timespec set[2] = {{1000000001, 5}, {1000000002, 123456789}};
    struct stat about;
    struct statx more;
    struct timespec now;

    touch("timed");
    clock_gettime(CLOCK_REALTIME, &now);
    must(stat("timed", &about));
    yes("made now", labs(about.st_mtim.tv_sec - now.tv_sec) < 5);
    result("utimensat", utimensat(AT_FDCWD, "timed", set, 0));
    must(stat("timed", &about));
    printf("times: %ld.%09ld %ld.%09ld\n", about.st_atim.tv_sec, about.st_atim.tv_nsec,
           about.st_mtim.tv_sec, about.st_mtim.tv_nsec);
    set[0].tv_nsec = UTIME_OMIT;
    set[1].tv_nsec = UTIME_NOW;
    result("omit and now", utimensat(AT_FDCWD, "timed", set, 0));
    must(stat("timed", &about));
    fact("kept", about.st_atim.tv_sec);
    yes("now", labs(about.st_mtim.tv_sec - now.tv_sec) < 5);
    set[0].tv_nsec = 1000000000;
    result("too many nanoseconds", utimensat(AT_FDCWD, "timed", set, 0));
    result("of nothing", utimensat(AT_FDCWD, "none", NULL, 0));
    memset(&more, 0xff, sizeof(more));
    result("statx", syscall(SYS_statx, AT_FDCWD, "timed", 0, STATX_BASIC_STATS, &more));
    yes("basic fields", (more.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
    printf("statx: mode %o links %u size %llu\n", more.stx_mode, more.stx_nlink,
           (unsigned long long)more.stx_size);
    yes("same inode", more.stx_ino == about.st_ino);
    result("statx of no name", syscall(SYS_statx, AT_FDCWD, "", 0, STATX_SIZE, &more));
    result("statx with nonsense",
           syscall(SYS_statx, AT_FDCWD, "timed", 0x10000000, STATX_SIZE, &more));
    result("statx to nowhere", syscall(SYS_statx, AT_FDCWD, "timed", 0, STATX_SIZE, 8L));
    result("stat to nowhere", syscall(SYS_newfstatat, AT_FDCWD, "timed", 8L, 0));
}

static void reading(void)
{
    int fd = (int)must(open(".", O_RDONLY | O_DIRECTORY)), count = 0;
    char buffer[1000], name[16];
    DIR *folder;
    long place;
    struct statfs about;

    result("getdents into too little", syscall(SYS_getdents64, fd, buffer, 8L));
    result("getdents of a file", syscall(SYS_getdents64, open("a", O_RDONLY), buffer, 1000L));
    must(mkdir("many", 0755));
    must(chdir("many"));
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof(name), "f%d", i);
        touch(name);
    }
    folder = opendir(".");
    for (int i = 0; i < 100; i++)
        must(readdir(folder) ? 0 : -1);
    place = telldir(folder);
    char *next = strdup(readdir(folder)->d_name);
    while (readdir(folder))
        count++;
    fact("rest", count);
    seekdir(folder, place);
    yes("same after seekdir", strcmp(readdir(folder)->d_name, next) == 0);
    rewinddir(folder);
    count = 0;
    for (struct dirent *each; (each = readdir(folder));)
        count += each->d_name[0] == 'f' && unlink(each->d_name) == 0;
    fact("removed while reading", count);
    list(".");
    result("statfs", statfs(".", &about));
    yes("statfs is filled", about.f_bsize > 0 && about.f_namelen == 255);
    result("statfs of nothing", statfs("none", &about));
}

int main(void)
{
    own_folder();
    making();
    links();
    renames();
    relative();
    times();
    reading();
    return 0;
}
