/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this platform share. Layout of the address space and the flow of signals are
 * described in README.md. */
#ifndef U2K_PROCESS_PLATFORM_H
#define U2K_PROCESS_PLATFORM_H

#include <u2k/platform.h>
#include <u2k/types.h>

/* ---- address space ---- */

#define LIBOS_BASE 0x200000000000ull   /* as kernel.lds has it: text, data, boot stack */
#define BUNDLE_BASE 0x200100000000ull  /* the file with the bundle, read-only */
#define MEMORY_BASE 0x220000000000ull  /* the memory file: pages_add() */
#define LIBOS_END 0x240000000000ull
#define BUNDLE_MAX (MEMORY_BASE - BUNDLE_BASE)
#define MEMORY_MAX (LIBOS_END - MEMORY_BASE)

enum { KSTACK_SIZE = 64 * 1024 }; /* two host signal frames with AVX-512 take 7 KiB of it */
extern char signal_stack[KSTACK_SIZE]; /* where the host puts its frames */
extern char boot_stack[KSTACK_SIZE]; /* core_main() and the first thread run on it */

extern const char text_start[], text_end[]; /* kernel.lds */

/* ---- the host ---- */

enum {
    HOST_PROT_NONE = 0,
    HOST_MAP_SHARED = 1,
    HOST_MAP_PRIVATE = 2,
    HOST_MAP_FIXED = 0x10,
    HOST_MAP_ANONYMOUS = 0x20,
    HOST_MAP_NORESERVE = 0x4000,
    HOST_MAP_FIXED_NOREPLACE = 0x100000,
};

enum { HOST_POLLIN = 1, HOST_POLLOUT = 4, HOST_POLLERR = 8, HOST_POLLHUP = 16, HOST_POLLNVAL = 32 };

struct host_pollfd {
    int fd;
    int16_t events, revents;
};

struct host_iovec {
    const void *base;
    size_t len;
};

struct host_timespec {
    int64_t sec, nsec;
};

struct host_stat { /* struct stat of x86-64 */
    uint64_t dev, ino, nlink;
    uint32_t mode, uid, gid, pad;
    uint64_t rdev;
    int64_t size, more[11];
};
_Static_assert(sizeof(struct host_stat) == 144, "struct stat");

/* A file that can be mapped: what plat_map() finds `backing` in. */
struct backing_file {
    int fd;
    uintptr_t base; /* where the library OS has mapped it */
    size_t len;
};

extern struct backing_file bundle_file, memory_file;
extern int log_fd;

/* Map the file of `fd` and find the bundle in it. 0, or what is wrong with it in *why. */
int bundle_map(int fd, const void **bundle, size_t *len, const char **why);

/* The memory file; `limit` 0: as much as the host has. */
int memory_map(uint64_t limit);

/* Enter the sandbox: after this only the calls of sandbox.c are left. */
int sandbox_enter(void);

/* Handlers for all that comes from the host. Asynchronous signals stay blocked from here on until
 * the program runs. */
int signals_start(void);
/* The host's signal mask while the program runs and while nothing is to do. */
#define PROGRAM_MASK (1ull << (13 - 1)) /* SIGPIPE, so that it never ends us: writes say EPIPE */

/* What a person or a supervisor sends to the program, the terminal's size, plat_timer(), network_tick():
 * HUP INT QUIT USR1 USR2 ALRM TERM PROF WINCH. Blocked, or put off, while library OS code runs. */
#define ASYNC_SIGNALS \
    (1ull << 0 | 1ull << 1 | 1ull << 2 | 1ull << 9 | 1ull << 11 | 1ull << 13 | 1ull << 14 | \
     1ull << 26 | 1ull << 27)
/* Of these, the platform's own: they come although the parent had them ignored. */
#define OWN_SIGNALS (1ull << 13 | 1ull << 26)
/* What an instruction of the program can cause; see SIGBIT() in u2k/signal.h: ILL TRAP BUS FPE SEGV. */
#define FAULT_SIGNALS (1ull << 3 | 1ull << 4 | 1ull << 6 | 1ull << 7 | 1ull << 10)

/* File descriptor of a stream, and what somebody waits for there (STREAM_*). */
int stream_fd(enum stream s);
unsigned stream_wanted(enum stream s);

/* The host's vDSO at `image`, 0: none. */
void clock_start(uintptr_t image);

/* Before the sandbox: what cannot be done, and why; `error` is the host's, 0 if it has nothing to do with it. */
NORETURN void start_failed(const char *where, const char *what, long error);

/* The value of `NAME=...` in `arg`, NULL if it is another option. */
const char *option_value(const char *arg, const char *name);
/* All of `text` as a decimal number of at most `max`; `arg` is what a failure names. */
uint64_t option_number(const char *text, uint64_t max, const char *arg);

/* A call that may be made in the sandbox. Arguments are compared by their low 32 bits. */
enum check {
    ALWAYS,
    ONE_OF, /* one of `values` */
    HAS_BIT, /* one of the bits of values[0] */
    AT_LEAST, /* values[0] or more */
    ONLY_BITS /* no bits but those of the value: for `second` */
};
struct allowed {
    uint32_t nr;
    uint8_t argument, check, count; /* count of values */
    uint32_t values[9];
    uint8_t second,
        second_check; /* another argument that has to be so as well; ALWAYS, AT_LEAST or ONLY_BITS */
    uint32_t second_value;
};
void sandbox_allow(const struct allowed *a);

/* ---- the network, in network/, where net_start() is linked ---- */

enum { NETWORK_FDS = 5 };

bool network_option(const char *arg); /* `arg` was an option of the network, and is kept in mind */
void network_open(void); /* what the options named; before the sandbox, after signals_start() */
void network_allow(void); /* the calls that it needs, by sandbox_allow() */

/* For plat_idle(). Something came without waiting for it; then what to wait for: how many of at most NETWORK_FDS;
 * then what the host said of these. */
bool network_came(void);
unsigned network_wanted(struct host_pollfd *fds);
void network_ready(const struct host_pollfd *fds, unsigned n);

/* Wait like ppoll(2), where there is nothing to wait for but the host's ports; events have been told. False: it has
 * to be done otherwise. */
bool network_wait(const struct host_timespec *left, const uint64_t *mask);

/* Some milliseconds of CPU time are over (SIGPROF): the program may never ask by itself. */
void network_tick(void);

/* ---- of the architecture, in x86_64/ ---- */

struct regs;
struct siginfo;
struct ucontext;
extern unsigned long tls_in_user_mode; /* the CPU can read and write FS base without a host call */

extern const char *const register_names[]; /* of struct regs, in its order */
void signal_restorer(void);
bool tell_signals(void); /* that came at a bad moment: were there any? */
void timer_over(void); /* the host's timer has fired */
/* Code of the program is about to go, be replaced or be as it was before; the same, but may be written or moved
 * then. */
void fast_unmapped(vaddr_t at, size_t len);
void fast_restore(vaddr_t at, size_t len);
void host_signal(int signo, const struct siginfo *info, struct ucontext *uc);
NORETURN void run_on_stack(void *top, void (*entry)(void));

#endif
