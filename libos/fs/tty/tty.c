/* SPDX-License-Identifier: Apache-2.0 */
/* The one terminal: standard input is its keyboard, standard output its screen. */
#include "line.h"

#include <u2k/errno.h>
#include <u2k/fcntl.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/path.h>
#include <u2k/poll.h>
#include <u2k/process.h>
#include <u2k/sched.h>
#include <u2k/stream.h>
#include <u2k/streams.h>
#include <u2k/string.h>
#include <u2k/uaccess.h>

static struct line line;
static struct waitq readers = {LIST_INIT(readers.waiters)};
static struct waiter listeners[2]; /* for keys, and for room on the screen */
static bool hung_up;
static struct winsize set_size; /* by the program; the platform's wins when it knows one */

bool tty_present(void)
{
    return plat_stream_kind(STREAM_IN) == STREAM_TERMINAL;
}

/* What was typed and is to be shown. It goes out in as few pieces as can be, since a stream has only
 * so many in flight, and before anything that the program writes later. Beyond this size it is lost
 * rather than waited for. */
static uint8_t echoed[1024];
static size_t echo_len;

static void echo(struct line *l, const uint8_t *s, size_t n)
{
    for (size_t i = 0; i < n && echo_len + 2 <= sizeof echoed; i++)
        echo_len += line_output(l, s[i], echoed + echo_len);
}

static void show_echo(void)
{
    while (echo_len > 0) {
        ssize_t n = plat_stream_write(STREAM_OUT, echoed, echo_len);
        if (n == -EAGAIN) {
            plat_stream_want(STREAM_OUT, STREAM_WRITABLE);
            return;
        }
        size_t gone = n > 0 ? (size_t)n : echo_len; /* an error: nobody looks any more */
        echo_len -= gone;
        memmove(echoed, echoed + gone, echo_len);
    }
}

/* Take what was typed, also while nobody reads: Ctrl-C has to work. */
static void take_input(void)
{
    uint8_t bytes[64];
    ssize_t n;
    while (line.used < LINE_SIZE && (n = plat_stream_read(STREAM_IN, bytes, sizeof bytes)) >= 0) {
        if (n == 0) {
            hung_up = true;
            break;
        }
        for (ssize_t i = 0; i < n; i++) {
            int signo = line_input(&line, bytes[i], echo);
            if (signo)
                signal_send(NULL, &(struct siginfo){.signo = signo, .code = SI_KERNEL});
        }
    }
    show_echo();
    if (line.ready > 0 || hung_up)
        waitq_wake_all(&readers);
    plat_stream_want(STREAM_IN, hung_up || line.used >= LINE_SIZE ? 0 : STREAM_READABLE);
}

static bool on_event(struct waiter *w, unsigned events)
{
    (void)w, (void)events;
    take_input();
    return false;
}

/* Other waiters, if any, are woken by the same event and ask anew. */
static bool on_room(struct waiter *w, unsigned events)
{
    (void)w, (void)events;
    plat_stream_want(STREAM_OUT, 0);
    show_echo();
    return false;
}

static void start_listening(void)
{
    static bool started;
    if (started)
        return;
    started = true;
    line_init(&line);
    for (unsigned i = 0; i < ARRAY_SIZE(listeners); i++) {
        listeners[i] = (struct waiter){.wake = i == 0 ? on_event : on_room};
        list_init(&listeners[i].thread_link);
    }
    /* for good, of no thread */
    list_push_front(&stream_events[STREAM_IN].waiters, &listeners[0].link);
    list_push_front(&stream_events[STREAM_OUT].waiters, &listeners[1].link);
    plat_stream_want(STREAM_IN, STREAM_READABLE);
}

static bool enough(void)
{
    return line.ready >= ((line.t.lflag & ICANON) ? 1 : MAX(1u, (unsigned)line.t.cc[VMIN])) ||
           hung_up;
}

/* termios(3), noncanonical mode: MIN and TIME. */
static int wait_input(const struct file *f)
{
    bool canonical = line.t.lflag & ICANON;
    unsigned min = canonical ? 1 : line.t.cc[VMIN], time = canonical ? 0 : line.t.cc[VTIME];
    uint64_t tenths = time * (NSEC_PER_SEC / 10);
    uint64_t deadline = time && min == 0 ? clock_monotonic() + tenths : TIME_NEVER;
    while (!enough()) {
        if (f->flags & O_NONBLOCK)
            return line.ready ? 0 : -EAGAIN;
        if (min == 0 && (time == 0 || line.ready))
            return 0;
        if (min > 0 && time && line.ready) /* the time between two characters */
            deadline = clock_monotonic() + tenths;
        int err = wait_on(&readers, deadline, true);
        if (err == -EINTR)
            return -ERESTARTSYS;
        if (err == -ETIMEDOUT)
            return 0;
    }
    return 0;
}

static ssize_t tty_read(struct file *f, struct iter *it, int64_t *pos)
{
    (void)pos;
    uint8_t bytes[256];
    ssize_t done = 0;
    bool ended = false;
    if (it->left == 0)
        return 0;
    take_input();
    int err = wait_input(f);
    if (err < 0)
        return err;
    while (it->left > 0 && line.ready > 0 && !ended) {
        size_t n = line_take(&line, bytes, MIN(it->left, sizeof bytes), &ended);
        if (iter_write(it, bytes, n) < n)
            return done ? done : -EFAULT;
        done += (ssize_t)n;
    }
    take_input(); /* there may be room again */
    return done;
}

static ssize_t tty_write(struct file *f, struct iter *it, int64_t *pos)
{
    (void)pos;
    ssize_t total = 0;
    for (show_echo(); echo_len > 0; show_echo()) {
        int err = f->flags & O_NONBLOCK ? -EAGAIN : stream_wait(STREAM_OUT, STREAM_WRITABLE);
        if (err < 0)
            return err;
    }
    while (it->left > 0) {
        uint8_t in[128], out[256];
        size_t n = 0, done, got = iter_read(in, it, MIN(it->left, sizeof in));
        for (size_t i = 0; i < got; i++)
            n += line_output(&line, in[i], out + n);
        int err =
            got ? stream_write_all(STREAM_OUT, out, n, f->flags & O_NONBLOCK, &done) : -EFAULT;
        if (err < 0)
            return total ? total : err;
        total += (ssize_t)got;
    }
    return total;
}

unsigned tty_poll(struct file *f, struct poll_set *set)
{
    (void)f;
    take_input();
    poll_add(set, &readers);
    poll_add(set, &stream_events[STREAM_OUT]);
    unsigned events = line.ready > 0 || hung_up ? POLLIN | POLLRDNORM : 0;
    if (plat_stream_poll(STREAM_OUT) & STREAM_WRITABLE)
        events |= POLLOUT | POLLWRNORM;
    else
        plat_stream_want(STREAM_OUT, STREAM_WRITABLE);
    return events | (hung_up ? POLLHUP : 0);
}

static long set_termios(unsigned request, vaddr_t arg)
{
    struct termios_k t;
    int err = USER_GET(t, arg);
    if (err < 0)
        return err;
    if (request == TCSETSF)
        line_flush(&line);
    line_set(&line, &t);
    waitq_wake_all(&readers);
    return 0;
}

static long window(unsigned request, vaddr_t arg)
{
    struct stream_size now = plat_stream_size(STREAM_OUT);
    struct winsize size = set_size;
    if (request == TIOCSWINSZ) {
        int err = USER_GET(set_size, arg);
        if (err == 0)
            signal_send(NULL, &(struct siginfo){.signo = SIGWINCH, .code = SI_KERNEL});
        return err;
    }
    if (now.rows || now.columns)
        size = (struct winsize){.rows = now.rows, .columns = now.columns};
    return USER_PUT(arg, size);
}

long tty_ioctl(struct file *f, unsigned request, vaddr_t arg)
{
    (void)f;
    int32_t n = 0;
    switch (request) {
    case TCGETS: return USER_PUT(arg, line.t);
    case TCSETS:
    case TCSETSW:
    case TCSETSF: return set_termios(request, arg);
    case TIOCGWINSZ:
    case TIOCSWINSZ: return window(request, arg);
    case TIOCGPGRP: n = process.pgid; return USER_PUT(arg, n);
    case TIOCGSID: n = process.sid; return USER_PUT(arg, n);
    case TIOCSPGRP:
        if (USER_GET(n, arg) < 0)
            return -EFAULT;
        return n == process.pgid ? 0 : n < 0 ? -EINVAL : -ESRCH; /* there is one process */
    case FIONREAD:
        take_input();
        n = (int32_t)line_readable(&line);
        return USER_PUT(arg, n);
    case TIOCOUTQ: return USER_PUT(arg, n);
    case TCFLSH:
        if (arg > 2)
            return -EINVAL;
        if (arg != 1)
            line_flush(&line);
        return 0;
    case TIOCSCTTY: /* it is the controlling terminal of the only session */
    case TCSBRK: /* output is sent at once */
    case TIOCEXCL: return 0;
    default: return -ENOTTY;
    }
}

const struct file_ops tty_file_ops = {
    .read = tty_read, .write = tty_write, .poll = tty_poll, .ioctl = tty_ioctl};

struct file *tty_open(uint32_t flags)
{
    static struct dentry *d; /* one inode, as for descriptors that a terminal's owner passes on */
    start_listening();
    if (d)
        return file_new(&tty_file_ops, d, flags);
    struct file *f = file_anonymous(&tty_file_ops, S_IFCHR | 0620, "/dev/pts/0", NULL, flags);
    if (f) {
        f->inode->rdev = MKDEV(136, 0);
        f->inode->gid = 5;
        d = dentry_ref(f->dentry);
    }
    return f;
}

IF_LINKED(file_poll, tty_poll, unlinked_never);
IF_LINKED(sys_ioctl, tty_ioctl, unlinked_never);
IF_LINKED(part_tty, tty_open, tty_missing);
IF_LINKED(part_tty, tty_present, unlinked_nothing);
IF_LINKED(part_tty, tty_file_ops, unlinked_never);
