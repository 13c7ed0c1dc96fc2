/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody who is not root may do. */
#include "../check.h"
#include <grp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>

static void modes(void)
{
    close((int)must(open("mine", O_RDWR | O_CREAT, 0600)));
    must(mkdir("folder", 0700));
    close((int)must(open("folder/inside", O_RDWR | O_CREAT, 0600)));
    result("no bits for me", chmod("mine", 0077));
    works("read it", open("mine", O_RDONLY));
    works("write it", open("mine", O_WRONLY));
    result("access read", access("mine", R_OK));
    result("access there", access("mine", F_OK));
    result("read only", chmod("mine", 0400));
    works("read it", open("mine", O_RDONLY));
    works("write it", open("mine", O_RDWR));
    works("truncate it", truncate("mine", 0));
    result("execute it", access("mine", X_OK));
    result("no search", chmod("folder", 0600));
    works("open inside", open("folder/inside", O_RDONLY));
    works("stat inside", access("folder/inside", F_OK));
    works("list it", open("folder", O_RDONLY));
    works("remove inside", unlink("folder/inside"));
    result("no list", chmod("folder", 0300));
    works("list it", open("folder", O_RDONLY));
    works("open inside", open("folder/inside", O_RDONLY));
    result("no write", chmod("folder", 0500));
    works("remove inside", unlink("folder/inside"));
    works("create inside", open("folder/new", O_CREAT | O_RDWR, 0600));
    works("rename inside", rename("folder/inside", "folder/other"));
    result("all again", chmod("folder", 0700));
    result("write once opened", write((int)must(open("folder/once", O_RDWR | O_CREAT, 0)), "x", 1));
    works("not again", open("folder/once", O_RDONLY));
}

static void others(const char *self)
{
    works("create in the root", open("/new", O_CREAT | O_RDWR, 0600));
    works("folder in the root", mkdir("/folder", 0700));
    works("remove a root's file", unlink(self));
    works("chmod a root's file", chmod(self, 0777));
    works("own a root's file", chown(self, getuid(), getgid()));
    works("write a root's file", open(self, O_WRONLY));
    works("times of a root's file", utimes(self, (struct timeval[2]){{1, 0}, {1, 0}}));
    works("give a file away", chown("folder", 0, (gid_t)-1));
    works("give to a foreign group", chown("folder", (uid_t)-1, 0));
    works("to myself", chown("folder", getuid(), getgid()));
    works("change nothing", chown("folder", (uid_t)-1, (gid_t)-1));
    must(chmod("folder", 06755));
    struct stat about;
    must(stat("folder", &about));
    octal("bits of a folder", about.st_mode);
    close((int)must(open("bits", O_RDWR | O_CREAT, 0600)));
    must(chmod("bits", 06755));
    works("chown to oneself", chown("bits", getuid(), getgid()));
    must(stat("bits", &about));
    octal("takes the bits of a file", about.st_mode);
    must(chmod("bits", 06755));
    must(write((int)must(open("bits", O_WRONLY)), "x", 1));
    must(stat("bits", &about));
    octal("as does a write", about.st_mode);
}

static void privileges(void)
{
    struct timeval now = {1, 0};
    gid_t groups[2] = {1, 2};
    struct rlimit limit;

    works("set the clock", settimeofday(&now, NULL));
    works("host name", sethostname("x", 1));
    works("chroot", chroot("/"));
    works("device", mknod("device", S_IFCHR | 0600, 0x103));
    works("setuid to root", setuid(0));
    works("setgid to root", setgid(0));
    works("setresuid", setresuid(0, (uid_t)-1, (uid_t)-1));
    works("setgroups", setgroups(2, groups));
    works("nice up", setpriority(PRIO_PROCESS, 0, -5));
    must(getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = 20;
    limit.rlim_max = 30;
    works("lower a limit", setrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_max = 40;
    works("raise it", setrlimit(RLIMIT_NOFILE, &limit));
    int opened = 0;
    while (open("/dev/null", O_RDONLY) >= 0)
        opened++;
    text("too many open", error_name(errno));
    yes("up to the limit", opened > 0 && opened < 20);
    works("dup", dup(0));
}

int main(int argc, char **argv)
{
    (void)argc;
    own_folder();
    printf("uid %d %d, gid %d %d, groups %d\n", getuid(), geteuid(), getgid(), getegid(),
           getgroups(0, NULL));
    modes();
    others(argv[0]);
    privileges();
    return 0;
}
