/* SPDX-License-Identifier: Apache-2.0 */
/* What TCP needs from core and the platform, on a host. */
#include <u2k/log.h>
#include <u2k/platform.h>
#include <u2k/process.h>
#include <u2k/sched.h>
#include <u2k/uaccess.h>
#include <u2k/vfs.h>

#include "wire.h"

#include <string.h>

long wire_allocations;

static char bundle[1 << 16];
static struct plat_info info = {.bundle = bundle, .bundle_len = sizeof bundle};
const struct plat_info *plat_info = &info;
static struct thread thread;
struct thread *current = &thread;

void *heap_alloc(size_t size)
{
    wire_allocations++;
    return calloc(1, size);
}
void heap_free(void *p, size_t size)
{
    (void)size;
    wire_allocations -= p != NULL;
    free(p);
}
void *pages_alloc(size_t count, unsigned flags)
{
    void *p = aligned_alloc(PAGE_SIZE, count * PAGE_SIZE);
    memset(p, flags & PAGES_ZERO ? 0 : 0xa5, count * PAGE_SIZE);
    return p;
}
void pages_free(void *base, size_t count)
{
    (void)count;
    free(base);
}
size_t pages_total_count(void)
{
    return 65536;
}
int plat_random(void *buf, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)buf)[i] = (uint8_t)(random() >> 7);
    return 0;
}
bool arch_random64(uint64_t *out)
{
    *out = 4;
    return true;
}
NORETURN void panic(const char *format, ...)
{
    fprintf(stderr, "panic: %s\n", format);
    abort();
}
size_t user_read_some(void *dst, vaddr_t src, size_t len)
{
    memcpy(dst, (const void *)src, len);
    return len;
}
size_t user_write_some(vaddr_t dst, const void *src, size_t len)
{
    memcpy((void *)dst, src, len);
    return len;
}
int user_write(vaddr_t dst, const void *src, size_t len)
{
    memcpy((void *)dst, src, len);
    return 0;
}
int user_zero(vaddr_t dst, size_t len)
{
    memset((void *)dst, 0, len);
    return 0;
}
size_t user_probe(vaddr_t at, size_t len, unsigned access)
{
    (void)at, (void)access;
    return len;
}
void thread_wake(struct thread *t)
{
    t->woken = true;
}
/* The only one who waits is close() that lingers: the wire goes on meanwhile. */
int wait_sleep(uint64_t deadline, bool interruptible)
{
    (void)interruptible;
    while (!current->woken)
        if (wire.now >= deadline || !wire_step())
            return -ETIMEDOUT;
    current->woken = false;
    return 0;
}
int signal_send(struct thread *t, const struct siginfo *info_)
{
    (void)t, (void)info_;
    return 0;
}
int file_page(struct inode *i, uint64_t index, enum page_use use, void **page, size_t *run)
{
    (void)use;
    if (index >= sizeof bundle / PAGE_SIZE)
        return -ENXIO;
    *page = i->priv ? i->priv : bundle + index * PAGE_SIZE;
    *run = sizeof bundle / PAGE_SIZE - index;
    return 0;
}
