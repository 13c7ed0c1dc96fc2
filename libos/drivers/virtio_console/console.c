/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-console (VIRTIO 1.2, 5.3). With VIRTIO_CONSOLE_F_MULTIPORT each stream has a port of its
 * own, told by its name (u2k/control.h); without, the one port carries input and all output.
 *
 * Input is asked for when somebody first wants it: what is never read stays with the host. Output is
 * copied once, into pages the device reads; a port has SLOTS of them, and when all are full the
 * program waits: that is the flow control.
 */
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/pages.h>
#include <u2k/part.h>
#include <u2k/string.h>

#include "port.h"

enum { FEATURE_MULTIPORT = 1 << 1, CONFIG_MAX_PORTS = 4 };

static struct virtio_device device;
static struct port ports[PORTS_MAX];
static unsigned port_count;
static struct port *stream_port[STREAM_COUNT];
static struct port *control_port;

static const struct {
    const char *name;
    struct port **place;
} roles[] = {
    {"u2k.in", &stream_port[STREAM_IN]},   {"u2k.out", &stream_port[STREAM_OUT]},
    {"u2k.err", &stream_port[STREAM_ERR]}, {"u2k.log", &stream_port[STREAM_LOG]},
    {"u2k.control", &control_port},
};

/* What has to be told whatever happens. */
static struct port **const lasting[] = {&stream_port[STREAM_LOG], &control_port};

/* ---- what the ports' control queue tells ---- */

static struct port *port_at(uint32_t number)
{
    return number < port_count ? &ports[number] : NULL;
}

void console_port_added(uint32_t number)
{
    if (port_at(number))
        ports_send(number, PORT_READY, 1);
}

void console_port_named(uint32_t number, const char *name, size_t len)
{
    struct port *p = port_at(number);

    for (size_t i = 0; p && i < ARRAY_SIZE(roles); i++)
        if (strlen(roles[i].name) == len && !memcmp(roles[i].name, name, len) && !*roles[i].place) {
            *roles[i].place = p;
            p->named = true;
            ports_send(number, PORT_OPEN, 1);
        }
}

void console_port_opened(uint32_t number, bool open)
{
    struct port *p = port_at(number);

    if (p)
        p->closed = !open;
}

/* ---- the console ---- */

static bool console_has(enum stream s)
{
    return stream_port[s] != NULL;
}

static ssize_t console_read(enum stream s, void *buf, size_t len)
{
    return port_read(stream_port[s], buf, len);
}

static ssize_t console_write(enum stream s, const void *buf, size_t len)
{
    return port_write(stream_port[s], buf, len);
}

static unsigned console_poll(enum stream s)
{
    struct port *p = stream_port[s];

    ports_control(); /* the host may have closed its side */
    if (s == STREAM_IN)
        return (port_readable(p) ? STREAM_READABLE : 0u) | (p->closed ? STREAM_HANGUP : 0u);
    return (port_writable(p) ? STREAM_WRITABLE : 0u) | (p->closed ? STREAM_HANGUP : 0u);
}

static void console_want(enum stream s, unsigned mask)
{
    if (s == STREAM_IN)
        (void)port_readable(stream_port[s]); /* asks for input */
    else
        virtqueue_interrupts(&stream_port[s]->out, mask & STREAM_WRITABLE);
}

static void tell(unsigned type, const void *data, size_t len)
{
    uint8_t message[CONTROL_HEADER_SIZE + 256];
    size_t n = MIN(len, sizeof(message) - CONTROL_HEADER_SIZE);

    if (!control_port)
        return;
    message[0] = (uint8_t)type;
    message[1] = (uint8_t)(type >> 8);
    message[2] = (uint8_t)n;
    message[3] = (uint8_t)(n >> 8);
    memcpy(message + CONTROL_HEADER_SIZE, data, n);
    (void)port_write(control_port, message, CONTROL_HEADER_SIZE + n);
}

static void console_tell_exit(int status)
{
    uint8_t value[4] = {(uint8_t)status, (uint8_t)(status >> 8), 0, 0};

    tell(CONTROL_EXIT, value, sizeof(value));
}

static void console_tell_panic(const char *text, size_t n)
{
    tell(CONTROL_PANIC, text, n);
}

static bool console_drained(void)
{
    bool drained = true;

    ports_control();
    for (unsigned i = 0; i < port_count; i++)
        if (!port_drained(&ports[i]))
            drained = false;
    return drained;
}

static const struct console console = {
    .name = "virtio-console",
    .has = console_has,
    .read = console_read,
    .write = console_write,
    .poll = console_poll,
    .want = console_want,
    .tell_exit = console_tell_exit,
    .tell_panic = console_tell_panic,
    .drained = console_drained,
};

static void interrupt(void *arg)
{
    (void)arg;
    ports_control();
    if (control_port)
        control_receive(control_port);
    console_changed();
}

/* Which ports there are and what they are called comes from the host: wait until each has told. */
static void learn_ports(void)
{
    enum { PATIENCE = 1000000000 };
    uint64_t give_up = 0;

    ports_send(0, DEVICE_READY, 1);
    for (;;) {
        ports_control();
        bool all = true;
        for (size_t i = 0; i < ARRAY_SIZE(roles); i++)
            all = all && *roles[i].place;
        if (all || ports_settled())
            return;
        uint64_t now = plat_clock_monotonic();
        give_up = give_up ? give_up : now + PATIENCE;
        if (now >= give_up)
            return;
        plat_idle(give_up);
    }
}

static int start_queues(bool multiport)
{
    int error = 0;

    for (unsigned i = 0; i < port_count && !error; i++) {
        unsigned first = i ? 2 * i + 2 : 0; /* queues 2 and 3 are the control queues */
        error = virtqueue_start(&device, first, SLOTS, &ports[i].in);
        if (!error)
            error = virtqueue_start(&device, first + 1, SLOTS, &ports[i].out);
        if (!error)
            virtqueue_interrupts(&ports[i].out, false);
    }
    return !error && multiport ? ports_start(&device) : error;
}

static int probe(void)
{
    int error = virtio_find(VIRTIO_CONSOLE, &device);

    if (!error)
        error = virtio_start(&device, FEATURE_MULTIPORT, interrupt, NULL);
    if (error)
        return error;
    bool multiport = device.features & FEATURE_MULTIPORT;
    uint32_t max = multiport ? virtio_config(&device, CONFIG_MAX_PORTS, 4) : 1;
    port_count = MIN(max, (uint32_t)PORTS_MAX);
    error = start_queues(multiport);
    if (error)
        return error;
    virtio_ready(&device);
    if (multiport) {
        learn_ports();
        if (control_port)
            control_receive(control_port); /* asks for messages */
    } else {
        for (enum stream s = 0; s < STREAM_COUNT; s++)
            stream_port[s] = &ports[0];
    }
    for (size_t i = 0; i < ARRAY_SIZE(lasting); i++)
        if (*lasting[i])
            port_reserve(*lasting[i]);
    for (enum stream s = 0; s < STREAM_COUNT; s++)
        if (stream_port[s]) {
            console_offer(&console);
            return 0;
        }
    log_warning("virtio-console: no port u2k.out: not used");
    return -ENODEV;
}

const struct driver driver_virtio_console = {.name = "virtio-console", .probe = probe};
