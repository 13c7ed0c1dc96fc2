/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for several files: poll(2), select(2). */
#include "file.h"
#include "wait.h"

#include <u2k/clock.h>
#include <u2k/pages.h>
#include <u2k/poll.h>
#include <u2k/string.h>

#define FEW 16

/* A set of descriptors; a few are on the stack. */
struct polled {
    struct pollfd few[FEW], *fds;
    size_t count;
};

static int polled_new(struct polled *p, size_t count)
{
    p->count = count;
    p->fds = count > FEW ? heap_alloc(count * sizeof *p->fds) : p->few;
    return p->fds ? 0 : -ENOMEM;
}

static void polled_free(struct polled *p)
{
    if (p->fds != p->few)
        heap_free(p->fds, p->count * sizeof *p->fds);
}

static long do_poll(vaddr_t at, size_t count, uint64_t deadline)
{
    struct polled p;
    if (count > process.limits[RLIMIT_NOFILE].soft || count > (1u << 20))
        return -EINVAL;
    int err = polled_new(&p, count);
    if (err < 0)
        return err;
    long ready = user_read(p.fds, at, count * sizeof *p.fds);
    if (ready == 0)
        ready = poll_wait(p.fds, count, deadline);
    for (size_t i = 0; ready >= 0 && i < count; i++)
        if (USER_PUT(at + i * sizeof *p.fds + offsetof(struct pollfd, revents), p.fds[i].revents) <
            0)
            ready = -EFAULT;
    polled_free(&p);
    return ready;
}

static long poll_again(struct thread *t)
{
    uint64_t deadline = t->restart_data[2];
    long result = do_poll(t->restart_data[0], t->restart_data[1], deadline);
    return result == -EINTR ? -ERESTARTBLOCK : result;
}

// poll: implemented
SYSCALL(poll)
{
    int timeout = ARG(int, 2);
    uint64_t deadline = timeout < 0 ? TIME_NEVER
                        : timeout   ? time_add(clock_monotonic(), (uint64_t)timeout * 1000000)
                                    : 0;
    current->restart_data[0] = sc->arg[0];
    current->restart_data[1] = ARG(unsigned, 1);
    current->restart_data[2] = deadline;
    current->restart = poll_again;
    return poll_again(current);
}

/* ---- time-outs ---- */

/* A timespec (or timeval: `unit` 1000 ns) at `at`, 0: forever. */
static int deadline_at(vaddr_t at, int64_t unit, uint64_t *out)
{
    struct timespec64 t;
    *out = TIME_NEVER;
    if (!at)
        return 0;
    if (USER_GET(t, at) < 0)
        return -EFAULT;
    if (unit > 1) { /* select(2) takes more than a second of microseconds too */
        if (t.sec < 0 || t.nsec < 0 || __builtin_add_overflow(t.sec, t.nsec / 1000000, &t.sec))
            return -EINVAL;
        t.nsec = t.nsec % 1000000 * unit;
    }
    if (!timespec_valid(&t))
        return -EINVAL;
    uint64_t ns = timespec_ns(&t);
    *out = ns ? time_add(clock_monotonic(), ns) : 0;
    return 0;
}

/* Linux tells what is left; a fault here is no error, the call has been done. */
static void put_left(vaddr_t at, int64_t unit, uint64_t deadline)
{
    if (!at)
        return;
    uint64_t now = clock_monotonic();
    struct timespec64 t = ns_timespec(deadline > now ? deadline - now : 0);
    t.nsec /= unit;
    (void)USER_PUT(at, t);
}

/* After an interruption the delivery puts the mask back, so that the handler sees the saved one. */
static long finish(vaddr_t mask, long result)
{
    if (result == -EINTR)
        return -ERESTARTNOHAND;
    mask_end(mask);
    return result;
}

// ppoll: implemented
SYSCALL(ppoll)
{
    uint64_t deadline;
    vaddr_t mask = ARG(vaddr_t, 3);
    int err = deadline_at(ARG(vaddr_t, 2), 1, &deadline);
    if (err == 0)
        err = mask_begin(mask, ARG(size_t, 4));
    if (err < 0)
        return err;
    long result = do_poll(ARG(vaddr_t, 0), ARG(unsigned, 1), deadline);
    put_left(ARG(vaddr_t, 2), 1, deadline);
    return finish(mask, result);
}

/* ---- select ---- */

static const unsigned asked[3] = {POLLIN | POLLRDNORM | POLLRDBAND, POLLOUT | POLLWRNORM, POLLPRI};
static const unsigned told[3] = {POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR,
                                 POLLOUT | POLLWRNORM | POLLERR, POLLPRI};

/* The three bitmaps of n bits, one after the other. */
struct bitmaps {
    uint64_t few[3 * 16], *words;
    size_t each; /* words */
};

static bool bit(const struct bitmaps *b, unsigned set, unsigned fd)
{
    return b->words[set * b->each + fd / 64] >> fd % 64 & 1;
}

static unsigned events_of(const struct bitmaps *b, unsigned fd)
{
    unsigned events = 0;
    for (unsigned set = 0; set < 3; set++)
        events |= bit(b, set, fd) ? asked[set] : 0;
    return events;
}

static long select_on(struct bitmaps *b, unsigned n, uint64_t deadline)
{
    struct polled p;
    size_t count = 0;
    for (unsigned fd = 0; fd < n; fd++)
        count += events_of(b, fd) != 0;
    int err = polled_new(&p, count);
    if (err < 0)
        return err;
    count = 0;
    for (unsigned fd = 0; fd < n && err == 0; fd++) {
        unsigned events = events_of(b, fd);
        if (events && !fd_peek((int)fd))
            err = -EBADF;
        else if (events)
            p.fds[count++] = (struct pollfd){.fd = (int32_t)fd, .events = (int16_t)events};
    }
    long result = err < 0 ? err : poll_wait(p.fds, count, deadline);
    if (result >= 0) {
        memset(b->words, 0, 3 * b->each * sizeof *b->words);
        result = 0;
    }
    for (size_t i = 0; result >= 0 && i < count; i++) {
        unsigned fd = (unsigned)p.fds[i].fd, events = (uint16_t)p.fds[i].revents;
        for (unsigned set = 0; set < 3; set++) {
            if (((uint16_t)p.fds[i].events & asked[set]) == asked[set] && (events & told[set])) {
                b->words[set * b->each + fd / 64] |= 1ull << fd % 64;
                result++;
            }
        }
    }
    polled_free(&p);
    return result;
}

static long do_select(const struct syscall *sc, uint64_t deadline)
{
    struct bitmaps b;
    if (ARG(int, 0) < 0)
        return -EINVAL;
    unsigned n = MIN(ARG(unsigned, 0), fd_capacity());
    size_t bytes = ((size_t)n + 63) / 64 * 8, room;
    b.each = bytes / 8;
    room = 3 * bytes;
    b.words = room > sizeof b.few ? heap_alloc(room) : b.few;
    if (!b.words)
        return -ENOMEM;
    memset(b.words, 0, room);
    long result = 0;
    for (unsigned set = 0; set < 3 && result == 0; set++)
        if (sc->arg[1 + set])
            result = user_read(b.words + set * b.each, sc->arg[1 + set], bytes);
    if (result == 0)
        result = select_on(&b, n, deadline);
    for (unsigned set = 0; set < 3 && result >= 0; set++)
        if (sc->arg[1 + set] && user_write(sc->arg[1 + set], b.words + set * b.each, bytes) < 0)
            result = -EFAULT;
    if (b.words != b.few)
        heap_free(b.words, room);
    return result;
}

// select: implemented
SYSCALL(select)
{
    uint64_t deadline;
    int err = deadline_at(ARG(vaddr_t, 4), 1000, &deadline);
    if (err < 0)
        return err;
    long result = do_select(sc, deadline);
    put_left(ARG(vaddr_t, 4), 1000, deadline);
    return result == -EINTR ? -ERESTARTNOHAND : result;
}

// pselect6: implemented
SYSCALL(pselect6)
{
    struct {
        uint64_t mask, size;
    } sigmask = {0};
    uint64_t deadline;
    int err = deadline_at(ARG(vaddr_t, 4), 1, &deadline);
    if (err == 0 && sc->arg[5])
        err = USER_GET(sigmask, sc->arg[5]);
    if (err == 0)
        err = mask_begin(sigmask.mask, sigmask.size);
    if (err < 0)
        return err;
    long result = do_select(sc, deadline);
    put_left(ARG(vaddr_t, 4), 1, deadline);
    return finish(sigmask.mask, result);
}
