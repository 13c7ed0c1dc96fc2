/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A core that does nothing but hand the platform's functions to a guest: the platform alone is under
 * test. The guest is the flat binary in the place of the root image, run at GUEST_BASE.
 */
#include "calls.h"
#include <u2k/boot.h>
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/pages.h>
#include <u2k/platform.h>
#include <u2k/sched.h>
#include <u2k/string.h>
#include <u2k/uaccess.h>

enum { GUEST_BASE = 0x400000, GUEST_SIZE = 0x40000, STACK_SIZE = 0x10000, BUFFER = 65536 };
#define STACK_BASE 0x7d0000000000ull

struct thread *current;
static struct thread first, second;
static struct sigaction_k action = {.flags = SA_RESTORER | SA_SIGINFO};
static unsigned long events;
static char buffer[BUFFER];
static uint64_t late; /* what a fault in the late range does */

NORETURN void core_main(void)
{
    const struct bundle_header *h = plat_info->bundle;
    const char *guest = (const char *)h + h->root_offset;
    if (plat_map(GUEST_BASE, GUEST_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_ZERO, NULL) < 0 ||
        plat_map(GUEST_BASE, ALIGN_UP(h->root_size, PAGE_SIZE), PROT_READ | PROT_WRITE | PROT_EXEC,
                 MAP_COPY, guest) < 0 ||
        plat_map(STACK_BASE, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_ZERO, NULL) < 0)
        panic("cannot map the guest");
    current = &first;
    struct regs regs;
    arch_start_regs(&regs, GUEST_BASE, STACK_BASE + STACK_SIZE);
    plat_enter(&regs);
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

static long make_thread(const struct regs *regs, vaddr_t sp)
{
    struct regs child;
    second.kstack = pages_alloc(plat_info->kstack_size / PAGE_SIZE, PAGES_ANY);
    second.tls = 0x1234;
    arch_clone_regs(&child, regs, sp);
    plat_thread_init(&second, second.kstack, &child);
    return 1;
}

static long stream_call(long nr, const unsigned long *a)
{
    size_t n = MIN(a[2], (unsigned long)BUFFER);
    if (nr == CALL_WRITE) {
        n = user_read_some(buffer, a[1], n);
        return n || !a[2] ? plat_stream_write((enum stream)a[0], buffer, n) : -EFAULT;
    }
    ssize_t got;
    while ((got = plat_stream_read((enum stream)a[0], buffer, n)) == -EAGAIN) {
        plat_stream_want((enum stream)a[0], STREAM_READABLE);
        plat_idle(TIME_NEVER);
        plat_stream_want((enum stream)a[0], 0);
    }
    return got > 0 && user_write(a[1], buffer, (size_t)got) < 0 ? -EFAULT : got;
}

static long memory_call(long nr, const unsigned long *a)
{
    const void *backing = (const void *)a[4];
    switch (nr) {
    case CALL_MAP: return plat_map(a[0], a[1], (unsigned)a[2], (enum plat_backing)a[3], backing);
    case CALL_FAULT:
        return plat_fault(a[0], PROT_READ, a[0] - a[5], a[0] - a[5] + a[1], (unsigned)a[2],
                          (enum plat_backing)a[3], backing);
    case CALL_UNMAP: return plat_unmap(a[0], a[1]);
    case CALL_PROTECT: return plat_protect(a[0], a[1], (unsigned)a[2]);
    case CALL_DISCARD: return plat_discard(a[0], a[1]);
    case CALL_MOVE: return plat_move(a[0], a[1], a[2]);
    case CALL_RESIDENT: return plat_resident(a[0], a[1], (uint8_t *)a[2]);
    default: /* CALL_PAGES: filled with a byte, so that backing is told from zeros */
        for (size_t i = 0; i < a[0]; i++)
            memset(buffer, (int)a[1], PAGE_SIZE);
        char *pages = pages_alloc(a[0], PAGES_ZERO);
        for (size_t i = 0; pages && i < a[0]; i++)
            memcpy(pages + i * PAGE_SIZE, buffer, PAGE_SIZE);
        return (long)pages;
    }
}

static long serve(long nr, const unsigned long *a, struct regs *regs)
{
    long result = 0;
    switch (nr) {
    case CALL_EXIT: plat_exit((int)a[0]);
    case CALL_WRITE:
    case CALL_READ: return stream_call(nr, a);
    case CALL_HANDLER:
        action.handler = a[0];
        action.restorer = a[1];
        return 0;
    case CALL_TLS_SET: plat_tls_set(a[0]); return 0;
    case CALL_TLS_GET: return (long)plat_tls_get();
    case CALL_THREAD: return make_thread(regs, a[0]);
    case CALL_YIELD: switch_threads(); return 0;
    case CALL_TIMER: plat_timer(plat_clock_monotonic() + a[0]); return 0;
    case CALL_IDLE: plat_idle(a[0] ? plat_clock_monotonic() + a[0] : TIME_NEVER); return 0;
    case CALL_CLOCK:
        return (long)(a[0] == 0   ? plat_clock_realtime()
                      : a[0] == 1 ? plat_clock_monotonic()
                                  : plat_clock_cpu());
    case CALL_RANDOM: return plat_random((void *)a[0], a[1]);
    case CALL_EVENTS:
        result = (long)events;
        events = 0;
        return result;
    case CALL_COPY: return (long)user_write_some(a[0], buffer, a[1]);
    case CALL_POLL: return plat_stream_poll((enum stream)a[0]);
    case CALL_LATE: late = a[0]; return 0;
    default: return nr < CALL_COUNT && nr >= CALL_MAP ? memory_call(nr, a) : -ENOSYS;
    }
}

void core_syscall(struct regs *regs)
{
    unsigned long arg[6];
    arch_syscall_args(regs, arg);
    long nr = arch_syscall_nr(regs);
    if (nr == CALL_SIGRETURN) {
        uint64_t mask;
        struct altstack ss;
        if (arch_signal_pop(regs, &mask, &ss) < 0)
            panic("a signal frame cannot be read");
        return;
    }
    arch_set_result(regs, serve(nr, arg, regs));
}

void core_fault(struct regs *regs, const struct fault *f)
{
    struct siginfo info = {.signo = SIGSEGV, .code = (int32_t)f->kind};
    struct altstack ss = {.flags = SS_DISABLE};
    info.fault.addr = f->addr;
    if (!action.handler)
        plat_exit(128 + SIGSEGV);
    if (arch_signal_push(regs, SIGSEGV, &info, 0, &action, 0, &ss, f) < 0)
        panic("a signal frame cannot be written");
}

bool core_fault_kernel(vaddr_t addr, unsigned access)
{
    (void)access;
    return late && ALIGN_DOWN(addr, PAGE_SIZE) == late &&
           plat_fault(addr, PROT_WRITE, late, late + PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_ZERO,
                      NULL) == 0;
}

bool core_code_at(vaddr_t at, struct code *out)
{
    (void)at, (void)out;
    return false; /* the guest can write all of itself */
}

vaddr_t core_code_room(const struct code *c, size_t len)
{
    (void)c, (void)len;
    return 0;
}

void core_interrupt(struct regs *regs)
{
    (void)regs;
    events += 1ul << EVENT_INTERRUPT;
}

void core_stream_event(enum stream s)
{
    (void)s;
    events += 1ul << EVENT_STREAM;
}

void core_signal_event(int signo)
{
    (void)signo;
    events += 1ul << EVENT_SIGNAL;
}

void core_resize_event(void)
{
    events += 1ul << EVENT_RESIZE;
}
