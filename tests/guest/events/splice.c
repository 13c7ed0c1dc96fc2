/* SPDX-License-Identifier: Apache-2.0 */
/* splice(2), tee(2), vmsplice(2), sendfile(2). */
#include "events.h"
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

static char bytes[200000], got[200000];

static long in_pipe(int fd)
{
    int count;

    must(ioctl(fd, FIONREAD, &count));
    return count;
}

static unsigned long sum(const char *at, size_t count)
{
    unsigned long value = 0;

    for (size_t i = 0; i < count; i++)
        value = value * 31 + (unsigned char)at[i];
    return value;
}

static int new_file(const char *name, size_t size)
{
    int fd = (int)must(open(name, O_RDWR | O_CREAT | O_TRUNC, 0600));

    must(write(fd, bytes, size));
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static void shown(const char *name, int fd)
{
    ssize_t size = pread(fd, got, sizeof(got), 0);

    printf("%s: %ld, sum %lu, position %ld\n", name, (long)size, sum(got, (size_t)size),
           (long)lseek(fd, 0, SEEK_CUR));
}

static void refusals(void)
{
    int a[2], file = new_file("r", 100), append = (int)must(open("r", O_WRONLY | O_APPEND));
    loff_t at = 0, negative = -1;
    struct iovec piece = {bytes, 10};

    must(pipe(a));
    result("none", splice(99, NULL, 98, NULL, 0, 0));
    result("flags", splice(a[0], NULL, file, NULL, 10, 16));
    result("closed", splice(99, NULL, a[1], NULL, 10, 0));
    result("wrong ends", splice(a[1], NULL, file, NULL, 10, 0));
    result("wrong ends", splice(file, NULL, a[0], NULL, 10, 0));
    result("no pipe", splice(file, NULL, append, NULL, 10, 0));
    result("same pipe", splice(a[0], NULL, a[1], NULL, 10, 0));
    result("position in a pipe", splice(a[0], &at, file, NULL, 10, 0));
    result("position in a pipe", splice(file, NULL, a[1], &at, 10, 0));
    result("position nowhere", splice(file, (loff_t *)8, a[1], NULL, 10, 0));
    result("negative position", splice(file, &negative, a[1], NULL, 10, 0));
    result("empty", splice(a[0], NULL, file, NULL, 10, SPLICE_F_NONBLOCK));
    must(write(a[1], bytes, 10));
    result("appending", splice(a[0], NULL, append, NULL, 10, 0));
    result("tee of a file", tee(file, a[1], 10, 0));
    result("tee of one pipe", tee(a[0], a[1], 10, 0));
    result("tee of none", tee(99, 98, 0, 0));
    result("tee flags", tee(a[0], a[1], 0, 32));
    result("vmsplice of a file", vmsplice(file, &piece, 1, 0));
    result("vmsplice of a closed one", vmsplice(99, &piece, 1, 0));
    result("vmsplice flags", vmsplice(a[1], &piece, 1, 64));
    result("vmsplice of none", vmsplice(a[1], &piece, 0, 0));
    result("vmsplice of too many", vmsplice(a[1], &piece, 1025, 0));
    result("vmsplice from nowhere", vmsplice(a[1], (struct iovec *)8, 1, 0));
    result("sendfile from a pipe", sendfile(file, a[0], NULL, 10));
    result("sendfile to itself, other end", sendfile(file, append, NULL, 10));
    result("sendfile, appending", sendfile(append, file, NULL, 10));
    result("sendfile of a closed one", sendfile(append, 99, NULL, 10));
    result("sendfile, negative", sendfile(a[1], file, &negative, 10));
}

static void through(void)
{
    int a[2], b[2], from = new_file("from", 150000),
                    to = (int)must(open("to", O_RDWR | O_CREAT, 0600));
    loff_t at = 1000, out_at = 5;

    must(pipe(a));
    must(pipe(b));
    result("file to pipe", splice(from, NULL, a[1], NULL, 5000, 0));
    fact("in the pipe", in_pipe(a[0]));
    fact("position", lseek(from, 0, SEEK_CUR));
    result("at a position", splice(from, &at, a[1], NULL, 3096, 0));
    fact("position", at);
    fact("position", lseek(from, 0, SEEK_CUR));
    result("tee", tee(a[0], b[1], 100000, 0));
    fact("first pipe", in_pipe(a[0]));
    fact("second pipe", in_pipe(b[0]));
    result("tee of a part", tee(a[0], b[1], 10, 0));
    result("pipe to pipe", splice(a[0], NULL, b[1], NULL, 1000, 0));
    fact("first pipe", in_pipe(a[0]));
    fact("second pipe", in_pipe(b[0]));
    result("pipe to file", splice(b[0], NULL, to, NULL, 100000, 0));
    shown("file", to);
    result("pipe to file, at a position", splice(a[0], NULL, to, &out_at, 700, 0));
    fact("position", out_at);
    shown("file", to);
    result("rest", splice(a[0], NULL, to, NULL, 100000, 0));
    shown("file", to);
    result("end of the file", (lseek(from, 0, SEEK_END), splice(from, NULL, a[1], NULL, 10, 0)));
    close(a[1]);
    result("no writer", splice(a[0], NULL, to, NULL, 10, 0));
    result("no writer, pipe", splice(a[0], NULL, b[1], NULL, 10, 0));
    result("no writer, tee", tee(a[0], b[1], 10, 0));
    close(b[0]);
    signal(SIGPIPE, SIG_IGN);
    lseek(from, 0, SEEK_SET);
    result("no reader", splice(from, NULL, b[1], NULL, 10, 0));
    close(b[1]);
    close(a[0]);
    ftruncate(to, 0);
    lseek(to, 0, SEEK_SET);
    /* All of it, in turns. */
    must(pipe2(a, O_NONBLOCK));
    long total = 0, n;
    while ((n = splice(from, NULL, a[1], NULL, 1 << 20, 0)) > 0)
        while ((n = splice(a[0], NULL, to, NULL, 1 << 20, 0)) > 0)
            total += n;
    fact("all", total);
    yes("then there is nothing", n == -1 ? errno == EAGAIN : n == 0);
    shown("copied", to);
    close(from);
    close(to);
}

static void memory(void)
{
    int a[2];
    struct iovec pieces[3] = {{bytes, 10}, {bytes + 100, 0}, {bytes + 1000, 70000}};

    must(pipe(a));
    result("little", vmsplice(a[1], pieces, 2, 0));
    fact("in the pipe", in_pipe(a[0]));
    yes("more than there is room", vmsplice(a[1], pieces + 2, 1, SPLICE_F_NONBLOCK) > 50000);
    result("full", vmsplice(a[1], pieces, 1, SPLICE_F_NONBLOCK));
    struct iovec back[2] = {{got, 7}, {got + 7, 20}};
    result("into memory", vmsplice(a[0], back, 2, 0));
    fact("sum", (long long)sum(got, 27));
    must(read(a[0], got, sizeof(got)));
    while (in_pipe(a[0]))
        must(read(a[0], got, sizeof(got)));
    result("empty", vmsplice(a[0], back, 2, SPLICE_F_NONBLOCK));
}

static int ends[2][2];

static void *feed(void *argument)
{
    for (size_t done = 0; done < sizeof(bytes);)
        done += (size_t)must(write(ends[0][1], bytes + done, 1000));
    close(ends[0][1]);
    return argument;
}

static void *pass_on(void *argument)
{
    while (must(splice(ends[0][0], NULL, ends[1][1], NULL, 3000, 0)) > 0)
        ;
    close(ends[1][1]);
    return argument;
}

static void waiting(void)
{
    pthread_t first, second;
    int to = (int)must(open("waited", O_RDWR | O_CREAT, 0600));
    long n, total = 0;

    must(pipe(ends[0]));
    must(pipe(ends[1]));
    pthread_create(&first, NULL, pass_on, NULL);
    pthread_create(&second, NULL, feed, NULL);
    while ((n = must(splice(ends[1][0], NULL, to, NULL, 100000, SPLICE_F_MOVE | SPLICE_F_MORE))) >
           0)
        total += n;
    pthread_join(first, NULL);
    pthread_join(second, NULL);
    fact("came", total);
    shown("all", to);
}

static void whole_files(void)
{
    int from = new_file("source", 200000), to = (int)must(open("target", O_RDWR | O_CREAT, 0600)),
        a[2];
    off_t at = 100;

    result("sendfile", sendfile(to, from, NULL, 5000));
    fact("position", lseek(from, 0, SEEK_CUR));
    result("sendfile, at a position", sendfile(to, from, &at, 7000));
    fact("position", at);
    fact("position", lseek(from, 0, SEEK_CUR));
    shown("target", to);
    result("sendfile, more than there is", sendfile(to, from, NULL, 1 << 30));
    shown("target", to);
    result("sendfile, at the end", sendfile(to, from, NULL, 10));
    must(pipe(a));
    at = 0;
    result("sendfile to a pipe", sendfile(a[1], from, &at, 20000));
    fact("in the pipe", in_pipe(a[0]));
}

void check_splice(void)
{
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * i >> 7);
    refusals();
    through();
    memory();
    waiting();
    whole_files();
}
