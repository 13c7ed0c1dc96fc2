/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of fs/pipe share. */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include <u2k/pipe.h>
#include <u2k/sched.h>

#define PIPE_BUF 4096u

/* Whoever reads or fills the ring in place may wait meanwhile, for another file or for the program's memory. */
enum pipe_hold { PIPE_FREE, PIPE_HELD, PIPE_WANTED /* held, and somebody waits for that */ };

struct pipe {
    uint8_t **pages; /* size / PAGE_SIZE of them */
    size_t size, head, used; /* bytes; `head` is where reading goes on */
    unsigned readers, writers;
    unsigned reader_opens, writer_opens; /* ever: for the rendezvous of FIFOs */
    enum pipe_hold reading, writing; /* of the head, of the tail */
    struct waitq read_wait, write_wait;
};

static inline struct pipe *pipe_of(const struct file *f)
{
    return f->inode->priv;
}

/* The piece of the ring from `at` on, up to the end of its page. NULL: no memory for it, or it was never written. */
uint8_t *pipe_piece(struct pipe *p, size_t at, size_t *len, bool make);
/* 1: there are bytes, 0: there will be none any more, -EAGAIN, -ERESTARTSYS. */
int pipe_await_data(struct pipe *p, bool nonblock);
/* 0: there is room for that many; -EPIPE with its signal, -EAGAIN, -ERESTARTSYS. */
int pipe_await_room(struct pipe *p, size_t room, bool nonblock);
/* Bytes at the head are gone, or there are more behind the tail: whoever waits for that is woken. */
void pipe_taken(struct pipe *p, size_t n);
void pipe_added(struct pipe *p, size_t n);
/* Head or tail are free again. */
void pipe_let_go(enum pipe_hold *hold, struct waitq *q, unsigned events);
static inline void pipe_read_done(struct pipe *p)
{
    pipe_let_go(&p->reading, &p->read_wait, POLLIN | POLLRDNORM);
}
static inline void pipe_write_done(struct pipe *p)
{
    pipe_let_go(&p->writing, &p->write_wait, POLLOUT | POLLWRNORM);
}

#endif
