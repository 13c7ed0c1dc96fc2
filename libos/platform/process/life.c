/* SPDX-License-Identifier: Apache-2.0 */
/* The end: as the program wants it, or because the library OS failed. */
#include "process.h"
#include "x86_64/hostcall.h"
#include <u2k/arch.h>
#include <u2k/log.h>

enum { STATUS_FAILED = 125, TRACE_MAX = 24 };

NORETURN void plat_exit(int status)
{
    for (;;)
        (void)host_call(exit_group, status & 0xff);
}

static void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
    char line[256];
    __builtin_va_list args;
    __builtin_va_start(args, format);
    size_t n = format_textv(line, sizeof(line), format, args);
    __builtin_va_end(args);
    (void)plat_stream_write(STREAM_LOG, line, MIN(n, sizeof(line)));
}

/* Code has no frame pointers: every word on the stack that points into the text may be a return
 * address. The host side gives them names and drops what is none. Only to the end of the page, which
 * is surely there. */
static void trace(uintptr_t sp)
{
    if (sp < LIBOS_BASE || sp >= LIBOS_END)
        return;
    const uintptr_t *word = (const uintptr_t *)ALIGN_DOWN(sp, sizeof(uintptr_t));
    const uintptr_t *end = (const uintptr_t *)ALIGN_UP((uintptr_t)word + 1, PAGE_SIZE);
    for (unsigned found = 0; word < end && found < TRACE_MAX; word++)
        if (*word >= (uintptr_t)text_start && *word < (uintptr_t)text_end && ++found)
            say("u2k:   at %p\n", (void *)*word);
}

NORETURN void plat_panic(const char *why, const struct regs *regs)
{
    static bool again;
    if (!again) { /* a fault in here must not start it anew */
        again = true;
        say("u2k: panic: %s\n", why);
        if (regs) {
            const uint64_t *value = (const uint64_t *)regs;
            for (unsigned i = 0; i < sizeof(*regs) / sizeof(*value); i++)
                say("u2k:   %s %016llx\n", register_names[i], (unsigned long long)value[i]);
        }
        trace(regs ? arch_sp(regs) : (uintptr_t)__builtin_frame_address(0));
    }
    plat_exit(STATUS_FAILED);
}
