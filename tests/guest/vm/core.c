/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A core that hands the virtual machine platform's functions to a guest: the platform is under test
 * alone, with its drivers. The guest is the flat binary in the place of the root image. Which part of
 * it runs the command line says: test=NAME.
 */
#include "calls.h"
#include <u2k/boot.h>
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/pages.h>
#include <u2k/part.h>
#include <u2k/platform.h>
#include <u2k/sched.h>
#include <u2k/string.h>
#include <u2k/uaccess.h>

extern const struct driver driver_virtio_console, driver_virtio_rng;
const struct driver *const part_drivers[] = {&driver_virtio_console, &driver_virtio_rng, NULL};

enum { BUFFER = 65536 };

struct thread *current;
static struct thread first, second;
static char buffer[BUFFER];
static unsigned long ticks, sent_signal;

static struct mapping {
    vaddr_t lo, hi;
    unsigned prot;
    enum plat_backing how;
    const void *backing;
} mappings[] = {
    {CODE_AT, CODE_AT + 0x10000, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_COPY, NULL},
    {STACK_TOP - 0x100000, STACK_TOP, PROT_READ | PROT_WRITE, MAP_ZERO, NULL},
    {ZERO_AT, ZERO_AT + ZERO_LEN, PROT_READ | PROT_WRITE, MAP_ZERO, NULL},
    {COPY_AT, COPY_AT + COPY_LEN, PROT_READ | PROT_WRITE, MAP_COPY, NULL},
};

static bool bring(vaddr_t at, unsigned access)
{
    for (size_t i = 0; i < ARRAY_SIZE(mappings); i++) {
        const struct mapping *m = &mappings[i];
        if (at >= m->lo && at < m->hi)
            return !plat_fault(at, access, m->lo, m->hi, m->prot, m->how, m->backing);
    }
    return false;
}

bool core_fault_kernel(vaddr_t addr, unsigned access)
{
    return bring(addr, access);
}

/* A fault that is no page's is told in the log; the guest goes on behind the call it was in. */
void core_fault(struct regs *regs, const struct fault *f)
{
    uint64_t back;

    if (f->kind == FAULT_PAGE && bring(f->addr, f->access))
        return;
    log_error("fault kind=%d access=%u trap=%u code=%lx si=%d at=%d", (int)f->kind, f->access,
              f->trapno, (unsigned long)f->code, f->si_code,
              f->addr == regs->rip ? 1
              : f->addr            ? 2
                                   : 0);
    if (user_read(&back, regs->rsp, sizeof(back)) < 0)
        panic("the guest has no stack");
    regs->rip = back;
    regs->rsp += sizeof(back);
    regs->eflags &= ~0x40100ull; /* TF, AC */
}

static void wait_for(enum stream s, unsigned mask)
{
    plat_stream_want(s, mask);
    while (!(plat_stream_poll(s) & (mask | STREAM_HANGUP)))
        plat_idle(TIME_NEVER);
    plat_stream_want(s, 0);
}

static long put(enum stream s, const char *data, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = plat_stream_write(s, data + done, len - done);
        if (n == -EAGAIN)
            wait_for(s, STREAM_WRITABLE);
        else if (n < 0)
            return n;
        else
            done += (size_t)n;
    }
    return 0;
}

static long pass(void)
{
    for (;;) {
        ssize_t n = plat_stream_read(STREAM_IN, buffer, sizeof(buffer));
        if (n == -EAGAIN) {
            wait_for(STREAM_IN, STREAM_READABLE);
            continue;
        }
        long error = n > 0 ? put(STREAM_OUT, buffer, (size_t)n) : n;
        if (n <= 0 || error)
            return error;
    }
}

static void switch_threads(void)
{
    struct thread *prev = current, *next = prev == &first ? &second : &first;

    if (!second.kstack)
        return;
    current = next;
    plat_thread_switch(prev, next);
    arch_switch(&prev->kstack_pointer, next->kstack_pointer);
}

static long make_thread(const struct regs *regs, vaddr_t sp, uintptr_t tls)
{
    struct regs child;

    second.kstack = pages_alloc(plat_info->kstack_size / PAGE_SIZE, PAGES_ANY);
    arch_clone_regs(&child, regs, sp);
    plat_thread_init(&second, second.kstack, &child);
    second.tls = tls;
    return 1;
}

static long resident(vaddr_t at, size_t len)
{
    long count = 0;
    int error = plat_resident(at, MIN(len, (size_t)BUFFER * PAGE_SIZE), (uint8_t *)buffer);

    for (size_t i = 0; i < len / PAGE_SIZE; i++)
        count += buffer[i] & 1;
    return error ? error : count;
}

static long dirty(void)
{
    long count = 0;

    for (const uint64_t *page; (page = pages_alloc(1, PAGES_ZERO)) != NULL;)
        for (size_t i = 0; i < PAGE_SIZE / sizeof(*page); i++)
            count += page[i] != 0;
    return count;
}

static long sleep_for(uint64_t ns)
{
    uint64_t start = plat_clock_monotonic();

    while (plat_clock_monotonic() < start + ns)
        plat_idle(start + ns);
    return (long)(plat_clock_monotonic() - start);
}

static long gettime(unsigned long clock, vaddr_t out)
{
    uint64_t now = clock ? plat_clock_monotonic() : plat_clock_realtime();
    uint64_t ts[2] = {now / NSEC_PER_SEC, now % NSEC_PER_SEC};

    return clock > 7 ? -EINVAL : user_write(out, ts, sizeof(ts));
}

static long serve(long nr, const unsigned long *a, const struct regs *regs)
{
    struct stream_size window;

    switch (nr) {
    case CALL_WRITE:
        if (user_read(buffer, a[1], MIN(a[2], (unsigned long)BUFFER)))
            return -EFAULT;
        return put((enum stream)a[0], buffer, MIN(a[2], (unsigned long)BUFFER));
    case CALL_EXIT: plat_exit((int)a[0]);
    case CALL_CLOCK_GETTIME: return gettime(a[0], a[1]);
    case CALL_PASS: return pass();
    case CALL_SLEEP: return sleep_for(a[0]);
    case CALL_TIMER:
        ticks = 0;
        plat_timer(plat_clock_monotonic() + a[0]);
        return 0;
    case CALL_TICKS: return (long)ticks;
    case CALL_WAIT_SIGNAL:
        while (!sent_signal)
            plat_idle(TIME_NEVER);
        return (long)sent_signal;
    case CALL_WINDOW:
        window = plat_stream_size(STREAM_OUT);
        return window.rows << 16 | window.columns;
    case CALL_RANDOM: return plat_random(buffer, a[0]);
    case CALL_PANIC: panic("asked for, %d", 42);
    case CALL_WILD: __asm__ volatile("movl $1, 0x30000000"); return 0;
    case CALL_PROTECT: return plat_protect(a[0], a[1], (unsigned)a[2]);
    case CALL_UNMAP: return plat_unmap(a[0], a[1]);
    case CALL_MOVE: return plat_move(a[0], a[1], a[2]);
    case CALL_RESIDENT: return resident(a[0], a[1]);
    case CALL_FREE_PAGES: return (long)pages_free_count();
    case CALL_FPU_SAVE: return plat_fpu_save((void *)a[0]) ?: (long)plat_fpu_size();
    case CALL_FPU_RESTORE: return plat_fpu_restore((const void *)a[0]);
    case CALL_TLS_SET: plat_tls_set(a[0]); return 0;
    case CALL_TLS_GET: return (long)plat_tls_get();
    case CALL_THREAD: return make_thread(regs, a[0], a[1]);
    case CALL_YIELD: switch_threads(); return 0;
    case CALL_DIRTY: return dirty();
    case CALL_VDSO: return (long)plat_info->vdso;
    default: return -ENOSYS;
    }
}

void core_syscall(struct regs *regs)
{
    unsigned long arg[6];

    arch_syscall_args(regs, arg);
    arch_set_result(regs, serve(arch_syscall_nr(regs), arg, regs));
}

void core_interrupt(struct regs *regs)
{
    (void)regs;
    ticks++;
    switch_threads();
}

void core_stream_event(enum stream s)
{
    (void)s;
}
void core_signal_event(int signo)
{
    sent_signal = (unsigned long)signo;
}
void core_resize_event(void) {}

NORETURN void core_main(void)
{
    const char *test = cmdline_value("test");
    struct regs regs;

    const struct bundle_header *h = plat_info->bundle;
    if (!plat_info->bundle_len)
        panic("no bundle");
    char *fill = pages_alloc(COPY_LEN / PAGE_SIZE, PAGES_ANY);
    memset(fill, 'x', COPY_LEN);
    mappings[0].hi = CODE_AT + ALIGN_UP(h->root_size, PAGE_SIZE);
    mappings[0].backing = (const char *)h + h->root_offset;
    mappings[3].backing = fill;
    current = &first;
    arch_start_regs(&regs, CODE_AT, STACK_TOP - 64);
    for (size_t i = 0; test && test[i] && i < 8; i++)
        regs.rdi |= (uint64_t)(uint8_t)test[i] << 8 * i;
    plat_enter(&regs);
}
