/* SPDX-License-Identifier: Apache-2.0 */
/* A port as two byte streams over numbered pages. */
#include <u2k/errno.h>
#include <u2k/pages.h>
#include <u2k/string.h>

#include "port.h"

enum { IN_SLOTS = 4 }; /* input in flight; more would only take memory */

static void give_input(struct port *p, unsigned slot)
{
    if (!p->in_page[slot])
        p->in_page[slot] = pages_alloc(1, PAGES_ANY);
    if (p->in_page[slot])
        virtqueue_give(&p->in, slot, p->in_page[slot], PAGE_SIZE, true);
}

static void ask(struct port *p)
{
    if (p->asked)
        return;
    p->asked = true;
    for (unsigned i = 0; i < IN_SLOTS && i < p->in.size; i++)
        give_input(p, i);
    virtqueue_kick(&p->in);
}

/* Make a slot with unread bytes the current one. */
static bool next_input(struct port *p)
{
    uint32_t len;

    ask(p);
    while (!p->reading) {
        int slot = virtqueue_take(&p->in, &len);
        if (slot < 0)
            return false;
        if (len) {
            p->reading = slot + 1;
            p->read_at = 0;
            p->read_len = len;
        } else {
            give_input(p, (unsigned)slot);
            virtqueue_kick(&p->in);
        }
    }
    return true;
}

bool port_readable(struct port *p)
{
    return next_input(p) || p->closed;
}

ssize_t port_read(struct port *p, void *buf, size_t len)
{
    size_t done = 0;

    if (!len)
        return 0;
    while (done < len && next_input(p)) {
        unsigned slot = (unsigned)p->reading - 1;
        size_t n = MIN(len - done, (size_t)(p->read_len - p->read_at));
        memcpy((char *)buf + done, p->in_page[slot] + p->read_at, n);
        p->read_at += (uint32_t)n;
        done += n;
        if (p->read_at == p->read_len) {
            p->reading = 0;
            give_input(p, slot);
            virtqueue_kick(&p->in);
        }
    }
    if (done)
        return (ssize_t)done;
    /* The host closes after its last byte, but the news may be the first to be seen. */
    ports_control();
    if (!p->closed)
        return -EAGAIN;
    return next_input(p) ? port_read(p, buf, len) : 0;
}

static void reclaim(struct port *p)
{
    uint32_t len;

    while (virtqueue_take(&p->out, &len) >= 0)
        ;
}

/* A slot whose page the device has not got, or -1. */
static int free_slot(struct port *p)
{
    reclaim(p);
    uint32_t all = (1u << p->out.size) - 1, idle = all & ~p->out.busy;

    return idle ? __builtin_ctz(idle) : -1;
}

bool port_writable(struct port *p)
{
    return free_slot(p) >= 0;
}

bool port_drained(struct port *p)
{
    if (!p->out.busy)
        return true;
    virtqueue_interrupts(&p->out, true);
    reclaim(p);
    return !p->out.busy || p->closed;
}

ssize_t port_write(struct port *p, const void *buf, size_t len)
{
    size_t done = 0;

    if (p->closed)
        return -EPIPE;
    while (done < len) {
        int slot = free_slot(p);
        if (slot < 0)
            break;
        if (!p->out_page[slot] && !(p->out_page[slot] = pages_alloc(1, PAGES_ANY))) {
            if (p->out.busy || done)
                break;
            return -ENOMEM;
        }
        size_t n = MIN(len - done, PAGE_SIZE);
        memcpy(p->out_page[slot], (const char *)buf + done, n);
        virtqueue_give(&p->out, (unsigned)slot, p->out_page[slot], (uint32_t)n, false);
        done += n;
    }
    if (done)
        virtqueue_kick(&p->out);
    return done || !len ? (ssize_t)done : -EAGAIN;
}
