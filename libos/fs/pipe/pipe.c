/* SPDX-License-Identifier: Apache-2.0 */
/* Pipes: a ring of bytes whose pages are given when first written. */
#include "pipe.h"

#include <u2k/errno.h>
#include <u2k/fcntl.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/poll.h>
#include <u2k/termios.h>
#include <u2k/uaccess.h>

#define SIZE_DEFAULT 65536u

static struct pipe *pipe_new(void)
{
    struct pipe *p = NEW(struct pipe);
    if (!p)
        return NULL;
    p->size = SIZE_DEFAULT;
    p->pages = heap_alloc(p->size / PAGE_SIZE * sizeof *p->pages);
    if (!p->pages) {
        DELETE(p);
        return NULL;
    }
    waitq_init(&p->read_wait);
    waitq_init(&p->write_wait);
    return p;
}

static void pipe_free(struct pipe *p)
{
    for (size_t i = 0; i < p->size / PAGE_SIZE; i++)
        if (p->pages[i])
            pages_free(p->pages[i], 1);
    heap_free(p->pages, p->size / PAGE_SIZE * sizeof *p->pages);
    DELETE(p);
}

uint8_t *pipe_piece(struct pipe *p, size_t at, size_t *len, bool make)
{
    size_t page = at / PAGE_SIZE;
    *len = MIN(*len, PAGE_SIZE - at % PAGE_SIZE);
    if (!p->pages[page] && make)
        p->pages[page] = pages_alloc(1, PAGES_ANY);
    return p->pages[page] ? p->pages[page] + at % PAGE_SIZE : NULL;
}

static int pipe_wait(struct waitq *q, bool nonblock)
{
    if (nonblock)
        return -EAGAIN;
    return wait_on(q, TIME_NEVER, true) == -EINTR ? -ERESTARTSYS : 0;
}

int pipe_await_data(struct pipe *p, bool nonblock)
{
    while (p->used == 0 || p->reading) {
        if (p->used == 0 && p->writers == 0)
            return 0;
        if (p->reading)
            p->reading = PIPE_WANTED;
        int err = pipe_wait(&p->read_wait, nonblock);
        if (err < 0)
            return err;
    }
    return 1;
}

/* Nobody waits for more room than PIPE_BUF; that there is still room is no news (EPOLLET). */
void pipe_taken(struct pipe *p, size_t n)
{
    bool short_of_room = p->size - p->used < PIPE_BUF;
    p->head = (p->head + n) % p->size;
    p->used -= n;
    if (n > 0 && short_of_room)
        waitq_wake(&p->write_wait, 1, POLLOUT | POLLWRNORM);
}

void pipe_added(struct pipe *p, size_t n)
{
    p->used += n;
    if (n > 0)
        waitq_wake(&p->read_wait, 1, POLLIN | POLLRDNORM);
}

void pipe_let_go(enum pipe_hold *hold, struct waitq *q, unsigned events)
{
    bool wanted = *hold == PIPE_WANTED;
    *hold = PIPE_FREE;
    if (wanted)
        waitq_wake(q, 1, events);
}

ssize_t pipe_to_memory(struct file *f, struct iter *it, bool nonblock)
{
    struct pipe *p = pipe_of(f);
    size_t done = 0, got, len;
    if (it->left == 0)
        return 0;
    int err = pipe_await_data(p, nonblock);
    if (err <= 0)
        return err;
    p->reading = PIPE_HELD;
    do {
        len = MIN(p->used - done, it->left);
        const uint8_t *from = pipe_piece(p, (p->head + done) % p->size, &len, false);
        got = iter_write(it, from, len);
        done += got;
    } while (got == len && done < p->used && it->left > 0);
    pipe_taken(p, done);
    pipe_read_done(p);
    return done > 0 ? (ssize_t)done : -EFAULT;
}

static ssize_t pipe_read(struct file *f, struct iter *it, int64_t *pos)
{
    (void)pos;
    return pipe_to_memory(f, it, f->flags & O_NONBLOCK);
}

static int broken(void)
{
    signal_send(current, &(struct siginfo){.signo = SIGPIPE, .code = SI_KERNEL});
    return -EPIPE;
}

int pipe_await_room(struct pipe *p, size_t room, bool nonblock)
{
    for (;;) {
        if (p->readers == 0)
            return broken();
        if (p->size - p->used >= room && !p->writing)
            return 0;
        if (p->writing)
            p->writing = PIPE_WANTED;
        int err = pipe_wait(&p->write_wait, nonblock);
        if (err < 0)
            return err;
    }
}

/* What fits now. Gives the count; -ENOMEM, -EFAULT if that came to pass before anything was written. */
static ssize_t fill(struct pipe *p, struct iter *it)
{
    size_t done = 0;
    int err = 0;
    p->writing = PIPE_HELD;
    while (it->left > 0 && p->used < p->size && err == 0) {
        size_t len = MIN(p->size - p->used, it->left);
        uint8_t *to = pipe_piece(p, (p->head + p->used) % p->size, &len, true);
        size_t got = to ? iter_read(to, it, len) : 0;
        err = !to ? -ENOMEM : got < len ? -EFAULT : 0;
        done += got;
        pipe_added(p, got);
    }
    pipe_write_done(p);
    return done > 0 ? (ssize_t)done : err;
}

ssize_t pipe_from_memory(struct file *f, struct iter *it, bool nonblock)
{
    struct pipe *p = pipe_of(f);
    int err = it->left > 0 ? pipe_await_room(p, 1, nonblock) : 0;
    return err < 0 ? err : fill(p, it);
}

static ssize_t pipe_write(struct file *f, struct iter *it, int64_t *pos)
{
    (void)pos;
    struct pipe *p = pipe_of(f);
    size_t whole = it->left <= PIPE_BUF ? it->left : 1; /* what goes in at once or not at all */
    ssize_t done = 0, n = 0;
    while (it->left > 0) {
        if ((n = pipe_await_room(p, whole, f->flags & O_NONBLOCK)) < 0 || (n = fill(p, it)) < 0)
            break;
        done += n;
        whole = 1;
    }
    return done > 0 ? done : n;
}

unsigned pipe_poll(struct file *f, struct poll_set *set)
{
    const struct pipe *p = pipe_of(f);
    unsigned events = 0;
    if (file_readable(f)) {
        poll_add(set, &pipe_of(f)->read_wait);
        events |= p->used > 0 ? POLLIN | POLLRDNORM : 0;
        /* fifo(7): no hang-up before there was a writer. */
        events |= p->writers == 0 && (p->writer_opens || p->used > 0) ? POLLHUP : 0;
    }
    if (file_writable(f)) {
        poll_add(set, &pipe_of(f)->write_wait);
        events |= p->size - p->used >= PIPE_BUF ? POLLOUT | POLLWRNORM : 0;
        events |= p->readers == 0 ? POLLERR : 0;
    }
    return events;
}

long pipe_ioctl(struct file *f, unsigned request, vaddr_t arg)
{
    if (request != FIONREAD)
        return -ENOTTY;
    int32_t n = (int32_t)pipe_of(f)->used;
    return USER_PUT(arg, n);
}

static void pipe_release(struct file *f)
{
    struct pipe *p = pipe_of(f);
    if (file_readable(f) && --p->readers == 0)
        waitq_wake_all(&p->write_wait);
    if (file_writable(f) && --p->writers == 0)
        waitq_wake_all(&p->read_wait);
    if (p->readers == 0 && p->writers == 0) {
        f->inode->priv = NULL;
        pipe_free(p);
    }
}

static void add_end(struct pipe *p, const struct file *f)
{
    if (file_readable(f)) {
        p->readers++;
        p->reader_opens++;
        waitq_wake_all(&p->write_wait);
    }
    if (file_writable(f)) {
        p->writers++;
        p->writer_opens++;
        waitq_wake_all(&p->read_wait);
    }
}

/* open(2) of a FIFO waits for the other side; of a pipe's /proc/self/fd name it does not have to. */
static int fifo_open(struct file *f)
{
    struct pipe *p = pipe_of(f);
    if (!p && !(p = pipe_new()))
        return -ENOMEM;
    f->inode->priv = p;
    unsigned access = f->flags & O_ACCMODE;
    if (access == O_WRONLY && (f->flags & O_NONBLOCK) && p->readers == 0) {
        if (p->writers == 0) {
            f->inode->priv = NULL;
            pipe_free(p);
        }
        return -ENXIO;
    }
    add_end(p, f);
    if (access == O_RDWR || (f->flags & O_NONBLOCK))
        return 0;
    bool reads = access == O_RDONLY;
    unsigned seen = reads ? p->writer_opens : p->reader_opens;
    while ((reads ? p->writers : p->readers) == 0 &&
           (reads ? p->writer_opens : p->reader_opens) == seen) {
        int err = wait_on(reads ? &p->read_wait : &p->write_wait, TIME_NEVER, true);
        if (err == -EINTR) {
            pipe_release(f);
            return -ERESTARTSYS;
        }
    }
    return 0;
}

const struct file_ops fifo_file_ops = {
    .read = pipe_read,
    .write = pipe_write,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .release = pipe_release,
    .open = fifo_open,
};

int pipe_open(struct file **reader, struct file **writer, uint32_t flags)
{
    struct pipe *p = pipe_new();
    struct file *r =
        p ? file_anonymous(&fifo_file_ops, S_IFIFO | 0600, "pipe", p, O_RDONLY | flags) : NULL;
    if (!r) {
        if (p)
            pipe_free(p);
        return -ENOMEM;
    }
    add_end(p, r);
    *writer = file_new(&fifo_file_ops, r->dentry, O_WRONLY | flags);
    if (!*writer) {
        file_unref(r);
        return -ENOMEM;
    }
    add_end(p, *writer);
    *reader = r;
    return 0;
}

IF_LINKED(file_poll, pipe_poll, unlinked_never);
IF_LINKED(sys_ioctl, pipe_ioctl, unlinked_never);
IF_LINKED(part_pipe, fifo_file_ops, fifo_missing_ops);
