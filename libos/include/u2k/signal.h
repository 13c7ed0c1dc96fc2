/* SPDX-License-Identifier: Apache-2.0 */
/* Signals: dispositions, masks, queues, delivery (signal(7)). Frames are the architecture's. */
#ifndef U2K_SIGNAL_H
#define U2K_SIGNAL_H

#include <u2k/list.h>
#include <u2k/types.h>

#define NSIG 64
#define SIGBIT(n) (1ull << ((n) - 1))

enum {
    SIGHUP = 1,
    SIGINT,
    SIGQUIT,
    SIGILL,
    SIGTRAP,
    SIGABRT,
    SIGBUS,
    SIGFPE,
    SIGKILL,
    SIGUSR1,
    SIGSEGV,
    SIGUSR2,
    SIGPIPE,
    SIGALRM,
    SIGTERM,
    SIGSTKFLT,
    SIGCHLD,
    SIGCONT,
    SIGSTOP,
    SIGTSTP,
    SIGTTIN,
    SIGTTOU,
    SIGURG,
    SIGXCPU,
    SIGXFSZ,
    SIGVTALRM,
    SIGPROF,
    SIGWINCH,
    SIGIO,
    SIGPWR,
    SIGSYS,
    SIGRTMIN
};

enum {
    SA_NOCLDSTOP = 1,
    SA_NOCLDWAIT = 2,
    SA_SIGINFO = 4,
    SA_RESTORER = 0x04000000,
    SA_ONSTACK = 0x08000000,
    SA_RESTART = 0x10000000,
    SA_NODEFER = 0x40000000
};
#define SA_RESETHAND 0x80000000u

enum { SS_ONSTACK = 1, SS_DISABLE = 2 };
#define SS_AUTODISARM 0x80000000u

enum { SI_USER = 0, SI_KERNEL = 0x80, SI_QUEUE = -1, SI_TIMER = -2, SI_TKILL = -6 };
enum { SEGV_MAPERR = 1, SEGV_ACCERR = 2, BUS_ADRALN = 1, BUS_ADRERR = 2 };

/* The kernel's struct sigaction (rt_sigaction(2), sizeof mask 8) on x86-64 and arm64. */
struct sigaction_k {
    vaddr_t handler; /* 0 SIG_DFL, 1 SIG_IGN */
    uint64_t flags;
    vaddr_t restorer;
    uint64_t mask;
};

/* siginfo_t as the program sees it: 128 bytes. */
struct siginfo {
    int32_t signo, errno_, code, pad0;
    union {
        struct {
            int32_t pid;
            uint32_t uid;
            uint64_t value;
        } user;
        struct {
            int32_t timerid, overrun;
            uint64_t value;
        } timer;
        struct {
            uint64_t addr;
            int16_t addr_lsb;
        } fault;
        struct {
            uint64_t call_addr;
            int32_t syscall;
            uint32_t arch;
        } sys;
        uint8_t bytes[112];
    };
};

struct altstack { /* stack_t */
    vaddr_t sp;
    int32_t flags, pad;
    uint64_t size;
};

struct sigqueue {
    uint64_t set;      /* which are pending */
    struct list queue; /* of struct queued_signal: one a standard signal, many a real-time one */
};

struct posix_timer;
struct queued_signal {
    struct list link;
    struct posix_timer *timer; /* part of this timer, not to be freed; NULL: from the heap */
    struct siginfo info;
};

struct thread;
void sigqueue_init(struct sigqueue *q);
void sigqueue_flush(struct sigqueue *q);

extern struct sigaction_k signal_actions[NSIG + 1];
extern struct sigqueue process_pending;

/* To one thread, or (NULL) to the process. Wakes who must see it. -EAGAIN: queue limit. */
int signal_send(struct thread *t, const struct siginfo *info);
/* The same with a node that the caller keeps (POSIX timers). False: dropped because ignored. */
bool signal_send_node(struct thread *t, struct queued_signal *node);
void signal_unqueue(struct thread *t, struct queued_signal *node);
/* Take the first pending signal of `set` off its queue: its number, 0 if there is none. */
int signal_take(uint64_t set, struct siginfo *info);
/* rt_sigaction(2) for checked arguments: what becomes ignored leaves the queues. */
void signal_set_action(int signo, const struct sigaction_k *act);
/* Synchronous fault signal: cannot be ignored or blocked; a blocked or ignored one kills. */
struct fault;
void signal_force(const struct siginfo *info, const struct fault *fault);
bool signal_pending(const struct thread *t); /* one that is not blocked, or is waited for */
void signal_mask_set(uint64_t blocked);      /* SIGKILL and SIGSTOP taken out */
/* Is `sp` on this alternate stack? And sigaltstack(2)'s checks: -EINVAL, -ENOMEM. */
bool signal_on_altstack(const struct altstack *ss, uintptr_t sp);
int altstack_set(const struct altstack *ss);
void signal_reset_for_exec(void); /* handlers to default; ignored stay; altstack gone */
/* fs/signalfd: a signal has been queued. */
void signalfd_wake(int signo);
/* At every return to the program: deliver, or restart the interrupted call. */
struct regs;
void signal_deliver(struct regs *regs);

#endif
