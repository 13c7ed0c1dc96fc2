/* SPDX-License-Identifier: Apache-2.0 */
/* The host's system calls: numbers of Linux x86-64 and the instruction. Results as the kernel has
 * them, -errno included. sandbox.c says which of them remain after the start. */
#ifndef U2K_HOSTCALL_H
#define U2K_HOSTCALL_H

#include <u2k/types.h>

enum {
    HOST_open = 2,
    HOST_close = 3,
    HOST_fstat = 5,
    HOST_mmap = 9,
    HOST_mprotect = 10,
    HOST_munmap = 11,
    HOST_rt_sigaction = 13,
    HOST_rt_sigprocmask = 14,
    HOST_rt_sigreturn = 15,
    HOST_ioctl = 16,
    HOST_readv = 19,
    HOST_writev = 20,
    HOST_mremap = 25,
    HOST_mincore = 27,
    HOST_madvise = 28,
    HOST_dup = 32,
    HOST_setitimer = 38,
    HOST_socket = 41,
    HOST_sendto = 44,
    HOST_recvfrom = 45,
    HOST_sendmsg = 46,
    HOST_recvmsg = 47,
    HOST_shutdown = 48,
    HOST_getsockname = 51,
    HOST_setsockopt = 54,
    HOST_getsockopt = 55,
    HOST_fcntl = 72,
    HOST_ftruncate = 77,
    HOST_sysinfo = 99,
    HOST_prctl = 157,
    HOST_arch_prctl = 158,
    HOST_clock_gettime = 228,
    HOST_exit_group = 231,
    HOST_epoll_ctl = 233,
    HOST_ppoll = 271,
    HOST_epoll_pwait = 281,
    HOST_accept4 = 288,
    HOST_epoll_create1 = 291,
    HOST_prlimit64 = 302,
    HOST_seccomp = 317,
    HOST_getrandom = 318,
    HOST_memfd_create = 319,
    HOST_preadv2 = 327,
    HOST_pwritev2 = 328,
    HOST_close_range = 436,
    HOST_epoll_pwait2 = 441,
};

static inline long host_call6(long nr, unsigned long a, unsigned long b, unsigned long c,
                              unsigned long d, unsigned long e, unsigned long f)
{
    register unsigned long r10 __asm__("r10") = d;
    register unsigned long r8 __asm__("r8") = e;
    register unsigned long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

/* For calls that wait: -EINTR at once if a signal has been put off (fast.c). */
long host_wait6(unsigned long a, unsigned long b, unsigned long c, unsigned long d, unsigned long e,
                unsigned long f, long nr);

/* Arguments of any integer or pointer type; those not given are 0. */
#define HOST_ARG(x) ((unsigned long)(x))
#define HOST_PICK(a, b, c, d, e, f, ...) \
    HOST_ARG(a), HOST_ARG(b), HOST_ARG(c), HOST_ARG(d), HOST_ARG(e), HOST_ARG(f)
#define host_call(name, ...) host_call6(HOST_##name, HOST_PICK(__VA_ARGS__, 0, 0, 0, 0, 0, 0))
#define host_wait(name, ...) host_wait6(HOST_PICK(__VA_ARGS__, 0, 0, 0, 0, 0, 0), HOST_##name)

#endif
