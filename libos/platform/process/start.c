/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the host's execve(2) to core_main(). Usage, after argv[0]:
 *   [--fd=N | FILE] [--memory=BYTES] [--log-fd=N] [--net=DEVICE]... [TOKEN...]
 *   [--publish=tcp|udp:PORT:FD]... (network/options.c has those of the network)
 * Options come first. FILE is the unikernel file with the bundle, --fd=N the same already open. An
 * executable that carries a bundle itself (a segment of type BUNDLE_SEGMENT) takes neither. Tokens
 * are those of the command line in u2k/boot.h. The host's environment stays outside.
 */
#include "bundle.h"
#include "process.h"
#include "x86_64/hostcall.h"
#include <u2k/boot.h>
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/pages.h>
#include <u2k/string.h>

enum {
    AT_PHDR = 3,
    AT_PHNUM = 5,
    AT_HWCAP = 16,
    AT_HWCAP2 = 26,
    AT_SYSINFO_EHDR = 33,
    AT_MINSIGSTKSZ = 51,
    AT_COUNT = 64
};
enum { HWCAP2_FSGSBASE = 2 };
enum { HOST_O_CLOEXEC = 02000000 };
enum { STATUS_FAILED = 125 }; /* as docker run: the tool's own failure, not the program's */
enum { USER_LO = 0x10000 };   /* the usual vm.mmap_min_addr */
#define USER_HI 0x7e0000000000ull
#define HOST_STACK_ROOM (1ull << 30) /* kept between the program and the host's own mappings */
/* Used when AT_MINSIGSTKSZ is absent (Linux before 5.14): its old constant. */
enum { MINSIGSTKSZ = 2048 };

struct options {
    const char *file;
    int fd;
    uint64_t memory;
};

static struct plat_info info;
const struct plat_info *plat_info;
char boot_stack[KSTACK_SIZE] __attribute__((aligned(PAGE_SIZE)));

int log_fd = 2;

NORETURN void start_failed(const char *where, const char *what, long error)
{
    char line[512];
    size_t n = format_text(line, sizeof(line), "u2k: %s: %s", where, what);
    n = MIN(n, sizeof(line) - 32);
    if (error < 0)
        n += format_text(line + n, 31, " (host error %ld)", -error);
    line[n++] = '\n';
    (void)plat_stream_write(STREAM_LOG, line, n);
    plat_exit(STATUS_FAILED);
}

const char *option_value(const char *arg, const char *name)
{
    size_t n = strlen(name);
    return strncmp(arg, name, n) == 0 && arg[n] == '=' ? arg + n + 1 : NULL;
}

uint64_t option_number(const char *text, uint64_t max, const char *arg)
{
    uint64_t value = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9' && value <= max; p++)
        value = value * 10 + (uint64_t)(*p - '0');
    if (p == text || *p || value > max)
        start_failed(arg, "not a number in range", 0);
    return value;
}

/* Takes the options off the front of argv: how many there were. */
static int read_options(int argc, char **argv, struct options *o)
{
    int i = 1;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        const char *value;
        if ((value = option_value(argv[i], "--fd")))
            o->fd = (int)option_number(value, INT32_MAX, argv[i]);
        else if ((value = option_value(argv[i], "--log-fd")))
            log_fd = (int)option_number(value, INT32_MAX, argv[i]);
        else if ((value = option_value(argv[i], "--memory")))
            o->memory = option_number(value, MEMORY_MAX, argv[i]);
        else if (!network_option(argv[i]))
            break; /* `--` and what follows are tokens */
    }
    return i;
}

static void open_bundle(const struct options *o)
{
    const char *where = o->file ? o->file : "--fd";
    long fd = o->fd;
    if (fd < 0) {
        if (!o->file)
            start_failed("no unikernel file", "usage: [--fd=N | FILE] [TOKEN...]", 0);
        fd = host_call(open, o->file, HOST_O_CLOEXEC);
        if (fd < 0)
            start_failed(where, "cannot open the unikernel file", fd);
    }
    const char *why = NULL;
    int error = bundle_map((int)fd, &info.bundle, &info.bundle_len, &why);
    if (error < 0)
        start_failed(where, why, error == -ENOEXEC ? 0 : error);
}

/* The program may have everything below the host's own mappings: stack, vDSO and its data. */
static void set_user_range(uintptr_t stack, uintptr_t vdso)
{
    uintptr_t lowest = vdso && vdso < stack ? vdso : stack;
    info.user_lo = USER_LO;
    info.user_hi = MIN(USER_HI, ALIGN_DOWN(lowest - HOST_STACK_ROOM, HOST_STACK_ROOM));
    info.reserved_lo = LIBOS_BASE;
    info.reserved_hi = LIBOS_END;
}

NORETURN void process_start(uintptr_t *stack);

NORETURN void process_start(uintptr_t *stack)
{
    int argc = (int)stack[0];
    char **argv = (char **)(stack + 1);
    uintptr_t *p = stack + 1 + argc + 1;
    while (*p)
        p++;
    uintptr_t auxv[AT_COUNT] = {0};
    for (p++; *p; p += 2)
        if (*p < AT_COUNT)
            auxv[*p] = p[1];

    struct options o = {.fd = -1};
    int used = read_options(argc, argv, &o);
    if (o.fd < 0 && bundle_is_own(auxv[AT_PHDR], auxv[AT_PHNUM]))
        o.file = "/proc/self/exe";
    else if (o.fd < 0 && used < argc)
        o.file = argv[used++];

    info.name = "process";
    info.vdso = auxv[AT_SYSINFO_EHDR];
    info.hwcap = auxv[AT_HWCAP];
    info.hwcap2 = auxv[AT_HWCAP2];
    info.minsigstksz = auxv[AT_MINSIGSTKSZ] ? auxv[AT_MINSIGSTKSZ] : MINSIGSTKSZ;
    info.kstack_size = KSTACK_SIZE;
    info.log_level = LOG_WARNING;
    tls_in_user_mode = info.hwcap2 & HWCAP2_FSGSBASE;
    set_user_range((uintptr_t)stack, info.vdso);
    clock_start(info.vdso);

    open_bundle(&o);
    int error = memory_map(o.memory);
    if (error < 0)
        start_failed("memory", "the host gives none; a smaller --memory=BYTES may help", error);
    info.memory = memory_file.len;
    error = signals_start();
    if (error == 0) {
        network_open();
        error = sandbox_enter();
    }
    if (error < 0)
        start_failed("sandbox",
                     "the host refuses it; seccomp filters are needed (CONFIG_SECCOMP_FILTER)",
                     error);

    plat_info = &info;
    pages_add((void *)memory_file.base, memory_file.len, true);
    for (; used < argc; used++) {
        error = cmdline_token(argv[used], strlen(argv[used]));
        if (error < 0)
            start_failed(argv[used], "cannot use this token of the command line", 0);
    }
    run_on_stack(boot_stack + sizeof(boot_stack), core_main);
}
