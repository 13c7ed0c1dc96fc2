/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIRTIO_CONSOLE_PORT_H
#define VIRTIO_CONSOLE_PORT_H

#include <u2k/control.h>
#include <u2k/virtio.h>

enum { PORTS_MAX = 8, SLOTS = 8 };

struct port {
    struct virtqueue in, out;
    char *idle_page[SLOTS]; /* of output, that the device has given back */
    unsigned idle_count;
    char *reading; /* the page of input that is being read; NULL: none */
    uint32_t read_at, read_len;
    bool asked; /* input has been asked for */
    bool named; /* it has a role */
    bool closed; /* by the host */
};

/* port.c: bytes */
ssize_t port_read(struct port *p, void *buf, size_t len); /* 0: end of input; -EAGAIN */
ssize_t port_write(struct port *p, const void *buf, size_t len);
bool port_readable(struct port *p); /* something, or the end, can be read */
bool port_writable(struct port *p);
void port_reserve(
    struct port *p); /* a page for output: something can be said when there is no memory left */
bool port_drained(struct port *p); /* nothing is left on its way; turns the interrupt on */

/* ports.c: the control queues of the device (VIRTIO 1.2, 5.3.6.2) */
enum port_event {
    DEVICE_READY = 0,
    DEVICE_ADD = 1,
    DEVICE_REMOVE = 2,
    PORT_READY = 3,
    CONSOLE_PORT = 4,
    CONSOLE_RESIZE = 5,
    PORT_OPEN = 6,
    PORT_NAME = 7,
};
int ports_start(struct virtio_device *d);
void ports_send(uint32_t port, enum port_event event, uint16_t value);
void ports_control(void); /* take what came */
bool ports_settled(void); /* every port that was added has told its name */

/* control.c: messages from the host */
void control_receive(struct port *p);

/* console.c, told by the others */
void console_port_added(uint32_t number);
void console_port_named(uint32_t number, const char *name, size_t len);
void console_port_opened(uint32_t number, bool open);

#endif
