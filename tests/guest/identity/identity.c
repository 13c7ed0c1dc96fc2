/* SPDX-License-Identifier: Apache-2.0 */
/* Root, and how it becomes somebody else: what daemons do when they start. */
#include "../check.h"
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static void show(const char *when)
{
    uid_t r, e, s;
    gid_t gr, ge, gs;

    must(getresuid(&r, &e, &s));
    must(getresgid(&gr, &ge, &gs));
    printf("%s: uid %d %d %d gid %d %d %d\n", when, r, e, s, gr, ge, gs);
}

static void effective(const char *when)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];

    must(syscall(SYS_capget, &header, data));
    printf("%s: chown capability %d, permitted %d\n", when, data[0].effective & 1,
           data[0].permitted & 1);
}

int main(int argc, char **argv)
{
    gid_t groups[4] = {0}, wanted[3] = {30, 10, 20};
    struct stat about;

    (void)argc;
    (void)argv;
    umask(022);
    own_folder();
    show("start");
    effective("start");
    close((int)must(open("root", O_RDWR | O_CREAT, 0000)));
    works("root reads anything", open("root", O_RDONLY));
    works("root writes anything", open("root", O_WRONLY));
    result("but does not execute it", access("root", X_OK));
    result("access as root", access("root", R_OK | W_OK));
    result("chown", chown("root", 1000, 2000));
    must(stat("root", &about));
    printf("owner %d %d\n", about.st_uid, about.st_gid);
    must(chmod("root", 06777));
    result("lchown", lchown("root", 1001, (gid_t)-1));
    must(stat("root", &about));
    printf("owner %d %d mode %o\n", about.st_uid, about.st_gid, about.st_mode);

    result("setgroups", setgroups(3, wanted));
    result("getgroups", getgroups(4, groups));
    printf("groups %d %d %d\n", groups[0], groups[1], groups[2]);
    result("getgroups into too little", getgroups(2, groups));

    result("setfsuid", setfsuid(1000));
    works("open as another", open("mine", O_RDWR | O_CREAT, 0600));
    setfsuid(0);
    must(chmod(".", 0777));
    setfsuid(1000);
    works("open as another", open("mine", O_RDWR | O_CREAT, 0600));
    setfsuid(0);
    if (stat("mine", &about) == 0)
        printf("owner %d\n", about.st_uid);

    result("seteuid", seteuid(1000));
    show("effective");
    effective("effective");
    close((int)must(open("euid", O_RDWR | O_CREAT, 0640)));
    must(stat("euid", &about));
    printf("owner %d %d\n", about.st_uid, about.st_gid);
    works("chown now", chown("euid", 0, 0));
    result("back", seteuid(0));
    effective("back");

    result("setegid", setegid(77));
    close((int)must(open("egid", O_RDWR | O_CREAT, 0640)));
    must(stat("egid", &about));
    printf("owner %d %d\n", about.st_uid, about.st_gid);
    must(mkdir("setgid", 0777));
    must(chown("setgid", 0, 555));
    must(chmod("setgid", 02777));
    close((int)must(open("setgid/file", O_RDWR | O_CREAT, 0640)));
    must(stat("setgid/file", &about));
    printf("group by the folder %d\n", about.st_gid);
    must(mkdir("setgid/folder", 0755));
    must(stat("setgid/folder", &about));
    printf("bit by the folder %o\n", about.st_mode);

    must(mkdir("sticky", 0777));
    must(chmod("sticky", 01777));
    close((int)must(open("sticky/file", O_RDWR | O_CREAT, 0666)));
    result("setgid", setgid(88));
    result("setresuid", setresuid(500, 600, 700));
    show("three");
    effective("three");
    result("to the saved one", setresuid((uid_t)-1, 700, (uid_t)-1));
    result("to a foreign one", setresuid((uid_t)-1, 0, (uid_t)-1));
    result("setreuid", setreuid(700, 500));
    show("swapped");
    result("setuid", setuid(500));
    show("end");
    works("no way back", setuid(0));
    works("groups are closed", setgroups(0, NULL));
    works("reads no more", open("root", O_RDONLY));
    result("group by list", access("root", F_OK));
    works("kill self", kill(getpid(), 0));
    result("dumpable", prctl(PR_GET_DUMPABLE));
    result("no new privileges", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    result("it stays", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    works("remove from a folder of all", unlink("egid"));
    works("but not from a sticky one", unlink("sticky/file"));
    return 0;
}
