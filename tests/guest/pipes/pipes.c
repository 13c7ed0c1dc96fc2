/* SPDX-License-Identifier: Apache-2.0 */
/* Pipes and waiting for them: poll, select, ppoll, epoll if it is there; time-outs. */
#include "../check.h"
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

static volatile int pipe_signals, alarms;

static void on_signal(int signo)
{
    pipe_signals += signo == SIGPIPE;
    alarms += signo == SIGALRM;
}

static long long milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

static void ready(const char *name, int fd, short events)
{
    struct pollfd one = {fd, events, 0};
    int count = poll(&one, 1, 0);

    printf("%s: %d, %#x\n", name, count, (unsigned)one.revents);
}

static void plain(void)
{
    static char buffer[70000];
    int end[2], size = 0;
    struct stat about;
    ssize_t filled = 0, put;

    result("pipe", pipe(end));
    fact("close on exec", fcntl(end[0], F_GETFD));
    must(fstat(end[0], &about));
    octal("mode", about.st_mode);
    fact("capacity", fcntl(end[0], F_GETPIPE_SZ));
    ready("empty, reader", end[0], POLLIN);
    ready("empty, writer", end[1], POLLOUT);
    result("write", write(end[1], "some bytes", 10));
    ready("filled, reader", end[0], POLLIN | POLLOUT);
    result("FIONREAD", ioctl(end[0], FIONREAD, &size));
    fact("bytes", size);
    result("short read", read(end[0], buffer, 4));
    result("rest", read(end[0], buffer, 100));
    result("make it not wait", fcntl(end[0], F_SETFL, O_NONBLOCK));
    result("nothing there", read(end[0], buffer, 1));
    result("write end read", read(end[1], buffer, 1));
    fcntl(end[1], F_SETFL, O_NONBLOCK);
    while ((put = write(end[1], buffer, 4096)) > 0)
        filled += put;
    fact("filled", filled);
    works("full", put);
    ready("full, writer", end[1], POLLOUT);
    must(read(end[0], buffer, 100));
    result("atomic writes do not split", write(end[1], buffer, 4096));
    must(read(end[0], buffer, 65000));
    yes("long writes do", write(end[1], buffer, 70000) > 4096);
    result("seek", lseek(end[0], 0, SEEK_SET));
    close(end[1]);
    while ((put = read(end[0], buffer, sizeof(buffer))) > 0)
        ;
    fact("end", put);
    ready("no writer", end[0], POLLIN);
    close(end[0]);
    must(pipe(end));
    close(end[0]);
    ready("no reader", end[1], POLLOUT);
    result("write without a reader", write(end[1], "x", 1));
    fact("SIGPIPE came", pipe_signals);
    signal(SIGPIPE, SIG_IGN);
    result("ignored", write(end[1], "x", 1));
    close(end[1]);
    result("pipe2", pipe2(end, O_CLOEXEC | O_NONBLOCK));
    fact("close on exec", fcntl(end[0], F_GETFD));
    octal("flags", (unsigned long)fcntl(end[0], F_GETFL));
    result("pipe2 with nonsense", pipe2(end, 1));
    result("pipe to nowhere", pipe((int *)8));
    result("larger", fcntl(end[0], F_SETPIPE_SZ, 200000));
    struct iovec three[3] = {{(char *)"ab", 2}, {(char *)"", 0}, {(char *)"cd", 2}};
    result("writev", writev(end[1], three, 3));
    result("fsync", fsync(end[1]));
    result("truncate", ftruncate(end[1], 0));
    char path[40];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", end[0]);
    works("opened again by name", open(path, O_RDONLY | O_NONBLOCK));
}

static void named(void)
{
    int reader, writer;
    char c;

    must(mkfifo("fifo", 0600));
    works("writer without a reader", open("fifo", O_WRONLY | O_NONBLOCK));
    reader = (int)must(open("fifo", O_RDONLY | O_NONBLOCK));
    result("no writer yet", read(reader, &c, 1));
    ready("no writer yet", reader, POLLIN);
    writer = (int)must(open("fifo", O_WRONLY));
    result("nothing written yet", read(reader, &c, 1));
    result("write", write(writer, "x", 1));
    result("read", read(reader, &c, 1));
    close(writer);
    result("writer is gone", read(reader, &c, 1));
    ready("writer is gone", reader, POLLIN);
    unlink("fifo");
}

static void waiting(void)
{
    int end[2];
    struct pollfd list[3];
    long long before = milliseconds();
    struct timeval tv = {0, 30000};
    struct timespec ts = {0, 30000000};
    fd_set in, out;
    sigset_t none;

    must(pipe(end));
    list[0] = (struct pollfd){end[0], POLLIN, 0};
    list[1] = (struct pollfd){-1, POLLIN, 7};
    list[2] = (struct pollfd){99, POLLIN, 0};
    result("poll with a closed one", poll(list, 3, 1000));
    printf("events: %d %d %#x\n", list[0].revents, list[1].revents, (unsigned)list[2].revents);
    result("time-out", poll(list, 1, 30));
    yes("waited", milliseconds() - before >= 29);
    before = milliseconds();
    FD_ZERO(&in);
    FD_SET(end[0], &in);
    result("select's time-out", select(end[0] + 1, &in, NULL, NULL, &tv));
    yes("waited", milliseconds() - before >= 29);
    yes("nothing is set", !FD_ISSET(end[0], &in));
    yes("time left is zero", tv.tv_sec == 0 && tv.tv_usec == 0);
    before = milliseconds();
    result("ppoll's time-out", ppoll(list, 1, &ts, NULL));
    yes("waited", milliseconds() - before >= 29);
    must(write(end[1], "x", 1));
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(end[0], &in);
    FD_SET(end[1], &out);
    result("select", select(end[1] + 1, &in, &out, NULL, NULL));
    printf("ready: %d %d\n", FD_ISSET(end[0], &in) != 0, FD_ISSET(end[1], &out) != 0);
    FD_SET(40, &in);
    result("select of a closed one", select(41, &in, NULL, NULL, &tv));
    result("select of too many", select(-1, NULL, NULL, NULL, &tv));
    tv.tv_usec = -1;
    result("negative time", select(0, NULL, NULL, NULL, &tv));
    result("poll of nowhere", poll((void *)8, 1, 0));
    signal(SIGALRM, on_signal);
    must(read(end[0], &(char){0}, 1));
    ualarm(20000, 0);
    result("interrupted poll", poll(list, 1, 2000));
    fact("alarms", alarms);
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGALRM);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    raise(SIGALRM);
    result("blocked signal does not interrupt", poll(list, 1, 10));
    sigemptyset(&none);
    result("ppoll lets it in", ppoll(list, 1, &(struct timespec){2, 0}, &none));
    fact("alarms", alarms);
    result("pselect's mask",
           (raise(SIGALRM), pselect(0, NULL, NULL, NULL, &(struct timespec){2, 0}, &none)));
    fact("alarms", alarms);
    ready("a file is always ready", (int)must(open("/dev/null", O_RDWR)), POLLIN | POLLOUT);
    struct pollfd input = {0, POLLIN, 0};
    result("standard input at its end", poll(&input, 1, 5000));
    yes("hangs up", input.revents & POLLHUP);
    ready("standard output", 1, POLLOUT);
}

int main(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    own_folder();
    sigaction(SIGPIPE, &action, NULL);
    plain();
    named();
    waiting();
    fflush(stdout);
    signal(SIGPIPE, SIG_DFL);
    int end[2];
    must(pipe(end));
    close(end[0]);
    write(end[1], "x", 1);
    return 1;
}
