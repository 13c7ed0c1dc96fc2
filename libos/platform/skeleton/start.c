/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Life. A port's entry finds bundle, memory and command line, fills plat_info, gives the memory to
 * pages_add(), each token to cmdline_token(), in this order, and enters core_main() on a stack of
 * kstack_size bytes. It never returns; nothing of the C library exists.
 */
#include <u2k/boot.h>
#include <u2k/pages.h>
#include <u2k/platform.h>

enum { SKELETON_MEMORY = 1 << 20, SKELETON_STACK = 16384 };

static char memory[SKELETON_MEMORY] __attribute__((aligned(PAGE_SIZE)));
static const struct plat_info info = {
    .name = "skeleton",
    .bundle = memory, /* no bundle: boot_read() refuses it and the log says so */
    .bundle_len = 0,
    .user_lo = 0x10000,
    .user_hi = 0x7e0000000000,
    .memory = SKELETON_MEMORY,
    .kstack_size = SKELETON_STACK,
    .minsigstksz = 2048,
    .log_level = 2,
};
const struct plat_info *plat_info;

NORETURN void _start(void);

NORETURN void _start(void)
{
    plat_info = &info;
    pages_add(memory, sizeof(memory), true);
    core_main();
}

/* No way out: stop here. A port ends the machine or process, output first. */
NORETURN void plat_exit(int status)
{
    (void)status;
    for (;;)
        ;
}

/* A port writes `why`, the registers and the addresses on the stack to its log. */
NORETURN void plat_panic(const char *why, const struct regs *regs)
{
    (void)why;
    (void)regs;
    plat_exit(125);
}
