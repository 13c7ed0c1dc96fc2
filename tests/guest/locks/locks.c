/* SPDX-License-Identifier: Apache-2.0 */
/* Locks of files: POSIX records, open file descriptions, flock. One process, so few can collide. */
#include "../check.h"
#include <sys/file.h>

static struct flock record(short type, off_t start, off_t length)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
}

static void ask(const char *name, int fd, int command, short type, off_t start, off_t length)
{
    struct flock lock = record(type, start, length);

    if (fcntl(fd, command, &lock))
        printf("%s: %s\n", name, error_name(errno));
    else if (lock.l_type == F_UNLCK)
        printf("%s: free\n", name);
    else
        printf("%s: type %d from %lld for %lld by %d\n", name, lock.l_type, (long long)lock.l_start,
               (long long)lock.l_len, lock.l_pid == -1 ? -1 : lock.l_pid == getpid());
}

static void set(const char *name, int fd, int command, short type, off_t start, off_t length)
{
    struct flock lock = record(type, start, length);

    result(name, fcntl(fd, command, &lock));
}

int main(void)
{
    own_folder();
    int a = (int)must(open("file", O_RDWR | O_CREAT, 0600)), b = (int)must(open("file", O_RDWR));
    int reader = (int)must(open("file", O_RDONLY));
    struct flock strange = record(F_WRLCK, 0, 0);

    set("write lock", a, F_SETLK, F_WRLCK, 10, 10);
    set("own locks do not collide", b, F_SETLK, F_WRLCK, 15, 10);
    ask("nor show", b, F_GETLK, F_WRLCK, 0, 0);
    set("write lock of a reader", reader, F_SETLK, F_WRLCK, 0, 0);
    set("read lock of a reader", reader, F_SETLK, F_RDLCK, 0, 0);
    set("waiting", a, F_SETLKW, F_WRLCK, 0, 5);
    set("unlock", a, F_SETLK, F_UNLCK, 0, 0);
    strange.l_type = 77;
    result("strange type", fcntl(a, F_SETLK, &strange));
    set("before the start", a, F_SETLK, F_RDLCK, -5, 2);
    result("nowhere", fcntl(a, F_SETLK, (void *)8));

    set("description's lock", a, F_OFD_SETLK, F_WRLCK, 100, 10);
    set("collides", b, F_OFD_SETLK, F_WRLCK, 105, 10);
    set("beside it", b, F_OFD_SETLK, F_WRLCK, 110, 10);
    ask("shows", b, F_OFD_GETLK, F_WRLCK, 100, 5);
    set("split", a, F_OFD_SETLK, F_UNLCK, 103, 2);
    ask("first half", b, F_OFD_GETLK, F_WRLCK, 100, 0);
    ask("hole", b, F_OFD_GETLK, F_WRLCK, 103, 2);
    ask("second half", b, F_OFD_GETLK, F_RDLCK, 103, 100);
    set("read lock does not get in", b, F_OFD_SETLK, F_RDLCK, 100, 1);
    set("weaken", a, F_OFD_SETLK, F_RDLCK, 100, 3);
    set("readers share", b, F_OFD_SETLK, F_RDLCK, 100, 1);
    ask("the process sees it", a, F_GETLK, F_WRLCK, 0, 0);
    set("and collides", a, F_SETLK, F_WRLCK, 0, 0);
    close(b);
    set("closing frees", a, F_OFD_SETLK, F_WRLCK, 100, 30);

    b = (int)must(open("file", O_RDWR));
    result("flock", flock(a, LOCK_EX));
    result("flock collides", flock(b, LOCK_EX | LOCK_NB));
    result("flock shared collides", flock(b, LOCK_SH | LOCK_NB));
    result("weaken", flock(a, LOCK_SH));
    result("share", flock(b, LOCK_SH | LOCK_NB));
    result("strengthen collides", flock(a, LOCK_EX | LOCK_NB));
    result("unlock", flock(b, LOCK_UN));
    int same = dup(a);
    result("a duplicate holds it, too", flock(same, LOCK_EX | LOCK_NB));
    close(a);
    result("until the last is closed", flock(b, LOCK_SH | LOCK_NB));
    close(same);
    result("now", flock(b, LOCK_EX | LOCK_NB));
    result("nonsense", flock(b, 77));
    result("of nothing", flock(99, LOCK_SH));
    result("of a pipe", flock(0, LOCK_SH | LOCK_NB));
    return 0;
}
