/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first serial port (16550, 0x3f8): the console of VMMs that have no other, and of panics. All
 * output streams share it; input is its input and has no end.
 */
#include <u2k/errno.h>

#include "../vm.h"
#include "cpu.h"
#include "interrupt.h"

enum {
    PORT = 0x3f8,
    DATA = 0,
    INTERRUPT_ENABLE = 1,
    FIFO_CONTROL = 2,
    LINE_CONTROL = 3,
    MODEM_CONTROL = 4,
    LINE_STATUS = 5,
    ENABLE_RECEIVED = 1,
    FIFO_ENABLE = 1,
    LINE_8N1 = 3,
    MODEM_DTR_RTS_OUT2 = 11, /* OUT2 lets the interrupt through */
    STATUS_RECEIVED = 1,
    STATUS_EMPTY = 0x20,
    FIFO_SIZE = 16,
    IRQ = 4,
    PATIENCE = 1 << 20, /* polls of a transmitter that does not move */
};

static enum { UNKNOWN, THERE, ABSENT } state;

static bool there(void)
{
    if (state == UNKNOWN) {
        state = inb(PORT + LINE_STATUS) == 0xff ? ABSENT : THERE;
        if (state == THERE) {
            outb(PORT + INTERRUPT_ENABLE, 0);
            outb(PORT + LINE_CONTROL, LINE_8N1);
            outb(PORT + FIFO_CONTROL, FIFO_ENABLE);
            outb(PORT + MODEM_CONTROL, MODEM_DTR_RTS_OUT2);
        }
    }
    return state == THERE;
}

static bool serial_has(enum stream s)
{
    (void)s;
    return there();
}

static ssize_t serial_read(enum stream s, void *buf, size_t len)
{
    uint8_t *to = buf;
    size_t n = 0;

    (void)s;
    while (n < len && inb(PORT + LINE_STATUS) & STATUS_RECEIVED)
        to[n++] = inb(PORT + DATA);
    return n || !len ? (ssize_t)n : -EAGAIN;
}

/* An empty transmitter takes a whole FIFO. Output is polled: it is for little. */
static ssize_t serial_write(enum stream s, const void *buf, size_t len)
{
    const uint8_t *from = buf;

    (void)s;
    if (!there())
        return (ssize_t)len;
    for (size_t i = 0; i < len; i++) {
        for (unsigned n = 0; i % FIFO_SIZE == 0 && !(inb(PORT + LINE_STATUS) & STATUS_EMPTY); n++)
            if (n == PATIENCE)
                return i ? (ssize_t)i : -EAGAIN;
        outb(PORT + DATA, from[i]);
    }
    return (ssize_t)len;
}

static unsigned serial_poll(enum stream s)
{
    if (s != STREAM_IN)
        return STREAM_WRITABLE;
    return inb(PORT + LINE_STATUS) & STATUS_RECEIVED ? STREAM_READABLE : 0;
}

static void received(void *arg)
{
    (void)arg;
    outb(PORT + INTERRUPT_ENABLE, 0); /* until somebody wants it again: core reads when it likes */
    vm_stream_events();
}

static void serial_want(enum stream s, unsigned mask)
{
    static bool connected;

    if (s != STREAM_IN || !there())
        return;
    if (!connected)
        connected = interrupt_line(IRQ, false, received, NULL) == 0;
    outb(PORT + INTERRUPT_ENABLE, mask & STREAM_READABLE ? ENABLE_RECEIVED : 0);
}

static bool serial_drained(void)
{
    return true;
} /* what was written has left the FIFO's port */

const struct console vm_serial = {
    .name = "serial",
    .has = serial_has,
    .read = serial_read,
    .write = serial_write,
    .poll = serial_poll,
    .want = serial_want,
    .drained = serial_drained,
};
