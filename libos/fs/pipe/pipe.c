/* SPDX-License-Identifier: Apache-2.0 */
/* Pipes: a ring of bytes whose pages are given when first written. */
#include <u2k/errno.h>
#include <u2k/fcntl.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/path.h>
#include <u2k/pipe.h>
#include <u2k/poll.h>
#include <u2k/process.h>
#include <u2k/string.h>
#include <u2k/termios.h>
#include <u2k/uaccess.h>

#define PIPE_BUF 4096u
#define SIZE_DEFAULT 65536u
#define SIZE_MAX_USER (1u << 20) /* fs.pipe-max-size */

struct pipe {
    uint8_t **pages; /* size / PAGE_SIZE of them */
    size_t size, head, used; /* bytes; `head` is where reading goes on */
    unsigned readers, writers;
    unsigned reader_opens, writer_opens; /* ever: for the rendezvous of FIFOs */
    struct waitq read_wait, write_wait;
};

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

static struct pipe *pipe_of(const struct file *f)
{
    return f->inode->priv;
}

/* The piece of the ring from `at` on: up to the end of its page. */
static uint8_t *piece(struct pipe *p, size_t at, size_t *len, bool make)
{
    size_t page = at / PAGE_SIZE;
    *len = MIN(*len, PAGE_SIZE - at % PAGE_SIZE);
    if (!p->pages[page] && make)
        p->pages[page] = pages_alloc(1, PAGES_ANY);
    return p->pages[page] ? p->pages[page] + at % PAGE_SIZE : NULL;
}

static int pipe_wait(struct waitq *q, const struct file *f)
{
    if (f->flags & O_NONBLOCK)
        return -EAGAIN;
    return wait_on(q, TIME_NEVER, true) == -EINTR ? -ERESTARTSYS : 0;
}

static ssize_t pipe_read(struct file *f, struct iter *it, int64_t *pos)
{
    (void)pos;
    struct pipe *p = pipe_of(f);
    size_t done = 0;
    if (it->left == 0)
        return 0;
    while (p->used == 0) {
        if (p->writers == 0)
            return 0;
        int err = pipe_wait(&p->read_wait, f);
        if (err < 0)
            return err;
    }
    while (p->used > 0 && it->left > 0) {
        size_t len = MIN(p->used, it->left), at = p->head;
        const uint8_t *from = piece(p, at, &len, false);
        size_t got = iter_write(it, from, len);
        p->head = (p->head + got) % p->size;
        p->used -= got;
        done += got;
        if (got < len)
            break;
    }
    /* Nobody waits for more room than PIPE_BUF; that there is still room is no news (EPOLLET). */
    if (p->size - p->used - done < PIPE_BUF && done > 0)
        waitq_wake(&p->write_wait, 1, POLLOUT | POLLWRNORM);
    return done > 0 ? (ssize_t)done : -EFAULT;
}

static ssize_t broken(size_t done)
{
    signal_send(current, &(struct siginfo){.signo = SIGPIPE, .code = SI_KERNEL});
    return done > 0 ? (ssize_t)done : -EPIPE;
}

static ssize_t pipe_write(struct file *f, struct iter *it, int64_t *pos)
{
    (void)pos;
    struct pipe *p = pipe_of(f);
    size_t done = 0, whole = it->left <= PIPE_BUF ? it->left : 1; /* what goes in at once or not */
    int err = 0;
    while (it->left > 0) {
        if (p->readers == 0)
            return broken(done);
        if (p->size - p->used < whole) {
            if ((err = pipe_wait(&p->write_wait, f)) < 0)
                break;
            continue;
        }
        size_t len = MIN(p->size - p->used, it->left);
        uint8_t *to = piece(p, (p->head + p->used) % p->size, &len, true);
        if (!to) {
            err = -ENOMEM;
            break;
        }
        size_t got = iter_read(to, it, len);
        p->used += got;
        done += got;
        whole = 1;
        if (got < len) {
            err = -EFAULT;
            break;
        }
        waitq_wake(&p->read_wait, 1, POLLIN | POLLRDNORM);
    }
    return done > 0 ? (ssize_t)done : err;
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

long pipe_size(struct file *f)
{
    return f->ops == &fifo_file_ops ? (long)pipe_of(f)->size : -EBADF;
}

long pipe_resize(struct file *f, unsigned long size)
{
    if (f->ops != &fifo_file_ops)
        return -EBADF;
    struct pipe *p = pipe_of(f);
    if (size > 1ul << 31)
        return -EINVAL;
    size_t want = PAGE_SIZE;
    while (want < size)
        want *= 2;
    if (want > SIZE_MAX_USER && !capable(CAP_SYS_RESOURCE))
        return -EPERM;
    if (want < p->used)
        return -EBUSY;
    if (want == p->size)
        return (long)want;
    uint8_t **pages = heap_alloc(want / PAGE_SIZE * sizeof *pages);
    if (!pages)
        return -ENOMEM;
    struct pipe next = {.pages = pages, .size = want};
    for (size_t left = p->used; left > 0;) {
        size_t n = left, m;
        const uint8_t *from = piece(p, (p->head + (p->used - left)) % p->size, &n, false);
        m = n;
        uint8_t *to = piece(&next, next.used, &m, true);
        if (!to) {
            for (size_t i = 0; i < want / PAGE_SIZE; i++)
                if (pages[i])
                    pages_free(pages[i], 1);
            heap_free(pages, want / PAGE_SIZE * sizeof *pages);
            return -ENOMEM;
        }
        memcpy(to, from, m);
        next.used += m;
        left -= m;
    }
    for (size_t i = 0; i < p->size / PAGE_SIZE; i++)
        if (p->pages[i])
            pages_free(p->pages[i], 1);
    heap_free(p->pages, p->size / PAGE_SIZE * sizeof *pages);
    p->pages = pages;
    p->size = want;
    p->head = 0;
    waitq_wake_all(&p->write_wait);
    return (long)want;
}

IF_LINKED(file_poll, pipe_poll, unlinked_never);
IF_LINKED(sys_ioctl, pipe_ioctl, unlinked_never);
IF_LINKED(part_pipe, pipe_size, pipe_none);
IF_LINKED(part_pipe, pipe_resize, pipe_none);
IF_LINKED(part_pipe, fifo_file_ops, fifo_missing_ops);
