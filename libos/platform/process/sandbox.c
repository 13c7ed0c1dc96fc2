/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sandbox: one seccomp filter (seccomp(2)). Calls from outside the library OS's text are the
 * program's: they become SIGSYS and are served in here. Calls from inside are looked up in the list.
 * The program shares the address space and can jump to our `syscall` instruction, so the instruction
 * pointer only tells who *means* to call: the list is the boundary. It opens nothing, creates no
 * process, reaches no other one, and names descriptors where a call could use any.
 */
#include "process.h"
#include "x86_64/hostcall.h"
#include <u2k/arch.h>
#include <u2k/errno.h>

enum { /* linux/bpf_common.h */
       LOAD = 0x20, /* BPF_LD | BPF_W | BPF_ABS */
       IF_EQUAL = 0x15,
       IF_AT_LEAST = 0x35,
       IF_BITS = 0x45, /* BPF_JMP | JEQ, JGE, JSET | BPF_K */
       RETURN = 0x06,
};
#define TRAP 0x00030000u  /* SECCOMP_RET_TRAP */
#define ALLOW 0x7fff0000u /* SECCOMP_RET_ALLOW */
#define KILL 0x80000000u  /* SECCOMP_RET_KILL_PROCESS */

enum { PR_SET_NO_NEW_PRIVS = 38, SECCOMP_SET_MODE_FILTER = 1 };
/* No speculation barrier for us: program and library OS trust each other with their data anyway. */
enum { SECCOMP_FILTER_FLAG_SPEC_ALLOW = 4 };

struct seccomp_data {
    int32_t nr;
    uint32_t arch;
    uint64_t ip, args[6];
};
struct instruction { /* struct sock_filter */
    uint16_t code;
    uint8_t if_true, if_false; /* instructions to skip */
    uint32_t k;
};
struct filter { /* struct sock_fprog */
    uint16_t len;
    const struct instruction *code;
};

enum { FILTER_MAX = 224 };

static struct instruction code[FILTER_MAX];
static unsigned code_len;

static void emit(unsigned op, uint32_t k, unsigned if_true, unsigned if_false)
{
    if (code_len < FILTER_MAX)
        code[code_len] = (struct instruction){(uint16_t)op, (uint8_t)if_true, (uint8_t)if_false, k};
    code_len++;
}

static void load(size_t offset)
{
    emit(LOAD, (uint32_t)offset, 0, 0);
}

static void load_argument(unsigned number)
{
    load(offsetof(struct seccomp_data, args) + number * sizeof(uint64_t));
}

/* Ends with the call's number loaded again, for the next one. */
void sandbox_allow(const struct allowed *a)
{
    static const uint8_t ops[] = {
        [ONE_OF] = IF_EQUAL, [HAS_BIT] = IF_BITS, [AT_LEAST] = IF_AT_LEAST};
    unsigned second = a->second_check == ALWAYS ? 0 : 3;
    if (a->check == ALWAYS) {
        emit(IF_EQUAL, a->nr, 0, 1);
        emit(RETURN, ALLOW, 0, 0);
        return;
    }
    emit(IF_EQUAL, a->nr, 0, second + 1 + 2u * a->count + 1);
    if (second) {
        load_argument(a->second);
        if (a->second_check == AT_LEAST)
            emit(IF_AT_LEAST, a->second_value, 1, 0);
        else
            emit(IF_BITS, ~a->second_value, 0, 1);
        emit(RETURN, KILL, 0, 0);
    }
    load_argument(a->argument);
    for (unsigned i = 0; i < a->count; i++) {
        emit(ops[a->check], a->values[i], 0, 1);
        emit(RETURN, ALLOW, 0, 0);
    }
    load(offsetof(struct seccomp_data, nr));
}

static void emit_list(void)
{
    enum {
        SIG_BLOCK = 0,
        TIOCGWINSZ = 0x5413,
        FIONREAD = 0x541b,
        ARCH_SET_FS = 0x1002,
        ARCH_GET_FS = 0x1003,
        ITIMER_REAL = 0
    };
    uint32_t log = (uint32_t)log_fd;
    const struct allowed list[] = {
        /* the often used first */
        {HOST_rt_sigreturn, 0, ALWAYS, 0, {0}, 0, 0, 0},
        {HOST_pwritev2, 0, ONE_OF, 3, {1, 2, log}, 0, 0, 0},
        {HOST_preadv2, 0, ONE_OF, 1, {0}, 0, 0, 0},
        {HOST_ppoll, 0, ALWAYS, 0, {0}, 0, 0, 0},
        {HOST_mmap, 3, HAS_BIT, 1, {HOST_MAP_ANONYMOUS}, 0, 0, 0},
        {HOST_mmap, 4, ONE_OF, 2, {(uint32_t)memory_file.fd, (uint32_t)bundle_file.fd}, 0, 0, 0},
        {HOST_mprotect, 0, ALWAYS, 0, {0}, 0, 0, 0},
        {HOST_munmap, 0, ALWAYS, 0, {0}, 0, 0, 0},
        {HOST_madvise, 0, ALWAYS, 0, {0}, 0, 0, 0},
        {HOST_mremap, 0, ALWAYS, 0, {0}, 0, 0, 0},
        {HOST_mincore, 0, ALWAYS, 0, {0}, 0, 0, 0},
        {HOST_setitimer, 0, ONE_OF, 1, {ITIMER_REAL}, 0, 0, 0},
        {HOST_rt_sigprocmask, 0, ONE_OF, 1, {SIG_BLOCK}, 0, 0, 0},
        {HOST_clock_gettime, 0, ALWAYS, 0, {0}, 0, 0, 0},
        {HOST_getrandom, 0, ALWAYS, 0, {0}, 0, 0, 0},
        {HOST_arch_prctl, 0, ONE_OF, 2, {ARCH_SET_FS, ARCH_GET_FS}, 0, 0, 0},
        {HOST_fstat, 0, ONE_OF, 4, {0, 1, 2, log}, 0, 0, 0},
        {HOST_ioctl, 1, ONE_OF, 2, {TIOCGWINSZ, FIONREAD}, 0, 0, 0},
        {HOST_sysinfo, 0, ALWAYS, 0, {0}, 0, 0, 0},
        {HOST_exit_group, 0, ALWAYS, 0, {0}, 0, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(list); i++)
        sandbox_allow(&list[i]);
}

/* The first comparison decides for nearly every call of the program. Numbers of x32 carry a bit of
 * their own and are in no list; another architecture's entry (`int $0x80`) is the program's. */
static void build_filter(void)
{
    uint64_t lo = (uintptr_t)text_start, hi = (uintptr_t)text_end;
    load(offsetof(struct seccomp_data, ip) + sizeof(uint32_t));
    emit(IF_EQUAL, (uint32_t)(lo >> 32), 1, 0);
    emit(RETURN, TRAP, 0, 0);
    load(offsetof(struct seccomp_data, ip));
    emit(IF_AT_LEAST, (uint32_t)hi + 1, 1, 0); /* the address is behind the instruction */
    emit(IF_AT_LEAST, (uint32_t)lo, 1, 0);
    emit(RETURN, TRAP, 0, 0);
    load(offsetof(struct seccomp_data, arch));
    emit(IF_EQUAL, ARCH_AUDIT, 1, 0);
    emit(RETURN, TRAP, 0, 0);
    load(offsetof(struct seccomp_data, nr));
    network_allow();
    emit_list();
    emit(RETURN, KILL, 0, 0);
}

int sandbox_enter(void)
{
    build_filter();
    if (code_len > FILTER_MAX)
        return -E2BIG;
    long error = host_call(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (error < 0)
        return (int)error;
    struct filter filter = {.len = (uint16_t)code_len, .code = code};
    return (int)host_call(seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW,
                          &filter);
}
