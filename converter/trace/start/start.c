/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first program inside the sandbox: becomes the image's user, then the image's program.
 *
 *   start UID GID GROUPS CWD COUNT NAME=value... PATH ARG...
 *
 * UID "-" keeps the identity; GROUPS are numbers with commas between, or "-"; COUNT variables follow. What the
 * sandbox was built with (descriptors from 3 on) is closed. Without arguments it ends with 0: the
 * sandbox works. Its own failures end with 125, those of execve(2) with 126 or 127, as with docker run.
 * Freestanding, since the image may have no C library, or another one.
 */

enum { STATUS_BROKEN = 125, STATUS_NOT_EXECUTABLE = 126, STATUS_NOT_FOUND = 127, ENOENT = 2 };
enum { GROUPS_MAX = 1024, CAPABILITIES = 64, PR_CAPBSET_DROP = 24 };

#if defined(__x86_64__)
enum { WRITE = 1, EXECVE = 59, EXIT = 60, CHDIR = 80, SETRESUID = 117, SETRESGID = 119 };
enum { SETGROUPS = 116, PRCTL = 157, CLOSE_RANGE = 436 };

static long call(long nr, long a, long b, long c)
{
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(nr), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return result;
}

/* psABI, 3.4.1: argc at the stack pointer, argv behind it. */
__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start\n");
#elif defined(__aarch64__)
enum { WRITE = 64, EXECVE = 221, EXIT = 93, CHDIR = 49, SETRESUID = 147, SETRESGID = 149 };
enum { SETGROUPS = 159, PRCTL = 167, CLOSE_RANGE = 436 };

static long call(long nr, long a, long b, long c)
{
    register long x8 __asm__("x8") = nr, x0 __asm__("x0") = a, x1 __asm__("x1") = b,
                     x2 __asm__("x2") = c;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}

__asm__(".globl _start\n_start:\n\tmov x0, sp\n\tbl start\n");
#endif

_Noreturn static void end(int status)
{
    for (;;)
        call(EXIT, status, 0, 0);
}

_Noreturn static void fail(const char *what, int status)
{
    long len = 0;

    while (what[len])
        len++;
    call(WRITE, 2, (long)what, len);
    call(WRITE, 2, (long)"\n", 1);
    end(status);
}

/* Decimal digits; *text is left behind them. */
static long number(const char **text)
{
    long value = 0;

    for (; **text >= '0' && **text <= '9'; (*text)++)
        value = value * 10 + (**text - '0');
    return value;
}

/* A container engine's usual set for root (moby: oci/caps/defaults.go), by the numbers of linux/capability.h:
 * CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, FSETID 4, KILL 5, SETGID 6, SETUID 7, SETPCAP 8, NET_BIND_SERVICE 10,
 * NET_RAW 13, SYS_CHROOT 18, MKNOD 27, AUDIT_WRITE 29, SETFCAP 31. */
#define KEPT 0xa80425fbull

static void bound_capabilities(void)
{
    for (int i = 0; i < CAPABILITIES; i++)
        if (!(KEPT >> i & 1))
            call(PRCTL, PR_CAPBSET_DROP, i, 0); /* fails for those that the kernel has not */
}

static void become(const char *uid, const char *gid, const char *groups)
{
    static unsigned list[GROUPS_MAX];
    long count = 0;

    while (*groups >= '0' && *groups <= '9' && count < GROUPS_MAX) {
        list[count++] = (unsigned)number(&groups);
        groups += *groups == ',';
    }
    long u = number(&uid), g = number(&gid);
    if (call(SETGROUPS, count, (long)list, 0) < 0 || call(SETRESGID, g, g, g) < 0 ||
        call(SETRESUID, u, u, u) < 0)
        fail("start: the image's user cannot be set", STATUS_BROKEN);
}

_Noreturn void start(long *stack);

_Noreturn void start(long *stack)
{
    char **argv = (char **)(stack + 1), **end_of_argv = argv + *stack;
    enum { UID = 1, GID, GROUPS, CWD, COUNT, VARIABLES };

    call(CLOSE_RANGE, 3, ~0u, 0);
    if (*stack == 1)
        end(0);
    if (*stack <= VARIABLES)
        fail("start: too few arguments", STATUS_BROKEN);
    const char *count = argv[COUNT];
    char **env = argv + VARIABLES, **program = env + number(&count);
    if (program + 1 >= end_of_argv)
        fail("start: no program", STATUS_BROKEN);
    if (argv[UID][0] != '-') {
        bound_capabilities();
        become(argv[UID], argv[GID], argv[GROUPS]);
    }
    if (call(CHDIR, (long)argv[CWD], 0, 0) < 0)
        fail("start: the working folder cannot be entered", STATUS_BROKEN);
    const char *path = *program;
    *program = 0; /* the end of the environment */
    long error = call(EXECVE, (long)path, (long)(program + 1), (long)env);
    fail("start: the program cannot be executed",
         error == -ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE);
}
