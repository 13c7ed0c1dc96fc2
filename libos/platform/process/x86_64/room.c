/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room for trampolines, near each part of the address space that has code. A trampoline's place follows
 * from its site: the jump there is E9 and a 32-bit displacement whose second byte is CC. So, whoever jumps
 * to the instruction behind `syscall`, whose first byte that is now, runs into `int3` and is helped on.
 * 128 KiB have two windows of 256 bytes for each site.
 */
#include "../process.h"
#include "fast.h"
#include "hostcall.h"
#include <u2k/pages.h>
#include <u2k/string.h>

enum { ROOMS_MAX = 16, WINDOW = 256, WINDOW_DISTANCE = 65536, WINDOW_PLACE = 0xcc00 };
enum {
    LEA_SIZE = 7,
    JUMP_SIZE = 5,
    SYSCALL_SIZE = 2,
    SITE_MAX = 16 /* bytes up to the address behind the call */
};
#define ROOM_SIZE ((size_t)ROOM_PAGES * PAGE_SIZE)
#define REACH (0x7fffffffull - PAGE_SIZE)

struct page {
    uint8_t *bytes;
    uint8_t shape[TRAMPOLINES_A_PAGE];
};

struct room {
    vaddr_t base;
    vaddr_t lo, hi; /* rewritten sites lie within, by the addresses behind their calls */
    struct page page[ROOM_PAGES];
};

static struct room *rooms[ROOMS_MAX];
static unsigned room_count;
uint64_t site_changes;

static bool reaches(const struct room *r, const struct code *c)
{
    return MAX(c->hi, r->base + ROOM_SIZE) - MIN(c->lo, r->base) < REACH;
}

static struct room *room_for(const struct code *c)
{
    for (unsigned i = 0; i < room_count; i++)
        if (reaches(rooms[i], c))
            return rooms[i];
    struct room *r = room_count < ROOMS_MAX ? NEW(struct room) : NULL;
    if (!r)
        return NULL;
    r->base = core_code_room(c, ROOM_SIZE);
    if (!r->base) {
        DELETE(r);
        return NULL;
    }
    r->lo = UINT64_MAX;
    rooms[room_count++] = r;
    return r;
}

/* The program's view of a page can be run, ours can be written. */
static bool page_make(struct room *r, unsigned number)
{
    static const uint64_t entry = (uint64_t)fast_enter;
    struct page *p = &r->page[number];
    uint8_t *bytes = p->bytes ? p->bytes : pages_alloc(1, PAGES_ZERO);

    if (!bytes || p->bytes)
        return bytes;
    long at = host_call(mmap, r->base + number * PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_EXEC,
                        HOST_MAP_SHARED | HOST_MAP_FIXED, memory_file.fd,
                        (uintptr_t)bytes - memory_file.base);
    if (at < 0) {
        pages_free(bytes, 1);
        return false;
    }
    memcpy(bytes, &entry, sizeof(entry));
    p->shape[0] = UINT8_MAX;
    p->bytes = bytes;
    return true;
}

static struct trampoline trampoline(struct room *r, size_t offset)
{
    struct page *p = &r->page[offset >> PAGE_SHIFT];

    offset = ALIGN_DOWN(offset, TRAMPOLINE_SIZE);
    return (struct trampoline){r->base + offset, p->bytes + (offset & PAGE_MASK),
                               &p->shape[(offset & PAGE_MASK) / TRAMPOLINE_SIZE]};
}

bool trampoline_take(const struct code *c, vaddr_t next, struct trampoline *out)
{
    struct room *r = room_for(c);

    if (!r)
        return false;
    /* `next` is 3 bytes before the end of the jump. */
    vaddr_t end = next - SYSCALL_SIZE + JUMP_SIZE,
            first = (end + WINDOW_PLACE - r->base) % WINDOW_DISTANCE;
    for (; first < ROOM_SIZE; first += WINDOW_DISTANCE) {
        size_t offset = ALIGN_UP(first, TRAMPOLINE_SIZE);
        for (; offset < MIN(first + WINDOW, ROOM_SIZE); offset += TRAMPOLINE_SIZE) {
            if (!page_make(r, (unsigned)(offset >> PAGE_SHIFT)))
                return false;
            *out = trampoline(r, offset);
            if (*out->shape)
                continue;
            r->lo = MIN(r->lo, next);
            r->hi = MAX(r->hi, next);
            return true;
        }
    }
    return false;
}

bool trampoline_at(vaddr_t at, struct trampoline *out)
{
    for (unsigned i = 0; i < room_count; i++) {
        size_t offset = at - rooms[i]->base;
        if (offset >= ROOM_SIZE || !rooms[i]->page[offset >> PAGE_SHIFT].bytes)
            continue;
        *out = trampoline(rooms[i], offset);
        return *out->shape && offset % PAGE_SIZE >= TRAMPOLINE_SIZE;
    }
    return false;
}

bool trampoline_near(vaddr_t at)
{
    for (unsigned i = 0; i < room_count; i++)
        if (at >= rooms[i]->lo && at <= rooms[i]->hi)
            return true;
    return false;
}

/* `lea DISPLACEMENT(%rip), %rcx`, behind what was before the call. */
vaddr_t trampoline_next(const struct trampoline *t)
{
    unsigned before = *t->shape >> 4;
    int32_t displacement;

    memcpy(&displacement, t->bytes + before + LEA_SIZE - sizeof(displacement),
           sizeof(displacement));
    return t->at + before + LEA_SIZE + (vaddr_t)(int64_t)displacement;
}

static bool overlap(vaddr_t at, size_t len, vaddr_t lo, vaddr_t hi)
{
    return lo < hi && at < hi && lo < at + len;
}

/* Each trampoline whose site, the jump to it, lies in [at, at + len), or outside of it: the site is put back or
 * not, the trampoline is free then. Half a jump is always put back. */
static void give_up(struct room *r, vaddr_t at, size_t len, bool inside, bool restore)
{
    for (size_t offset = 0; offset < ROOM_SIZE; offset += TRAMPOLINE_SIZE) {
        if (!r->page[offset >> PAGE_SHIFT].bytes || offset % PAGE_SIZE == 0)
            continue;
        struct trampoline t = trampoline(r, offset);
        if (!*t.shape)
            continue;
        vaddr_t site = trampoline_next(&t) - SYSCALL_SIZE - (*t.shape >> 4);
        if (overlap(at, len, site, site + JUMP_SIZE) != inside)
            continue;
        if (restore || (inside && (site < at || site + JUMP_SIZE > at + len)))
            site_restore(&t);
        *t.shape = 0;
        site_changes++;
    }
}

static void room_lost(unsigned number, vaddr_t at, size_t len)
{
    struct room *r = rooms[number];

    give_up(r, at, len, false, true);
    (void)host_call(munmap, r->base, ROOM_SIZE);
    for (unsigned i = 0; i < ROOM_PAGES; i++)
        if (r->page[i].bytes)
            pages_free(r->page[i].bytes, 1);
    DELETE(r);
    rooms[number] = rooms[--room_count];
    site_changes++;
}

void fast_unmapped(vaddr_t at, size_t len)
{
    for (unsigned i = room_count; i-- > 0;) {
        struct room *r = rooms[i];
        if (overlap(at, len, r->base, r->base + ROOM_SIZE))
            room_lost(i, at, len);
        else if (overlap(at, len, r->lo - SITE_MAX, r->hi + JUMP_SIZE))
            give_up(r, at, len, true, false);
    }
}

void fast_restore(vaddr_t at, size_t len)
{
    for (unsigned i = 0; i < room_count; i++)
        if (overlap(at, len, rooms[i]->lo - SITE_MAX, rooms[i]->hi + JUMP_SIZE))
            give_up(rooms[i], at, len, true, true);
}
