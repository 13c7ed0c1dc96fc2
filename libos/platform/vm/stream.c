/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The streams over whatever console the drivers offer, looked for when the first stream is used; the
 * serial port where there is none. Also the end: status and output reach the host before the power
 * goes.
 */
#include <u2k/arch.h>
#include <u2k/boot.h>
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/part.h>
#include <u2k/string.h>

#include "vm.h"

static const struct console *console;
static ssize_t (*random_fill)(void *buf, size_t len);
static bool probed;
static struct stream_size window;
static unsigned wanted[STREAM_COUNT];
static bool any_wanted;

void console_offer(const struct console *c)
{
    if (!console)
        console = c;
}

void random_offer(ssize_t (*fill)(void *buf, size_t len))
{
    random_fill = fill;
}

void vm_stream_start(void)
{
    if (probed)
        return;
    probed = true; /* before: a driver may log */
    for (const struct driver *const *d = part_drivers; *d; d++)
        if ((*d)->probe() < 0)
            log_debug("driver %s: no device", (*d)->name);
    if (!console)
        console = &vm_serial;

    const char *tty = cmdline_value("u2k.tty");
    if (tty && !window.rows) {
        uint64_t rows, columns;
        const char *end = tty + strlen(tty);
        if (vm_number(&tty, end, &rows) && *tty++ == 'x' && vm_number(&tty, end, &columns))
            window = (struct stream_size){(uint16_t)rows, (uint16_t)columns};
    }
}

/* Network drivers are among the others. */
void plat_net_start(void)
{
    vm_stream_start();
}

/* The log goes to the serial port if the console has no place for it. */
static const struct console *console_of(enum stream s)
{
    vm_stream_start();
    if (!console)
        return &vm_serial; /* a driver that logs while it is probed */
    return s == STREAM_LOG && !console->has(s) ? &vm_serial : console;
}

enum stream_kind plat_stream_kind(enum stream s)
{
    if (!console_of(s)->has(s))
        return STREAM_ABSENT;
    return s != STREAM_LOG && cmdline_value("u2k.tty") ? STREAM_TERMINAL : STREAM_PIPE;
}

struct stream_size plat_stream_size(enum stream s)
{
    (void)s;
    vm_stream_start();
    return window;
}

void console_resized(struct stream_size size)
{
    window = size;
    core_resize_event();
}

ssize_t plat_stream_read(enum stream s, void *buf, size_t len)
{
    const struct console *c = console_of(s);

    return c->has(s) ? c->read(s, buf, len) : 0;
}

/* The log takes all or drops it: what the console cannot take now is waited for, but not forever; and awake, since who
 * logs is in the middle of something, and an interrupt would let packets in. */
static ssize_t write_log(const struct console *c, const char *text, size_t len)
{
    enum { PATIENCE = 50000000 };
    uint64_t give_up = 0;

    for (size_t done = 0; done < len;) {
        ssize_t n = c->write(STREAM_LOG, text + done, len - done);
        if (n > 0) {
            done += (size_t)n;
            continue;
        }
        if (n != -EAGAIN)
            break;
        uint64_t now = plat_clock_monotonic();
        give_up = give_up ? give_up : now + PATIENCE;
        if (now >= give_up)
            break;
    }
    return (ssize_t)len;
}

ssize_t plat_stream_write(enum stream s, const void *buf, size_t len)
{
    const struct console *c = console_of(s);

    if (!c->has(s))
        return (ssize_t)len;
    return s == STREAM_LOG ? write_log(c, buf, len) : c->write(s, buf, len);
}

unsigned plat_stream_poll(enum stream s)
{
    const struct console *c = console_of(s);

    return c->has(s) ? c->poll(s) : STREAM_READABLE | STREAM_WRITABLE | STREAM_HANGUP;
}

void plat_stream_want(enum stream s, unsigned mask)
{
    const struct console *c = console_of(s);

    wanted[s] = mask;
    any_wanted = false;
    for (enum stream i = 0; i < STREAM_COUNT; i++)
        any_wanted = any_wanted || wanted[i];
    if (c->has(s))
        c->want(s, mask);
}

bool vm_stream_events(void)
{
    bool any = false;

    for (enum stream s = 0; any_wanted && s < STREAM_COUNT; s++)
        if (wanted[s] && plat_stream_poll(s) & (wanted[s] | STREAM_HANGUP)) {
            core_stream_event(s);
            any = true;
        }
    return any;
}

void console_changed(void)
{
    (void)vm_stream_events();
}

int plat_random(void *buf, size_t len)
{
    uint8_t *to = buf;

    while (len) {
        uint64_t value;
        size_t n = MIN(len, sizeof(value));
        if (arch_random64(&value)) {
            for (size_t i = 0; i < n; i++)
                to[i] = (uint8_t)(value >> 8 * i);
        } else {
            vm_stream_start(); /* drivers offer sources when they are probed */
            ssize_t got = random_fill ? random_fill(to, len) : -ENOSYS;
            if (got <= 0)
                return got < 0 ? (int)got : -EAGAIN;
            n = (size_t)got;
        }
        to += n;
        len -= n;
    }
    return 0;
}

/* ---- the end ---- */

bool device_ending;
static bool (*all_sent)(void);

void ending_offer(bool (*sent)(void))
{
    all_sent = sent;
}

static NORETURN void finish(int status)
{
    enum { PATIENCE = 100000000 };
    uint64_t give_up = all_sent ? plat_clock_monotonic() + PATIENCE : 0;

    device_ending = true;
    while (all_sent && !all_sent() && plat_clock_monotonic() < give_up)
        vm_halt(give_up);
    if (console && console->tell_exit)
        console->tell_exit(status);
    while (console && !console->drained())
        vm_halt(plat_clock_monotonic() + NSEC_PER_SEC);
    vm_power_off(status);
}

NORETURN void plat_exit(int status)
{
    vm_stream_start();
    finish(status);
}

void vm_panic_line(const char *format, ...)
{
    const struct console *c = console && console->has(STREAM_LOG) ? console : &vm_serial;
    char line[160] = "u2k: ";
    __builtin_va_list args;

    __builtin_va_start(args, format);
    size_t len = 5 + format_textv(line + 5, sizeof(line) - 6, format, args);
    __builtin_va_end(args);
    len = MIN(len, sizeof(line) - 2);
    line[len++] = '\n';
    (void)write_log(c, line, len);
    if (console && console->tell_panic)
        console->tell_panic(line, len);
}

/* A second panic, within the first one's output, has only the power switch left. */
NORETURN void plat_panic(const char *why, const struct regs *regs)
{
    enum { STATUS_OWN_FAILURE = 125 };
    static unsigned depth;

    if (depth++ > 0) {
        console = NULL;
        if (depth == 2)
            vm_panic_line("panic: %s (while reporting another)", why);
        vm_power_off(STATUS_OWN_FAILURE);
    }
    if (plat_info->user_hi) /* memory can be had: drivers can start */
        vm_stream_start();
    vm_panic_line("panic: %s", why);
    vm_panic_trace(regs);
    finish(STATUS_OWN_FAILURE);
}
