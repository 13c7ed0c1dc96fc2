/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors, locks, pipes, poll and select, streams. */
#include "check.h"

static void descriptors(void)
{
    long a = open_("/etc/motd", O_RDONLY | O_CLOEXEC, 0), b;
    CHECK(a, 3);
    CHECK(CALL(fcntl, P(a), 1), 1);
    b = CALL(dup, P(a));
    CHECK(b, 4);
    CHECK(CALL(fcntl, P(b), 1), 0);
    CHECK(CALL(lseek, P(a), 3, SEEK_SET), 3);
    CHECK(CALL(lseek, P(b), 0, SEEK_CUR), 3);
    CHECK(CALL(fcntl, P(a), 0, 4000), 4000); /* far above what is in use */
    CHECK(CALL(fcntl, P(a), 0, 3), 5);
    CHECK(CALL(dup2, P(a), 100), 100);
    CHECK(CALL(dup2, P(a), P(a)), 3);
    CHECK(CALL(dup2, 77, 77), -EBADF);
    CHECK(CALL(dup3, P(a), P(a), 0), -EINVAL);
    CHECK(CALL(dup2, P(a), 5000), -EBADF);
    CHECK(CALL(close, P(b)), 0);
    CHECK(CALL(close, P(b)), -EBADF);
    CHECK(CALL(dup, P(a)), 4);
    for (int i = 6; i < 3000; i++)
        CHECK(CALL(dup, P(a)), i < 100 ? i : i + 1);
    CHECK(CALL(close, 2222), 0);
    CHECK(CALL(close, 1111), 0);
    CHECK(CALL(dup, P(a)), 1111);
    CHECK(CALL(dup, P(a)), 2222);
    CHECK(CALL(dup, P(a)), 3001);
    CHECK(CALL(close_range, 5, 2500, 4), 0);
    fd_close_on_exec();
    CHECK(CALL(fcntl, 3, 1), -EBADF);
    CHECK(CALL(fcntl, 5, 1), -EBADF);
    CHECK(CALL(fcntl, 4, 1), 0);
    CHECK(CALL(close_range, 3, UINT32_MAX, 0), 0);
    CHECK(CALL(dup, 0), 3);
    CHECK(CALL(fcntl, 3, 3), O_RDONLY);
    CHECK(CALL(fcntl, 3, 4, O_NONBLOCK | O_WRONLY), 0);
    CHECK(CALL(fcntl, 0, 3), O_RDONLY | O_NONBLOCK);
}

struct record {
    int16_t type, whence;
    int32_t pad;
    int64_t start, len;
    int32_t pid, pad1;
};

static long lock(long fd, int cmd, int type, int64_t start, int64_t len)
{
    struct record r = {(int16_t)type, SEEK_SET, 0, start, len, 0, 0};
    return CALL(fcntl, P(fd), P(cmd), P(&r));
}

static long holder(long fd, int cmd, int type, int64_t start, int64_t len)
{
    struct record r = {(int16_t)type, SEEK_SET, 0, start, len, 0, 0};
    CHECK(CALL(fcntl, P(fd), P(cmd), P(&r)), 0);
    return r.type == F_UNLCK ? 0 : r.pid * 1000 + (long)r.start;
}

static void locks(void)
{
    enum { GET = 5, SET = 6, OFD_GET = 36, OFD_SET = 37, OFD_SETW = 38 };
    long a = open_("/etc/motd", O_RDWR, 0), b = open_("/etc/motd", O_RDWR, 0);
    CHECK(lock(a, SET, F_WRLCK, 10, 10), 0);
    CHECK(lock(b, SET, F_WRLCK, 0, 100), 0); /* the same process */
    CHECK(lock(a, SET, F_UNLCK, 40, 10), 0); /* in the middle */
    CHECK(holder(b, GET, F_WRLCK, 0, 0), 0);
    CHECK(holder(b, OFD_GET, F_RDLCK, 0, 0), 1000);
    CHECK(holder(b, OFD_GET, F_RDLCK, 41, 100), 1050);
    CHECK(lock(a, OFD_SET, F_RDLCK, 45, 10), -EAGAIN);
    CHECK(lock(a, OFD_SET, F_RDLCK, 40, 10), 0);
    CHECK(lock(b, OFD_SET, F_WRLCK, 45, 1), -EAGAIN);
    CHECK(lock(b, OFD_SETW, F_WRLCK, 45, 1), -ERESTARTSYS);
    CHECK(lock(b, OFD_SET, F_RDLCK, 45, 1), 0);
    CHECK(holder(b, GET, F_WRLCK, 45, 1) < 0, 1); /* -1: no process in particular */
    long c = CALL(dup, P(a));
    CALL(close, P(c)); /* POSIX: any close gives all up */
    CHECK(holder(b, OFD_GET, F_WRLCK, 60, 0), 0);
    CHECK(lock(b, OFD_SET, F_WRLCK, 41, 1), -EAGAIN);
    CALL(close, P(a));
    CHECK(lock(b, OFD_SET, F_WRLCK, 41, 1), 0);
    CHECK(lock(b, SET, F_RDLCK, INT64_MAX, 1), 0);
    CHECK(lock(b, SET, F_RDLCK, INT64_MAX, 2), -EOVERFLOW);
    CHECK(lock(b, SET, F_RDLCK, 5, -6), -EINVAL);
    long reader = open_("/etc/motd", O_RDONLY, 0);
    CHECK(lock(reader, SET, F_WRLCK, 0, 1), -EBADF);
    CHECK(CALL(flock, P(reader), LOCK_SH), 0);
    CHECK(CALL(flock, P(b), LOCK_EX | LOCK_NB), -EAGAIN);
    CHECK(CALL(flock, P(b), LOCK_SH), 0);
    CHECK(CALL(flock, P(reader), LOCK_UN), 0);
    CHECK(CALL(flock, P(b), LOCK_EX | LOCK_NB), 0);
    CHECK(CALL(flock, P(b), 7), -EINVAL);
}

static int32_t ends[2];

static void write_later(void)
{
    CHECK(CALL(write, P(ends[1]), P("late"), 4), 4);
}
static void close_later(void)
{
    CHECK(CALL(close, P(ends[0])), 0);
}
static void drain_later(void)
{
    static char bytes[8192];
    CHECK(CALL(read, P(ends[0]), P(bytes), sizeof bytes), sizeof bytes);
}

static void pipes(void)
{
    static char block[65536];
    CHECK(CALL(pipe2, P(ends), O_CLOEXEC), 0);
    CHECK(CALL(write, P(ends[1]), P("abc"), 3), 3);
    CHECK(CALL(read, P(ends[0]), P(block), 2), 2);
    CHECK(CALL(read, P(ends[0]), P(block), 10), 1);
    CHECK(CALL(read, P(ends[0]), P(block), 10), -ERESTARTSYS);
    stub_while_waiting = write_later;
    CHECK(CALL(read, P(ends[0]), P(block), 10), 4);
    CHECK(CALL(lseek, P(ends[0]), 0, 0), -ESPIPE);
    CHECK(CALL(pread64, P(ends[0]), P(block), 1, 0), -ESPIPE);
    CHECK(CALL(write, P(ends[0]), P("x"), 1), -EBADF);
    CHECK(CALL(fcntl, P(ends[1]), 1032), 65536);
    CHECK(CALL(write, P(ends[1]), P(block), sizeof block), 65536);
    CHECK(CALL(fcntl, P(ends[1]), 4, O_NONBLOCK), 0);
    CHECK(CALL(write, P(ends[1]), P("x"), 1), -EAGAIN);
    CHECK(CALL(read, P(ends[0]), P(block), 100), 100);
    CHECK(CALL(write, P(ends[1]), P(block), 101), -EAGAIN); /* whole or not at all */
    CHECK(CALL(write, P(ends[1]), P(block), 5000), 100);
    CHECK(CALL(fcntl, P(ends[1]), 4, 0), 0);
    stub_while_waiting = drain_later;
    CHECK(CALL(write, P(ends[1]), P(block), 8000), 8000);
    CHECK(CALL(fcntl, P(ends[1]), 1031, 4096), -EBUSY);
    CHECK(CALL(fcntl, P(ends[1]), 1031, 100000), 131072);
    CHECK(CALL(read, P(ends[0]), P(block), 65536), 65344);
    stub_while_waiting = close_later;
    CHECK(CALL(write, P(ends[1]), P(block), 65536), 65536);
    CHECK(CALL(write, P(ends[1]), P(block), 65536), 65536);
    CHECK(CALL(write, P(ends[1]), P(block), 10), -EPIPE);
    CHECK(stub_signals, SIGBIT(SIGPIPE));
    CHECK(CALL(pipe, 8), -EFAULT);
    CHECK(CALL(pipe2, P(ends), O_DIRECT), -EINVAL);
}

static void open_reader(void)
{
    CHECK(open_("/tmp/fifo", O_RDONLY | O_NONBLOCK, 0) > 2, 1);
}

static void fifos(void)
{
    CHECK(CALL(mknod, P("/tmp/fifo"), S_IFIFO | 0666, 0), 0);
    CHECK(open_("/tmp/fifo", O_WRONLY | O_NONBLOCK, 0), -ENXIO);
    CHECK(open_("/tmp/fifo", O_WRONLY, 0), -ERESTARTSYS);
    stub_while_waiting = open_reader;
    long w = open_("/tmp/fifo", O_WRONLY, 0);
    CHECK(w, 3 + 1);
    CHECK(CALL(write, P(w), P("x"), 1), 1);
    char c;
    CHECK(CALL(read, 3, P(&c), 1), 1);
    CHECK(CALL(read, 3, P(&c), 1), -EAGAIN);
    CHECK(CALL(close, P(w)), 0);
    CHECK(CALL(read, 3, P(&c), 1), 0);
    CHECK(CALL(close, 3), 0);
    CHECK(open_("/tmp/fifo", O_RDWR, 0), 3);
}

static void polling(void)
{
    struct pollfd p[20];
    struct timespec64 none = {0, 0}, some = {1, 5};
    CHECK(CALL(pipe, P(ends)), 0);
    p[0] = (struct pollfd){ends[0], POLLIN, 9};
    p[1] = (struct pollfd){ends[1], POLLOUT, 9};
    p[2] = (struct pollfd){-5, POLLIN, 9};
    p[3] = (struct pollfd){99, POLLIN, 9};
    CHECK(CALL(poll, P(p), 4, P(-1)), 2);
    CHECK(p[0].revents * 1000 + p[1].revents * 100 + p[2].revents * 10 + p[3].revents,
          POLLOUT * 100 + POLLNVAL);
    CHECK(CALL(poll, P(p), 1, 0), 0);
    CHECK(CALL(poll, P(p), 1, 50), 0);
    CHECK(CALL(poll, P(p), 1, P(-1)), -ERESTARTBLOCK);
    stub_while_waiting = write_later;
    CHECK(CALL(poll, P(p), 1, P(-1)), 1);
    CHECK(p[0].revents, POLLIN);
    CHECK(CALL(poll, P(p), 10000, 0), -EINVAL);
    char buffer[8];
    CHECK(CALL(read, P(ends[0]), P(buffer), 8), 4);
    for (int i = 0; i < 20; i++)
        p[i] = p[0];
    stub_while_waiting = write_later;
    CHECK(CALL(ppoll, P(p), 20, P(&some), 0, 8), 20);
    CHECK(CALL(ppoll, P(p), 20, P(&none), 0, 8), 20);
    uint64_t in = 1ull << ends[0] | 1ull << ends[1], out = in, except = in;
    CHECK(CALL(select, 64, P(&in), P(&out), P(&except), P(&none)), 2);
    CHECK(in, 1ull << ends[0]);
    CHECK(out, 1ull << ends[1]);
    CHECK(except, 0);
    in = 1ull << 40;
    CHECK(CALL(select, 64, P(&in), 0, 0, 0), -EBADF);
    CALL(close, P(ends[1]));
    CHECK(CALL(poll, P(p), 1, 0), 1);
    CHECK(p[0].revents, POLLIN | POLLHUP);
    p[0].fd = (int32_t)open_("/etc/motd", O_RDONLY, 0);
    CHECK(CALL(poll, P(p), 1, P(-1)), 1);
}

static void type_later(void)
{
    memcpy(stub_input, "typed", stub_input_len = 5);
    stub_event(STREAM_IN);
}

static void streams(void)
{
    char text[300];
    struct stat_k st;
    CHECK(CALL(fstat, 1, P(&st)), 0);
    CHECK(st.mode & S_IFMT, S_IFIFO);
    CHECK(CALL(lseek, 0, 0, SEEK_CUR), -ESPIPE);
    CHECK(CALL(ioctl, 1, 0x5401, P(text)), -ENOTTY);
    CHECK(CALL(readlink, P("/proc/self/fd/0"), P(text), 6), 6);
    CHECK(memcmp(text, "pipe:[", 6), 0);
    stub_while_waiting = type_later;
    CHECK(CALL(read, 0, P(text), 300), 5);
    CHECK(CALL(read, 0, P(text), 300), -ERESTARTSYS);
    CHECK(CALL(fcntl, 0, 4, O_NONBLOCK), 0);
    CHECK(CALL(read, 0, P(text), 300), -EAGAIN);
    memset(text, 'x', 300);
    struct iovec_k vec[2] = {{P(text), 300}, {P("end"), 3}};
    CHECK(CALL(writev, 1, P(vec), 2), 303);
    CHECK(stub_output_len, 303);
    stub_identity(1000, 1000);
    CHECK(write_text("/dev/stdout", "again"), 5);
    CHECK(memcmp(stub_output + 300, "endagain", 8), 0);
    CHECK(open_("/dev/stdin", O_RDONLY, 0) > 2, 1);
    CHECK(open_("/dev/stdin", O_WRONLY, 0), -EACCES);
    stub_output_len = sizeof stub_output;
    CHECK(CALL(write, 2, P("x"), 1), -EPIPE);
    CHECK(stub_signals, SIGBIT(SIGPIPE));
}

static void copies(void)
{
    char text[64];
    long in = open_("/big", O_RDONLY, 0), out = open_("/tmp/copy", O_RDWR | O_CREAT, 0644);
    CHECK(CALL(sendfile, P(out), P(in), 0, 100000), 20000);
    CHECK(CALL(lseek, P(in), 0, SEEK_CUR), 20000);
    int64_t from = 19990, to = 0;
    CHECK(CALL(copy_file_range, P(in), P(&from), P(out), P(&to), 100, 0), 10);
    CHECK(from, 20000);
    CHECK(to, 10);
    to = 5, from = 0;
    CHECK(CALL(copy_file_range, P(out), P(&from), P(out), P(&to), 100, 0), -EINVAL);
    from = 0;
    CHECK(CALL(sendfile, 1, P(in), P(&from), 200), 200);
    CHECK(stub_output_len, 200);
    CHECK(CALL(sendfile, P(out), 0, 0, 1), -EINVAL);
    CHECK(CALL(pread64, P(out), P(text), 64, 19999), 1);
}

const struct test tests_io[] = {
    {"descriptors", descriptors}, {"locks", locks},     {"pipes", pipes},   {"fifos", fifos},
    {"polling", polling},         {"streams", streams}, {"copies", copies}, {0},
};
