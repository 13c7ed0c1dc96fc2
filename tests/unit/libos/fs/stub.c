/* SPDX-License-Identifier: Apache-2.0 */
#include "stub.h"

#include "../../../../libos/fs/procfs/proc.h"

#include <u2k/boot.h>
#include <u2k/clock.h>
#include <u2k/cpuinfo.h>
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/mm.h>
#include <u2k/netdev.h>
#include <u2k/pages.h>
#include <u2k/part.h>
#include <u2k/process.h>
#include <u2k/sched.h>
#include <u2k/stream.h>
#include <u2k/string.h>
#include <u2k/tmpfs.h>
#include <u2k/uaccess.h>

void *calloc(size_t n, size_t size);
void *aligned_alloc(size_t alignment, size_t size);
void free(void *p);
void abort(void);
int dprintf(int fd, const char *format, ...);

char stub_log[512];
char stub_input[4096], stub_output[65536];
size_t stub_input_len, stub_output_len;
enum stream_kind stub_kind = STREAM_PIPE;
uint64_t stub_signals, stub_now = 1700000000ull * NSEC_PER_SEC;
void (*stub_while_waiting)(void);
unsigned stub_changes;
long stub_allocations;

static struct plat_info info = {.memory = 64 << 20, .user_lo = 4096, .user_hi = 1ul << 47};
const struct plat_info *plat_info = &info;
struct process process;
struct mm_layout mm_layout;
struct sigaction_k signal_actions[NSIG + 1];
struct sigqueue process_pending;
static struct thread thread = {.tid = PID, .name = "test", .waits = LIST_INIT(thread.waits)};
struct thread *current = &thread;
struct list threads = LIST_INIT(threads);
unsigned thread_count = 1;
struct boot_config boot_config = {.hostname = "box"};
struct waitq stream_events[STREAM_COUNT];

extern const struct filesystem filesystem_proc, filesystem_sysfs;
const uint32_t part_probes[] = {0};
const struct filesystem *const part_filesystems[] = {&filesystem_overlay,  &filesystem_tmpfs,
                                                     &filesystem_devtmpfs, &filesystem_proc,
                                                     &filesystem_sysfs,    NULL};

__attribute__((constructor)) static void start(void)
{
    list_push_back(&threads, &thread.all_link);
    for (unsigned i = 0; i < STREAM_COUNT; i++)
        waitq_init(&stream_events[i]);
    for (unsigned i = 0; i < RLIMIT_COUNT; i++)
        process.limits[i] = (struct rlimit64){RLIM_INFINITY, RLIM_INFINITY};
    process.limits[RLIMIT_NOFILE] = (struct rlimit64){5000, 5000};
    process.umask = 022;
    process.cred.cap_permitted = process.cred.cap_effective = ~0ull;
}

/* Where there is no network. */
const struct proc_entry proc_net[] = {{0}}, sys_class[] = {{0}};

void stub_identity(uint32_t uid, uint32_t gid)
{
    struct credentials *c = &process.cred;
    c->uid = c->euid = c->suid = c->fsuid = uid;
    c->gid = c->egid = c->sgid = c->fsgid = gid;
    c->cap_effective = uid ? 0 : ~0ull;
}

bool capable(unsigned cap)
{
    return process.cred.cap_effective >> cap & 1;
}
bool in_group(uint32_t gid)
{
    return process.cred.fsgid == gid;
}

void *heap_alloc(size_t size)
{
    stub_allocations++;
    return calloc(1, size ? size : 1);
}
void heap_free(void *p, size_t size)
{
    (void)size;
    stub_allocations--;
    free(p);
}
void *heap_resize(void *p, size_t old_size, size_t size)
{
    void *q = heap_alloc(size);
    memcpy(q, p, MIN(old_size, size));
    heap_free(p, old_size);
    return q;
}
void *pages_alloc(size_t count, unsigned flags)
{
    /* One page is one block, so that pages can be freed one by one. */
    uint8_t *p = aligned_alloc(PAGE_SIZE, count * PAGE_SIZE);
    stub_allocations++;
    memset(p, flags & PAGES_ZERO ? 0 : 0xa5, count * PAGE_SIZE);
    return p;
}
void pages_free(void *base, size_t count)
{
    (void)count;
    stub_allocations--;
    free(base);
}
size_t pages_total_count(void)
{
    return 16384;
}
uint64_t plat_memory_free(void)
{
    return 32 << 20;
}

/* Addresses below a page and in the last one of 32 bits are not there. */
static bool there(vaddr_t at)
{
    return at >= PAGE_SIZE;
}
int user_read(void *dst, vaddr_t src, size_t len)
{
    if (len == 0)
        return 0;
    if (!there(src))
        return -EFAULT;
    memcpy(dst, (const void *)src, len);
    return 0;
}
int user_write(vaddr_t dst, const void *src, size_t len)
{
    if (len == 0)
        return 0;
    if (!there(dst))
        return -EFAULT;
    memcpy((void *)dst, src, len);
    return 0;
}
int user_zero(vaddr_t dst, size_t len)
{
    if (!there(dst))
        return len ? -EFAULT : 0;
    memset((void *)dst, 0, len);
    return 0;
}
size_t user_read_some(void *dst, vaddr_t src, size_t len)
{
    return user_read(dst, src, len) < 0 ? 0 : len;
}
size_t user_write_some(vaddr_t d, const void *s, size_t len)
{
    return user_write(d, s, len) < 0 ? 0 : len;
}
size_t user_probe(vaddr_t at, size_t len, unsigned access)
{
    (void)access;
    return there(at) ? len : 0;
}
ssize_t user_string(char *dst, vaddr_t src, size_t size)
{
    if (!there(src))
        return -EFAULT;
    size_t n = strnlen((const char *)src, size);
    if (n == size)
        return -ENAMETOOLONG;
    memcpy(dst, (const void *)src, n + 1);
    return (ssize_t)n;
}

bool net_poll(bool sleeps)
{
    (void)sleeps;
    return false;
}
void timer_set(struct timer *t, uint64_t deadline, void (*fire)(struct timer *))
{
    t->deadline = deadline;
    t->fire = fire;
}
void timer_cancel(struct timer *t)
{
    t->deadline = 0;
}
uint64_t clock_read(const struct clock *c)
{
    (void)c;
    return stub_now;
}
uint64_t clock_deadline(const struct clock *c, uint64_t time)
{
    (void)c;
    return time;
}
int signal_take(uint64_t set, struct siginfo *info)
{
    (void)set, (void)info;
    return 0;
}

void wait_add(struct waitq *q, struct waiter *w)
{
    w->thread = current;
    list_push_back(&q->waiters, &w->link);
    list_push_back(&current->waits, &w->thread_link);
}
void wait_remove(struct waiter *w)
{
    list_remove(&w->link);
    list_remove(&w->thread_link);
}
int wait_sleep(uint64_t deadline, bool interruptible)
{
    (void)interruptible;
    current->woken = false;
    if (stub_while_waiting) {
        void (*run)(void) = stub_while_waiting;
        stub_while_waiting = NULL;
        run();
        if (current->woken)
            return 0;
    }
    if (deadline != TIME_NEVER) {
        stub_now = MAX(stub_now, deadline);
        return -ETIMEDOUT;
    }
    return -EINTR;
}
int wait_on(struct waitq *q, uint64_t deadline, bool interruptible)
{
    struct waiter w = {0};
    wait_add(q, &w);
    int err = wait_sleep(deadline, interruptible);
    wait_remove(&w);
    return err;
}
unsigned waitq_wake(struct waitq *q, unsigned n, unsigned events)
{
    unsigned woken = 0;
    (void)n;
    LIST_FOR_EACH_SAFE(it, &q->waiters)
    {
        struct waiter *w = LIST_ENTRY(it, struct waiter, link);
        if (w->wake)
            w->wake(w, events);
        else
            w->thread->woken = true;
        woken++;
    }
    return woken;
}
void stub_event(enum stream s)
{
    waitq_wake_all(&stream_events[s]);
}

int signal_send(struct thread *t, const struct siginfo *si)
{
    (void)t;
    stub_signals |= SIGBIT(si->signo);
    return 0;
}
void signal_mask_set(uint64_t blocked)
{
    current->blocked = blocked;
}
uint64_t clock_monotonic(void)
{
    return stub_now;
}
uint64_t clock_realtime(void)
{
    return stub_now;
}
uint64_t plat_clock_cpu(void)
{
    return 0;
}
uint64_t thread_cpu_time(const struct thread *t)
{
    return t->cpu_time;
}
struct thread *thread_find(int tid)
{
    return tid == PID ? &thread : NULL;
}
bool timespec_valid(const struct timespec64 *t)
{
    return t->sec >= 0 && t->nsec >= 0 && t->nsec < 1000000000;
}
uint64_t timespec_ns(const struct timespec64 *t)
{
    return (uint64_t)t->sec * NSEC_PER_SEC + (uint64_t)t->nsec;
}
struct timespec64 ns_timespec(uint64_t ns)
{
    return (struct timespec64){(int64_t)(ns / NSEC_PER_SEC), (int64_t)(ns % NSEC_PER_SEC)};
}
const struct vma *mm_next(vaddr_t from)
{
    static const struct vma area = {
        .start = 0x400000, .end = 0x401000, .prot = PROT_READ, .label = "[heap]"};
    return from < area.end ? &area : NULL;
}
void mm_usage(struct mm_usage *out)
{
    *out = (struct mm_usage){.total = 1 << 20};
}
void mm_file_changed(struct inode *i, uint64_t first, uint64_t count, bool removed)
{
    (void)i, (void)first, (void)count, (void)removed;
    stub_changes++;
}

enum stream_kind plat_stream_kind(enum stream s)
{
    return s == STREAM_LOG ? STREAM_PIPE : stub_kind;
}
struct stream_size plat_stream_size(enum stream s)
{
    (void)s;
    return (struct stream_size){24, 80};
}
ssize_t plat_stream_read(enum stream s, void *buf, size_t len)
{
    (void)s;
    size_t n = MIN(len, stub_input_len);
    if (n == 0)
        return -EAGAIN;
    memcpy(buf, stub_input, n);
    memmove(stub_input, stub_input + n, stub_input_len - n);
    stub_input_len -= n;
    return (ssize_t)n;
}
ssize_t plat_stream_write(enum stream s, const void *buf, size_t len)
{
    size_t n = MIN(len, 100u); /* always short */
    (void)s;
    if (stub_output_len + n > sizeof stub_output)
        return -EPIPE;
    memcpy(stub_output + stub_output_len, buf, n);
    stub_output_len += n;
    return (ssize_t)n;
}
unsigned plat_stream_poll(enum stream s)
{
    return s == STREAM_IN ? (stub_input_len ? STREAM_READABLE : 0) : STREAM_WRITABLE;
}
void plat_stream_want(enum stream s, unsigned mask)
{
    (void)s, (void)mask;
}
int plat_random(void *buf, size_t len)
{
    memset(buf, 0x5a, len);
    return 0;
}
bool arch_random64(uint64_t *out)
{
    *out = 4;
    return true;
}
NORETURN void panic(const char *format, ...)
{
    (void)format;
    abort();
}

void log_line(enum log_level level, const char *format, ...)
{
    (void)level;
    __builtin_va_list args;
    __builtin_va_start(args, format);
    format_textv(stub_log, sizeof stub_log - 1, format, args);
    __builtin_va_end(args);
    size_t used = strlen(stub_log);
    stub_log[used] = '\n';
    stub_log[used + 1] = 0;
}

long stub_call(syscall_fn fn, const unsigned long arg[6])
{
    struct syscall sc = {0};
    memcpy(sc.arg, arg, sizeof sc.arg);
    return fn(&sc);
}
