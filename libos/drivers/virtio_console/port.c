/* SPDX-License-Identifier: Apache-2.0 */
/* A port as two byte streams over pages. */
#include <u2k/errno.h>
#include <u2k/pages.h>
#include <u2k/string.h>

#include "port.h"

enum { IN_PAGES = 4 }; /* input in flight; more would only take memory */

static void give_input(struct port *p, char *page)
{
    virtqueue_give(&p->in, page, page, PAGE_SIZE, true);
    virtqueue_kick(&p->in);
}

static void ask(struct port *p)
{
    char *page;

    if (p->asked)
        return;
    p->asked = true;
    for (unsigned i = 0; i < IN_PAGES && i < p->in.size && (page = pages_alloc(1, PAGES_ANY)); i++)
        give_input(p, page);
}

/* Make a page with unread bytes the current one. */
static bool next_input(struct port *p)
{
    uint32_t len;

    ask(p);
    while (!p->reading) {
        char *page = virtqueue_take(&p->in, &len);
        if (!page)
            return false;
        if (len) {
            p->reading = page;
            p->read_at = 0;
            p->read_len = len;
        } else {
            give_input(p, page);
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
        size_t n = MIN(len - done, (size_t)(p->read_len - p->read_at));
        memcpy((char *)buf + done, p->reading + p->read_at, n);
        p->read_at += (uint32_t)n;
        done += n;
        if (p->read_at == p->read_len) {
            give_input(p, p->reading);
            p->reading = NULL;
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
    char *page;

    while ((page = virtqueue_take(&p->out, &len)) != NULL)
        p->idle_page[p->idle_count++] = page;
}

static bool is_busy(const struct port *p)
{
    return p->out.free_count < p->out.size;
}

bool port_writable(struct port *p)
{
    reclaim(p);
    return p->out.free_count > 0;
}

bool port_drained(struct port *p)
{
    if (!is_busy(p))
        return true;
    virtqueue_interrupts(&p->out, true);
    reclaim(p);
    return !is_busy(p) || p->closed;
}

void port_reserve(struct port *p)
{
    char *page = p->idle_count ? NULL : pages_alloc(1, PAGES_ANY);

    if (page)
        p->idle_page[p->idle_count++] = page;
}

ssize_t port_write(struct port *p, const void *buf, size_t len)
{
    size_t done = 0;

    if (p->closed)
        return -EPIPE;
    while (done < len && port_writable(p)) {
        char *page = p->idle_count ? p->idle_page[--p->idle_count] : pages_alloc(1, PAGES_ANY);
        if (!page) {
            if (is_busy(p))
                break;
            return -ENOMEM;
        }
        size_t n = MIN(len - done, PAGE_SIZE);
        memcpy(page, (const char *)buf + done, n);
        virtqueue_give(&p->out, page, page, (uint32_t)n, false);
        done += n;
    }
    if (done)
        virtqueue_kick(&p->out);
    return done || !len ? (ssize_t)done : -EAGAIN;
}
