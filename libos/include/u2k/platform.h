/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The platform contract: all that the library OS needs from what it runs on.
 *
 * Everything above this header (core, fs, net, abi) does not know whether it runs on a virtual
 * machine or inside a sandboxed Linux process. A platform implements every plat_* function, and
 * calls the core_* functions at the end of this header. platform/skeleton is the porting template.
 *
 * Rules that hold for all of it
 * - There is one CPU. Library OS code is never interrupted by library OS code: a platform delivers
 *   timer, stream and device events only while the program runs or while plat_idle() waits.
 * - Unless stated otherwise a function returns 0 (or a count) or a negative errno (u2k/errno.h).
 * - Times are nanoseconds in uint64_t. "Monotonic" starts anywhere and never goes back.
 * - Addresses of type vaddr_t are the program's; lengths and addresses of ranges are page aligned.
 * - A platform that cannot do something says so by -ENOSYS or by a zero in plat_info; it MUST NOT
 *   pretend.
 */
#ifndef U2K_PLATFORM_H
#define U2K_PLATFORM_H

#include <u2k/types.h>

struct regs;
struct thread;

/* What the platform knows before the core starts. Constant once core_main() has been entered. */
struct plat_info {
    const char *name;      /* "vm" or "process": shown in the log, never tested for */
    const void *bundle;    /* page aligned: boot record and root image (u2k/boot.h) */
    size_t bundle_len;     /* bytes; untrusted contents, trusted extent */
    vaddr_t user_lo;       /* the program may be mapped in [user_lo, user_hi) ... */
    vaddr_t user_hi;
    vaddr_t reserved_lo;   /* ... except in [reserved_lo, reserved_hi), may be empty */
    vaddr_t reserved_hi;
    uint64_t memory;       /* bytes of memory that the program can use at the most */
    vaddr_t vdso;          /* an ELF image of a vDSO the program can see, or 0 */
    size_t kstack_size; /* bytes of a thread's kernel stack, a power of two multiple of PAGE_SIZE */
    uint64_t hwcap; /* AT_HWCAP and AT_HWCAP2 as Linux would give them here */
    uint64_t hwcap2;
    uint64_t minsigstksz; /* AT_MINSIGSTKSZ: bytes a signal frame needs here, with FP state */
    unsigned log_level; /* see u2k/log.h */
};

/* ---- life ------------------------------------------------------------------------------------ */

/* End the unikernel. `status` is what a shell would see: 0..255, 128+n after signal n. Pending
 * output has to reach the host first. */
NORETURN void plat_exit(int status);

/* The library OS itself failed. `regs` (may be NULL) is where. Prints `why`, the registers and a
 * back trace of raw addresses to the log stream, then ends with status 125. */
NORETURN void plat_panic(const char *why, const struct regs *regs);

/* ---- streams --------------------------------------------------------------------------------- */

/* Four separate binary-clean channels. With a terminal, input is STREAM_IN and STREAM_OUT shows. */
enum stream { STREAM_IN, STREAM_OUT, STREAM_ERR, STREAM_LOG, STREAM_COUNT };

enum stream_kind {
    STREAM_ABSENT, /* nothing there: reads give end of input, writes vanish (as /dev/null) */
    STREAM_PIPE, /* a byte stream */
    STREAM_TERMINAL, /* a byte stream with a person behind it; the host side is in raw mode */
};

enum { STREAM_READABLE = 1, STREAM_WRITABLE = 2, STREAM_HANGUP = 4 };

struct stream_size {
    uint16_t rows, columns; /* 0 if unknown */
};

enum stream_kind plat_stream_kind(enum stream s);
struct stream_size plat_stream_size(enum stream s);

/* Read at most `len` bytes into memory that is kernel's or has been checked. 0 is end of input;
 * -EAGAIN: nothing now. Never blocks. */
ssize_t plat_stream_read(enum stream s, void *buf, size_t len);

/* Write at most `len` bytes; a short count is normal; -EAGAIN: no room now; -EPIPE: no reader left.
 * Never blocks, but for STREAM_LOG, which takes all or drops it. */
ssize_t plat_stream_write(enum stream s, const void *buf, size_t len);

/* What can be done now, a mask of STREAM_*. */
unsigned plat_stream_poll(enum stream s);

/* Somebody waits for `mask` on `s` (0: nobody any more). core_stream_event() tells when it is so.
 * A platform may tell more often than asked. */
void plat_stream_want(enum stream s, unsigned mask);

/* ---- time ------------------------------------------------------------------------------------ */

uint64_t plat_clock_monotonic(void); /* the same clock that the vDSO shows as CLOCK_MONOTONIC */
uint64_t plat_clock_realtime(void); /* nanoseconds since 1970-01-01 00:00 UTC */

/* CPU time that the unikernel has used, for CLOCK_PROCESS_CPUTIME_ID; an estimate is fine. */
uint64_t plat_clock_cpu(void);

/* Enter core_interrupt() at or soon after `deadline` (monotonic) if the program is running then.
 * One timer; a new call replaces the old; TIME_NEVER stops it. It may also be entered at the time of a
 * deadline that was replaced: stopping a timer can cost more than one entry too many. */
void plat_timer(uint64_t deadline);

/* Wait until `deadline`, or until an event has been told by a core_*_event() call from within, or
 * spuriously. A deadline that has passed makes it a poll: events are told, nothing waits. */
void plat_idle(uint64_t deadline);

/* ---- root ------------------------------------------------------------------------------------ */

/* The root image where it is not in the bundle: memory that is read from a disk when it is touched. Pointers into it
 * are as good as others, but no device can read there. -ENODEV and the like, with a word in the log. */
int plat_root(const void **image, size_t *size);

/* ---- network --------------------------------------------------------------------------------- */

/* Offer the network devices there are (netdev_offer() of u2k/netdev.h), drivers' or the platform's own. Called
 * once, by kernels that have a network. */
void plat_net_start(void);

/* ---- randomness ------------------------------------------------------------------------------ */

/* Fill `buf` with bytes fit for keys, or fail with -EAGAIN/-ENOSYS. Never a fixed seed. */
int plat_random(void *buf, size_t len);

/* ---- memory ---------------------------------------------------------------------------------- */

enum { PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4 }; /* as mmap(2) */

/* How a range is backed.
 * MAP_ZERO:    private memory, zero filled, given when touched.
 * MAP_COPY:    private copy of `backing`, copied page by page when written.
 * MAP_DIRECT:  `backing` itself, shared; writes (if prot has them) change it.
 * MAP_RESERVE: address space only; every touch is a fault.
 * `backing` points into the bundle, or into pages from u2k/pages.h, page aligned, as long as the
 * range; it stays valid until the range is unmapped or mapped again. */
enum plat_backing { MAP_ZERO, MAP_COPY, MAP_DIRECT, MAP_RESERVE };

/* Map a range, replacing what was there. A platform may do it at once or when core calls
 * plat_fault(); core relies on neither. */
int plat_map(vaddr_t at, size_t len, unsigned prot, enum plat_backing how, const void *backing);

/* The program (or the library OS on its behalf) touched `addr` and core found that it may: it lies in
 * [lo, hi), mapped as told. Make at least its page accessible for `access` (PROT_* bits), then the
 * access is tried again. -ENOMEM: no memory left. -EFAULT: it was accessible already, so the
 * reason for the fault is another one. */
int plat_fault(vaddr_t addr, unsigned access, vaddr_t lo, vaddr_t hi, unsigned prot,
               enum plat_backing how, const void *backing);

/* Change protection, contents stay. Pages of a MAP_RESERVE range become MAP_ZERO ones only by plat_map. */
int plat_protect(vaddr_t at, size_t len, unsigned prot);

/* Unmap: private pages are given back. */
int plat_unmap(vaddr_t at, size_t len);

/* Forget the private pages of a mapped range (madvise(2) MADV_DONTNEED): the next touch sees zeros,
 * or `backing` again. */
int plat_discard(vaddr_t at, size_t len);

/* Move a mapped range with its pages; the two do not overlap; the old one is unmapped then. */
int plat_move(vaddr_t from, vaddr_t to, size_t len);

/* vec[i] bit 0: is page i of the range resident (mincore(2)). */
int plat_resident(vaddr_t at, size_t len, uint8_t *vec);

/* Bytes of memory not yet used by anybody, for /proc/meminfo and sysinfo(2). */
uint64_t plat_memory_free(void);

/* ---- threads --------------------------------------------------------------------------------- */

/* The program's thread pointer (FS base, TPIDR_EL0) of the running thread. */
void plat_tls_set(uintptr_t tp);
uintptr_t plat_tls_get(void);

/* Make `next` the running thread: its kernel stack takes the next entry from the program. Called by
 * the scheduler just before arch_switch(); saves and restores FP state and thread pointer. */
void plat_thread_switch(struct thread *prev, struct thread *next);

/* Prepare a new thread's kernel stack so that the first arch_switch() to it returns to the program
 * with `regs` and the FP state of the running thread. `kstack` has plat_info.kstack_size bytes. */
void plat_thread_init(struct thread *t, void *kstack, const struct regs *regs);

/* The thread has ended and runs no more: give back what plat_thread_init() took (t->plat). */
void plat_thread_free(struct thread *t);

/* Leave for the program with these registers, for the first time or after execve(2): FP state is
 * reset to the architecture's initial one. */
NORETURN void plat_enter(const struct regs *regs);

/* FP/vector state of the running thread's program, in the architecture's signal frame format
 * (x86-64: XSAVE area with the Linux software bytes). plat_fpu_size() bytes, 64-aligned. */
size_t plat_fpu_size(void);
int plat_fpu_save(void *user_buf); /* -EFAULT */
int plat_fpu_restore(
    const void *user_buf); /* -EFAULT, -EINVAL; contents are hostile; NULL: reset */

/* ---- what the platform calls ------------------------------------------------------------------ */

extern const struct plat_info *plat_info; /* set by the platform before core_main */

/* Runs the unikernel. `memory` has been given to pages_add() before. Tokens of the command line
 * have been given to cmdline_token() before (u2k/boot.h). Entered on a kernel stack of kstack_size. */
NORETURN void core_main(void);

/* The program made a system call: u2k/arch.h says how number, arguments and result travel. */
void core_syscall(struct regs *regs);

enum fault_kind {
    FAULT_PAGE,
    FAULT_ILLEGAL,
    FAULT_ARITHMETIC,
    FAULT_BREAKPOINT,
    FAULT_ALIGNMENT,
    FAULT_PROTECTION /* not about an address, e.g. a non-canonical one */
};

struct fault {
    enum fault_kind kind;
    vaddr_t addr; /* FAULT_PAGE: what was touched; others: the instruction */
    unsigned access; /* FAULT_PAGE: one of PROT_READ, PROT_WRITE, PROT_EXEC */
    unsigned trapno; /* the architecture's own numbers, for the signal context */
    uint64_t code;
    int si_code; /* FAULT_ARITHMETIC etc.: FPE_*, ILL_*, TRAP_*; 0 if core is to choose */
};

/* The program faulted. Returns when `regs` (perhaps changed to a signal handler) can be resumed. */
void core_fault(struct regs *regs, const struct fault *f);

/* Library OS code touched the program's memory and faulted (a copy routine). True: mended, try
 * again. False: continue at the fixup (u2k/uaccess.h), or panic if there is none. */
bool core_fault_kernel(vaddr_t addr, unsigned access);

/* Timer or device events came while the program ran: run what is due, switch threads, deliver signals. */
void core_interrupt(struct regs *regs);

/* Code of the program for a platform that rewrites system calls in place: a private mapping of a file's
 * pages that can be run and cannot be written. */
struct code {
    vaddr_t lo, hi;
    const void *backing; /* of `lo`, as plat_map() got it */
    unsigned prot;
};

/* False: there is none at `at`, or it may change. */
bool core_code_at(vaddr_t at, struct code *out);

/* Room for `len` bytes of the platform's own within reach of a 32-bit displacement from all of `c`, 0: none.
 * Nothing is mapped there, /proc/self/maps does not tell of it. It is lost when plat_map() or plat_unmap()
 * get a part of it. */
vaddr_t core_code_room(const struct code *c, size_t len);

/* Events; called from plat_idle() or before core_interrupt(). They only wake waiters. */
void core_stream_event(enum stream s);

/* The host asks: a signal number for the program (Ctrl-C: SIGINT; `u2k stop`: its STOPSIGNAL). */
void core_signal_event(int signo);
void core_resize_event(void); /* plat_stream_size() has changed */

#endif
