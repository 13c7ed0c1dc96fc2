/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams are the descriptors 0, 1, 2 and the log's. They may be shared with the user's shell, so
 * their flags are not ours to change: instead of O_NONBLOCK each call says RWF_NOWAIT, and where the
 * host has that not for a kind of file (terminals; pipes before Linux 6.5) poll(2) comes first and
 * what is written is at most PIPE_BUF, for which a writable pipe has room (pipe(7)).
 */
#include "process.h"
#include "x86_64/hostcall.h"
#include <u2k/boot.h>
#include <u2k/errno.h>
#include <u2k/vfs.h>

enum { RWF_NOWAIT = 8, PIPE_BUF = 4096, MAX_TRANSFER = 0x7ffff000 /* read(2) */ };
enum { TIOCGWINSZ = 0x5413 };
#define DEV_NULL 0x103u /* makedev(1, 3) */

/* How a call on this descriptor is kept from blocking. */
enum manner { UNKNOWN, NOTHING_THERE, NEVER_BLOCKS, SAYS_NOWAIT, POLLS_FIRST };

static enum manner manners[STREAM_COUNT];
static unsigned wanted[STREAM_COUNT];

int stream_fd(enum stream s)
{
    return s == STREAM_LOG ? log_fd : (int)s;
}
unsigned stream_wanted(enum stream s)
{
    return wanted[s];
}

static enum manner manner_of(enum stream s)
{
    if (manners[s] != UNKNOWN)
        return manners[s];
    struct host_stat st;
    if (host_call(fstat, stream_fd(s), &st) < 0)
        manners[s] = NOTHING_THERE;
    else if (S_ISREG(st.mode) || (st.mode & S_IFMT) == S_IFBLK)
        manners[s] = NEVER_BLOCKS;
    else if ((st.mode & S_IFMT) == S_IFCHR && st.rdev == DEV_NULL)
        manners[s] = NOTHING_THERE;
    else
        manners[s] = SAYS_NOWAIT;
    return manners[s];
}

/* With u2k.tty= the runner has put the user's terminal in raw mode; without, it is a byte stream. */
enum stream_kind plat_stream_kind(enum stream s)
{
    if (manner_of(s) == NOTHING_THERE)
        return STREAM_ABSENT;
    return s != STREAM_LOG && cmdline_value("u2k.tty") ? STREAM_TERMINAL : STREAM_PIPE;
}

/* "ROWSxCOLUMNS", nothing of it if malformed. */
static struct stream_size parse_size(const char *text)
{
    unsigned value[2] = {0, 0};
    for (unsigned i = 0; i < 2; i++) {
        while (*text >= '0' && *text <= '9' && value[i] <= UINT16_MAX)
            value[i] = value[i] * 10 + (unsigned)(*text++ - '0');
        if (*text++ != (i == 0 ? 'x' : '\0') || value[i] > UINT16_MAX)
            return (struct stream_size){0, 0};
    }
    return (struct stream_size){.rows = (uint16_t)value[0], .columns = (uint16_t)value[1]};
}

struct stream_size plat_stream_size(enum stream s)
{
    uint16_t winsize[4];
    if (host_call(ioctl, stream_fd(s), TIOCGWINSZ, winsize) == 0 && winsize[0])
        return (struct stream_size){.rows = winsize[0], .columns = winsize[1]};
    const char *told = cmdline_value("u2k.tty");
    return told ? parse_size(told) : (struct stream_size){0, 0};
}

static unsigned poll_now(enum stream s, int16_t events)
{
    static const struct host_timespec zero;
    struct host_pollfd p = {.fd = stream_fd(s), .events = events};
    long n;
    while ((n = host_call(ppoll, &p, 1, &zero, 0, 0)) == -EINTR)
        ;
    return n == 1 ? (unsigned)(uint16_t)p.revents : 0;
}

unsigned plat_stream_poll(enum stream s)
{
    enum manner m = manner_of(s);
    unsigned direction = s == STREAM_IN ? STREAM_READABLE : STREAM_WRITABLE;
    if (m == NOTHING_THERE || m == NEVER_BLOCKS)
        return direction;
    unsigned now = poll_now(s, s == STREAM_IN ? HOST_POLLIN : HOST_POLLOUT);
    /* After a hang-up or an error a call does not wait: it tells the end, or the error. */
    unsigned mask = now ? direction : 0;
    return now & (HOST_POLLHUP | HOST_POLLERR | HOST_POLLNVAL) ? mask | STREAM_HANGUP : mask;
}

void plat_stream_want(enum stream s, unsigned mask)
{
    wanted[s] = mask;
}

/* One preadv2 or pwritev2 at the file's own position (offset -1), as `m` has it. */
static long transfer(enum stream s, const void *buf, size_t len, enum manner m)
{
    bool in = s == STREAM_IN;
    struct host_iovec v = {buf, MIN(len, (size_t)MAX_TRANSFER)};
    if (m == POLLS_FIRST) {
        if (!poll_now(s, in ? HOST_POLLIN : HOST_POLLOUT))
            return -EAGAIN;
        v.len = in ? v.len : MIN(v.len, (size_t)PIPE_BUF);
    }
    unsigned flags = m == SAYS_NOWAIT ? RWF_NOWAIT : 0;
    return in ? host_call(preadv2, stream_fd(s), &v, 1, -1, -1, flags)
              : host_call(pwritev2, stream_fd(s), &v, 1, -1, -1, flags);
}

static ssize_t transfer_or_learn(enum stream s, const void *buf, size_t len)
{
    long n = transfer(s, buf, len, manner_of(s));
    if (n == -EOPNOTSUPP && manners[s] == SAYS_NOWAIT) {
        manners[s] = POLLS_FIRST;
        n = transfer(s, buf, len, POLLS_FIRST);
    }
    return n == -EINTR ? -EAGAIN : n;
}

ssize_t plat_stream_read(enum stream s, void *buf, size_t len)
{
    return manner_of(s) == NOTHING_THERE ? 0 : transfer_or_learn(s, buf, len);
}

/* The log takes all or drops it: a reader that is slow is waited for, as for printk's console. */
static ssize_t write_log(const char *buf, size_t len)
{
    for (size_t done = 0; done < len;) {
        long n = transfer(STREAM_LOG, buf + done, len - done, NEVER_BLOCKS);
        if (n == -EINTR)
            continue;
        if (n <= 0)
            return n;
        done += (size_t)n;
    }
    return (ssize_t)len;
}

ssize_t plat_stream_write(enum stream s, const void *buf, size_t len)
{
    if (s == STREAM_LOG)
        return write_log(buf, len);
    return manner_of(s) == NOTHING_THERE ? (ssize_t)len : transfer_or_learn(s, buf, len);
}
