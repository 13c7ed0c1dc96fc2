/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "stub.h"

#include <u2k/arch.h>
#include <u2k/errno.h>
#include <u2k/exec.h>
#include <u2k/pages.h>
#include <u2k/process.h>
#include <u2k/sched.h>
#include <u2k/signal.h>
#include <u2k/uaccess.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The host's own calls; <sys/mman.h> would collide with the names of u2k/mm.h. */
enum { HOST_SHARED = 1, HOST_PRIVATE = 2, HOST_FIXED = 0x10, HOST_ANON = 0x20, HOST_NORESERVE = 0x4000 };

static long host_mmap(uintptr_t at, size_t len, int prot, int flags, int fd, long off)
{
    return syscall(SYS_mmap, at, len, prot, flags, fd, off);
}

int stub_pool_fd;
char stub_log[4096];
static size_t pool_bytes;

static struct plat_info info = {
    .name = "stub", .user_lo = USER_LO, .user_hi = USER_HI, .memory = 64ul << 20,
    .reserved_lo = USER_LO + (1ul << 30), .reserved_hi = USER_LO + (2ul << 30),
    .kstack_size = 16384, .minsigstksz = 2048, .log_level = 2};
const struct plat_info *plat_info = &info;
struct process process;

/* Present pages: a software page table, one byte a page of a small open-addressed map. */
struct entry {
    uintptr_t page;
    uint8_t prot; /* what the program may now; 0x80: present */
    enum plat_backing how;
};
static struct entry table[1 << 16];

static struct entry *entry_of(uintptr_t page, bool make)
{
    size_t i = (page >> 12) * 0x9e3779b97f4a7c15ul >> 48;
    while (table[i].page && table[i].page != page)
        i = (i + 1) & 0xffff;
    if (!table[i].page && make)
        table[i].page = page;
    return table[i].page == page ? &table[i] : NULL;
}

void stub_start(size_t bytes)
{
    pool_bytes = bytes;
    stub_pool_fd = (int)syscall(SYS_memfd_create, "pool", 0);
    CHECK(ftruncate(stub_pool_fd, (off_t)bytes) == 0);
    CHECK(host_mmap(POOL_BASE, bytes, 3, HOST_SHARED | HOST_FIXED, stub_pool_fd, 0) ==
          (long)POOL_BASE);
    pages_add((void *)POOL_BASE, bytes, true);
    for (unsigned i = 0; i < RLIMIT_COUNT; i++)
        process.limits[i] = (struct rlimit64){RLIM_INFINITY, RLIM_INFINITY};
    process.limits[RLIMIT_STACK].soft = 8ul << 20;
    process.limits[RLIMIT_MEMLOCK].soft = 8ul << 20;
}

void stub_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\nlog: %s\n", file, line, what, stub_log);
    abort();
}

static void drop(uintptr_t at, size_t len)
{
    for (uintptr_t p = at; p < at + len; p += 4096) {
        struct entry *e = entry_of(p, false);
        if (e)
            e->prot = 0;
        if (e)
            host_mmap(p, 4096, 3, HOST_PRIVATE | HOST_ANON | HOST_FIXED | HOST_NORESERVE, -1, 0);
    }
}

int plat_map(vaddr_t at, size_t len, unsigned prot, enum plat_backing how, const void *backing)
{
    (void)prot;
    CHECK(!(at & 4095) && !(len & 4095) && len && at >= USER_LO && at + len <= USER_HI);
    CHECK((how == MAP_COPY || how == MAP_DIRECT) == (backing != NULL));
    drop(at, len);
    return 0;
}

int plat_fault(vaddr_t addr, unsigned access, vaddr_t lo, vaddr_t hi, unsigned prot,
               enum plat_backing how, const void *backing)
{
    uintptr_t page = addr & ~4095ul;
    struct entry *e = entry_of(page, true);
    long offset = backing ? (const char *)backing + (page - lo) - (char *)POOL_BASE : 0;

    CHECK(lo <= page && page < hi && how != MAP_RESERVE);
    if ((e->prot & 0x80) && (e->prot & access))
        return -EFAULT;
    if (!(e->prot & 0x80)) {
        int flags = how == MAP_DIRECT ? HOST_SHARED : HOST_PRIVATE;
        long at = how == MAP_ZERO
                      ? host_mmap(page, 4096, 3, HOST_PRIVATE | HOST_ANON | HOST_FIXED, -1, 0)
                      : host_mmap(page, 4096, 3, flags | HOST_FIXED, stub_pool_fd, offset);
        CHECK(at == (long)page);
    }
    e->prot = (uint8_t)(0x80 | (prot ? prot | PROT_READ : 0));
    e->how = how;
    return 0;
}

int plat_protect(vaddr_t at, size_t len, unsigned prot)
{
    for (uintptr_t p = at; p < at + len; p += 4096) {
        struct entry *e = entry_of(p, false);
        if (e && e->prot)
            e->prot = (uint8_t)(0x80 | (prot ? prot | PROT_READ : 0));
    }
    return 0;
}

int plat_unmap(vaddr_t at, size_t len) { return plat_map(at, len, 0, MAP_RESERVE, NULL); }

int plat_discard(vaddr_t at, size_t len)
{
    drop(at, len);
    return 0;
}

int plat_move(vaddr_t from, vaddr_t to, size_t len)
{
    for (size_t i = 0; i < len; i += 4096) {
        struct entry *e = entry_of(from + i, false);
        if (!e || !e->prot)
            continue;
        CHECK(syscall(SYS_mremap, from + i, 4096, 4096, 3, to + i) == (long)(to + i));
        struct entry *n = entry_of(to + i, true);
        n->prot = e->prot;
        n->how = e->how;
        e->prot = 0;
    }
    return 0;
}

int plat_resident(vaddr_t at, size_t len, uint8_t *vec)
{
    for (size_t i = 0; i < len; i += 4096) {
        struct entry *e = entry_of(at + i, false);
        vec[i >> 12] = e && e->prot;
    }
    return 0;
}

uint64_t plat_memory_free(void) { return pages_free_count() * PAGE_SIZE; }

int plat_random(void *buf, size_t len) { return getrandom(buf, len, 0) == (ssize_t)len ? 0 : -EAGAIN; }
void plat_tls_set(uintptr_t tp) { (void)tp; }

ssize_t plat_stream_write(enum stream s, const void *buf, size_t len)
{
    size_t used = strlen(stub_log);
    CHECK(s == STREAM_LOG);
    snprintf(stub_log + used, sizeof(stub_log) - used, "%.*s", (int)len, (const char *)buf);
    return (ssize_t)len;
}

void plat_panic(const char *why, const struct regs *regs)
{
    (void)regs;
    stub_fail("panic", 0, why);
}

/* A copy that asks core before each page, as the processor would. */
static size_t user_pages(uintptr_t user, size_t len, unsigned access)
{
    size_t done = 0;
    while (done < len) {
        struct entry *e = entry_of((user + done) & ~4095ul, false);
        if (!e || !(e->prot & access) || !(e->prot & 0x80)) {
            if (!core_fault_kernel(user + done, access))
                break;
        }
        done = MIN(len, ((user + done) | 4095) + 1 - user);
    }
    return done;
}

static bool is_user(const void *p) { return (uintptr_t)p >= USER_LO && (uintptr_t)p < USER_HI; }

size_t arch_user_copy(void *dst, const void *src, size_t len)
{
    size_t n = len;
    if (is_user(src))
        n = user_pages((uintptr_t)src, n, PROT_READ);
    if (is_user(dst))
        n = user_pages((uintptr_t)dst, n, PROT_WRITE);
    for (size_t i = 0; i < n; i++)
        ((volatile char *)dst)[i] = ((const volatile char *)src)[i];
    return len - n;
}

size_t arch_user_clear(void *dst, size_t len)
{
    size_t n = user_pages((uintptr_t)dst, len, PROT_WRITE);
    for (size_t i = 0; i < n; i++)
        ((volatile char *)dst)[i] = 0;
    return len - n;
}

int arch_user_load32(const uint32_t *at, uint32_t *out)
{
    return arch_user_copy(out, at, 4) ? -EFAULT : 0;
}

int arch_user_cmpxchg32(uint32_t *at, uint32_t expect, uint32_t desired, uint32_t *old)
{
    if (arch_user_load32(at, old) || user_pages((uintptr_t)at, 4, PROT_WRITE) < 4)
        return -EFAULT;
    if (*old == expect)
        *at = desired;
    return 0;
}

/* ---- files ---- */

static int page(struct inode *i, uint64_t index, enum page_use use, void **out, size_t *run)
{
    struct stub_file *f = CONTAINER_OF(i, struct stub_file, inode);
    bool hole = f->hole[index];

    if (use == PAGE_FOR_WRITE)
        f->hole[index] = hole = false;
    *out = hole ? NULL : f->data + index * PAGE_SIZE;
    *run = 1;
    while ((index + *run) * PAGE_SIZE < i->size && !f->hole[index + *run] == !hole && index + *run < 63)
        ++*run;
    return 0;
}

static const struct file_ops ops = {.page = page};

void stub_file_init(struct stub_file *f, size_t bytes, uint32_t flags)
{
    memset(f, 0, sizeof(*f));
    f->data = pages_alloc(64, PAGES_ZERO);
    f->inode.size = bytes;
    f->inode.mode = S_IFREG | 0755;
    f->inode.file_ops = &ops;
    list_init(&f->inode.mappings);
    f->file = (struct file){.ops = &ops, .inode = &f->inode, .flags = flags, .refs = 1};
}

struct file *file_ref(struct file *f)
{
    f->refs++;
    return f;
}

void file_unref(struct file *f) { f->refs--; }

int file_page(struct inode *i, uint64_t index, enum page_use use, void **out, size_t *run)
{
    return i->file_ops->page(i, index, use, out, run);
}

ssize_t file_read_at(struct file *f, void *buf, size_t len, uint64_t offset)
{
    struct stub_file *s = CONTAINER_OF(f, struct stub_file, file);
    if (offset >= s->inode.size)
        return 0;
    len = MIN(len, s->inode.size - offset);
    memcpy(buf, s->data + offset, len);
    return (ssize_t)len;
}

void file_exec_done(struct file *f) { (void)f; }

/* ---- the rest of core ---- */

bool capable(unsigned cap)
{
    (void)cap;
    return false;
}

_Noreturn void process_exit(int status) { exit(status); }

/* Signals: the last one forced. */
static struct thread thread;
struct thread *current = &thread;
struct siginfo stub_signal;

void signal_force(const struct siginfo *s, const struct fault *f)
{
    (void)f;
    stub_signal = *s;
}

bool signal_pending(const struct thread *t)
{
    (void)t;
    return false;
}

void signal_deliver(struct regs *regs) { (void)regs; }
