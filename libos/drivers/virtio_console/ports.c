/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device's control queues: which ports there are, their names, and whether the host has them
 * open. QEMU drops a message that finds no buffer, so there are enough for all ports at once.
 */
#include <u2k/cursor.h>
#include <u2k/errno.h>
#include <u2k/pages.h>

#include "port.h"

enum { RECEIVE = 2, TRANSMIT = 3, BUFFERS = 16, BUFFER_SIZE = 64, MESSAGE_SIZE = 8 };

static struct virtqueue in, out;
static char *memory; /* BUFFERS to receive, then messages to send */
static uint32_t added, named;
static uint32_t sent; /* bit i: the device has message i */

int ports_start(struct virtio_device *d)
{
    int error = virtqueue_start(d, RECEIVE, BUFFERS, &in);

    if (!error)
        error = virtqueue_start(d, TRANSMIT, BUFFERS, &out);
    if (error)
        return error;
    memory = pages_alloc(1, PAGES_ANY);
    if (!memory)
        return -ENOMEM;
    virtqueue_interrupts(&out, false);
    for (unsigned i = 0; i < in.size; i++)
        virtqueue_give(&in, memory + i * BUFFER_SIZE, memory + i * BUFFER_SIZE, BUFFER_SIZE, true);
    return 0;
}

static uint32_t *message_at(unsigned i)
{
    return (void *)(memory + BUFFERS * BUFFER_SIZE + i * MESSAGE_SIZE);
}

void ports_send(uint32_t port, enum port_event event, uint16_t value)
{
    uint32_t len, *message;

    while ((message = virtqueue_take(&out, &len)) != NULL)
        sent &= ~(1u << ((message - message_at(0)) / (message_at(1) - message_at(0))));
    if (!out.free_count)
        return; /* a host that takes no messages gets none */
    unsigned i = (unsigned)__builtin_ctz(~sent);
    sent |= 1u << i;
    message = message_at(i);
    message[0] = port;
    message[1] = (uint32_t)event | (uint32_t)value << 16;
    virtqueue_give(&out, message, message, MESSAGE_SIZE, false);
    virtqueue_kick(&out);
}

static void take(struct cursor c)
{
    uint32_t port = cursor_le32(&c);
    unsigned event = cursor_le16(&c), value = cursor_le16(&c);

    if (c.bad || port >= PORTS_MAX)
        return;
    if (event == DEVICE_ADD) {
        added |= 1u << port;
        console_port_added(port);
    } else if (event == PORT_NAME) {
        size_t len = cursor_left(&c);
        const char *name = (const char *)cursor_take(&c, len);
        while (len && !name[len - 1]) /* some hosts count the NUL */
            len--;
        named |= 1u << port;
        console_port_named(port, name, len);
    } else if (event == PORT_OPEN) {
        console_port_opened(port, value);
    } else if (event == DEVICE_REMOVE) {
        console_port_opened(port, false);
    }
}

void ports_control(void)
{
    uint32_t len;
    char *buffer;
    bool any = false;

    if (!memory)
        return;
    while ((buffer = virtqueue_take(&in, &len)) != NULL) {
        take(cursor_over(buffer, len));
        virtqueue_give(&in, buffer, buffer, BUFFER_SIZE, true);
        any = true;
    }
    if (any)
        virtqueue_kick(&in);
}

bool ports_settled(void)
{
    return added && added == named;
}
