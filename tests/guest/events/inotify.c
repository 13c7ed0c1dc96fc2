/* SPDX-License-Identifier: Apache-2.0 */
/* inotify(7): which events what causes, in which order. */
#include "events.h"
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>

static int notify;

static void bits(unsigned mask)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {
        {IN_ACCESS, "ACCESS"},
        {IN_MODIFY, "MODIFY"},
        {IN_ATTRIB, "ATTRIB"},
        {IN_CLOSE_WRITE, "CLOSE_WRITE"},
        {IN_CLOSE_NOWRITE, "CLOSE_NOWRITE"},
        {IN_OPEN, "OPEN"},
        {IN_MOVED_FROM, "MOVED_FROM"},
        {IN_MOVED_TO, "MOVED_TO"},
        {IN_CREATE, "CREATE"},
        {IN_DELETE, "DELETE"},
        {IN_DELETE_SELF, "DELETE_SELF"},
        {IN_MOVE_SELF, "MOVE_SELF"},
        {IN_Q_OVERFLOW, "Q_OVERFLOW"},
        {IN_IGNORED, "IGNORED"},
        {IN_ISDIR, "ISDIR"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (mask & names[i].bit)
            printf(" %s", names[i].name);
}

/* Everything that has come; cookies are told by whether they are the same. */
static void events(const char *title)
{
    static union {
        struct inotify_event event;
        char bytes[65536];
    } buffer;
    uint32_t cookie = 0;
    ssize_t size;

    printf("%s:\n", title);
    while ((size = read(notify, buffer.bytes, sizeof(buffer))) > 0)
        for (char *at = buffer.bytes; at < buffer.bytes + size;) {
            struct inotify_event *e = (void *)at;
            printf("  %d", e->wd);
            bits(e->mask);
            if (e->len)
                printf(" %s (%u)", e->name, e->len);
            if (e->cookie) {
                printf(e->cookie == cookie ? " same" : " new");
                cookie = e->cookie;
            }
            printf("\n");
            at += sizeof(*e) + e->len;
        }
}

static int watch(const char *path, unsigned mask)
{
    return inotify_add_watch(notify, path, mask);
}

static void refusals(void)
{
    int other = (int)must(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
        file = (int)must(open("plain", O_CREAT | O_RDWR, 0600));
    char small[20];
    int bytes;

    result("unknown flag", inotify_init1(1));
    fact("close on exec", fcntl(other, F_GETFD));
    octal("flags", (unsigned long)fcntl(other, F_GETFL));
    result("nothing to watch for", watch(".", 0));
    result("nothing to watch for", watch(".", 0x10000));
    result("not there", watch("nowhere", IN_OPEN));
    result("nowhere", watch((char *)8, IN_OPEN));
    result("not a directory", watch("plain", IN_OPEN | IN_ONLYDIR));
    result("not an inotify", inotify_add_watch(file, ".", IN_OPEN));
    result("closed", inotify_add_watch(99, ".", IN_OPEN));
    result("add and create", watch(".", IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE));
    result("remove what is not there", inotify_rm_watch(notify, 1));
    result("remove of no inotify", inotify_rm_watch(file, 1));
    result("remove of a closed one", inotify_rm_watch(99, 1));
    result("nothing", read(notify, small, sizeof(small)));
    result("write", write(notify, small, 1));
    result("first", watch("plain", IN_OPEN));
    result("the same", watch("./plain", IN_CLOSE));
    result("not again", watch("plain", IN_CLOSE | IN_MASK_CREATE));
    result("another inotify", inotify_add_watch(other, "plain", IN_ALL_EVENTS));
    result("second", watch(".", IN_CREATE));
    close(file);
    must(ioctl(notify, FIONREAD, &bytes));
    fact("bytes", bytes);
    must(close((int)must(open("new", O_CREAT | O_WRONLY, 0600))));
    must(ioctl(notify, FIONREAD, &bytes));
    fact("bytes", bytes);
    must(read(notify, small, sizeof(small)));
    result("too short for a name", read(notify, small, sizeof(small)));
    struct pollfd one = {notify, POLLIN, 0};
    result("poll", poll(&one, 1, 0));
    events("what came");
    result("poll", poll(&one, 1, 0));
    result("remove", inotify_rm_watch(notify, 1));
    result("remove", inotify_rm_watch(notify, 2));
    events("removed");
    result("a new number", watch("plain", IN_OPEN));
    must(inotify_rm_watch(notify, 3));
    events("removed");
    must(unlink("plain"));
    must(unlink("new"));
    close(other);
}

static void one_file(void)
{
    int file, copy;
    char byte = 'x';
    struct timespec times[2] = {{1, 0}, {2, 0}};

    must(close((int)must(open("file", O_CREAT | O_WRONLY, 0600))));
    must(watch("file", IN_ALL_EVENTS));
    file = (int)must(open("file", O_RDWR));
    events("open");
    must(read(file, &byte, 1));
    events("read of nothing");
    must(write(file, "abc", 3));
    must(write(file, "abc", 3));
    must(write(file, "abc", 0));
    events("two writes");
    must(pread(file, &byte, 1, 0));
    events("read");
    must(pwrite(file, "d", 1, 2));
    events("pwrite");
    must(ftruncate(file, 1));
    must(truncate("file", 0));
    events("truncate");
    copy = (int)must(dup(file));
    close(file);
    events("one of two closed");
    close(copy);
    events("closed");
    must(close((int)must(open("file", O_RDONLY))));
    must(close((int)must(open("file", O_WRONLY | O_TRUNC))));
    events("read-only, cut");
    must(chmod("file", 0644));
    must(chown("file", getuid(), getgid()));
    events("attributes");
    must(utimensat(AT_FDCWD, "file", times, 0));
    times[0].tv_nsec = UTIME_OMIT;
    must(utimensat(AT_FDCWD, "file", times, 0));
    times[0].tv_nsec = 0;
    times[1].tv_nsec = UTIME_OMIT;
    must(utimensat(AT_FDCWD, "file", times, 0));
    events("times");
    must(link("file", "link"));
    events("link");
    must(unlink("link"));
    events("unlink of the link");
    must(rename("file", "other"));
    events("rename");
    file = (int)must(open("other", O_RDONLY));
    must(unlink("other"));
    events("unlink while it is open");
    close(file);
    events("close");
    must(close((int)must(open("file", O_CREAT | O_WRONLY, 0600))));
    must(watch("file", IN_ALL_EVENTS));
    must(unlink("file"));
    events("unlink");
}

static void directory(void)
{
    char long_name[256];

    must(mkdir("d", 0700));
    must(watch("d", IN_ALL_EVENTS));
    int file = (int)must(open("d/a", O_CREAT | O_RDWR, 0600));
    must(write(file, "abc", 3));
    must(read(file, &(char){0}, 1));
    must(lseek(file, 0, SEEK_SET));
    must(read(file, &(char){0}, 1));
    must(fchmod(file, 0640));
    must(close(file));
    events("in it");
    must(mkdir("d/sub", 0700));
    must(symlink("a", "d/symlink"));
    must(mkfifo("d/fifo", 0600));
    must(link("d/a", "d/b"));
    events("more in it");
    must(rename("d/a", "d/c"));
    events("rename in it");
    must(mkdir("e", 0700));
    must(rename("d/c", "e/c"));
    events("out of it");
    must(rename("e/c", "d/c"));
    events("into it");
    must(rename("d/c", "d/b"));
    events("to a name of the same file");
    must(close((int)must(open("d/x", O_CREAT | O_WRONLY, 0600))));
    must(close((int)must(open("d/y", O_CREAT | O_WRONLY, 0600))));
    must(watch("d/y", IN_ALL_EVENTS));
    must(watch("d/x", IN_ALL_EVENTS));
    events("made");
    must(rename("d/x", "d/y"));
    events("over another");
    must(close((int)must(open("d/x", O_CREAT | O_WRONLY, 0600))));
    events("made");
    must(syscall(SYS_renameat2, AT_FDCWD, "d/x", AT_FDCWD, "d/y", 2)); /* exchange */
    events("exchanged");
    DIR *list = opendir("d");
    events("opened");
    while (readdir(list))
        ;
    events("listed");
    closedir(list);
    events("closed");
    memset(long_name, 'n', 255);
    long_name[0] = 'd';
    long_name[1] = '/';
    long_name[255] = 0;
    must(close((int)must(open(long_name, O_CREAT | O_WRONLY, 0600))));
    events("a long name");
    must(rmdir("d/sub"));
    must(unlink("d/symlink"));
    must(unlink("d/fifo"));
    must(unlink("d/b"));
    must(unlink("d/c"));
    events("removed");
    must(unlink("d/x"));
    must(unlink("d/y"));
    must(unlink(long_name));
    events("those that are watched, too");
    must(chmod("d", 0755));
    must(rename("d", "e/d"));
    events("itself");
    must(rmdir("e/d"));
    events("removed");
    must(rmdir("e"));
}

static void modes(void)
{
    int file;

    must(mkdir("m", 0700));
    must(watch("m", IN_CREATE | IN_ONESHOT));
    must(close((int)must(open("m/a", O_CREAT | O_WRONLY, 0600))));
    must(close((int)must(open("m/b", O_CREAT | O_WRONLY, 0600))));
    events("once");
    must(watch("m", IN_MODIFY | IN_EXCL_UNLINK));
    must(watch("m", IN_CREATE | IN_MASK_ADD));
    file = (int)must(open("m/c", O_CREAT | O_WRONLY, 0600));
    must(write(file, "x", 1));
    must(unlink("m/c"));
    must(write(file, "x", 1));
    close(file);
    events("not of unlinked ones");
    must(watch("m", IN_MODIFY));
    file = (int)must(open("m/c", O_CREAT | O_WRONLY, 0600));
    must(unlink("m/c"));
    must(write(file, "x", 1));
    close(file);
    events("replaced mask");
    must(symlink("a", "m/link"));
    int through = watch("m/link", IN_OPEN), itself = watch("m/link", IN_ATTRIB | IN_DONT_FOLLOW);
    yes("two inodes", through > 0 && itself > 0 && through != itself);
    must(close((int)must(open("m/link", O_RDONLY))));
    events("by the link");
    must(close((int)must(open("m/link", O_PATH))));
    events("by path only");
    int from = (int)must(open("m/a", O_RDWR)), to = (int)must(open("m/b", O_WRONLY));
    must(write(from, "abc", 3));
    must(watch("m", IN_ACCESS | IN_MODIFY));
    events("written");
    must(sendfile(to, from, &(off_t){0}, 3));
    events("sendfile");
    must(copy_file_range(from, &(loff_t){0}, to, NULL, 3, 0));
    events("copy_file_range");
    must(posix_fallocate(to, 0, 100) == 0 ? 0 : -1);
    events("fallocate");
    close(from);
    close(to);
}

static void overflow(void)
{
    int number = (int)must(watch("m", IN_ATTRIB)), count = 0, lost = 0,
        other = watch("m/a", IN_OPEN);
    static char buffer[1 << 20];
    ssize_t size;

    for (int i = 0; i < 9000; i++) {
        must(chmod("m/a", 0600));
        must(chmod("m/b", 0600));
    }
    while ((size = read(notify, buffer, sizeof(buffer))) > 0)
        for (char *at = buffer; at < buffer + size;) {
            struct inotify_event *e = (void *)at;
            if (e->mask & IN_Q_OVERFLOW) {
                lost++;
                fact("number of an overflow", e->wd);
            } else {
                count += e->wd == number;
            }
            at += sizeof(*e) + e->len;
        }
    fact("events", count);
    fact("overflows", lost);
    must(inotify_rm_watch(notify, number));
    must(inotify_rm_watch(notify, other));
    events("afterwards");
}

static void *make_later(void *argument)
{
    must(close((int)must(open("m/later", O_CREAT | O_WRONLY, 0600))));
    return argument;
}

static void waiting(void)
{
    int epoll = (int)must(epoll_create1(0)), own = (int)must(inotify_init());
    struct epoll_event one;
    pthread_t other;
    char buffer[100];

    must(inotify_add_watch(own, "m", IN_CLOSE_WRITE | IN_DELETE));
    must(control(epoll, EPOLL_CTL_ADD, own, EPOLLIN, 5));
    ready("nothing", epoll);
    pthread_create(&other, NULL, make_later, NULL);
    result("epoll", epoll_wait(epoll, &one, 1, 5000));
    result("read", read(own, buffer, sizeof(buffer)));
    pthread_join(other, NULL);
    ready("nothing", epoll);
    pthread_create(&other, NULL, make_later, NULL);
    result("read waits", read(own, buffer, sizeof(buffer)));
    pthread_join(other, NULL);
    for (int i = 0; i < 200; i++)
        must(inotify_add_watch(own, "m", IN_ALL_EVENTS));
    close(own);
    must(unlink("m/later"));
    int last = 0;
    for (int i = 0; i < 3; i++)
        last = (int)must(close((int)must(inotify_init())));
    fact("made and closed", last);
}

void check_inotify(void)
{
    notify = (int)must(inotify_init1(IN_NONBLOCK));
    refusals();
    one_file();
    directory();
    modes();
    overflow();
    waiting();
}
