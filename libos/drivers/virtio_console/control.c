/* SPDX-License-Identifier: Apache-2.0 */
/* Messages from the host on the control port (u2k/control.h), in whatever pieces they come. */
#include <u2k/cursor.h>
#include <u2k/string.h>

#include "port.h"

static uint8_t message[CONTROL_HEADER_SIZE + CONTROL_LENGTH_MAX];
static size_t have, to_skip;

static void handle(unsigned type, struct cursor c)
{
    if (type == CONTROL_SIGNAL) {
        uint32_t signo = cursor_le32(&c);
        if (!c.bad && signo >= 1 && signo <= 64)
            core_signal_event((int)signo);
    } else if (type == CONTROL_WINDOW) {
        struct stream_size size;
        size.rows = cursor_le16(&c);
        size.columns = cursor_le16(&c);
        if (!c.bad)
            console_resized(size);
    }
}

/* How many more bytes belong to the message that `have` bytes are there of. */
static size_t missing(void)
{
    if (have < CONTROL_HEADER_SIZE)
        return CONTROL_HEADER_SIZE - have;
    return CONTROL_HEADER_SIZE + (message[2] | (size_t)message[3] << 8) - have;
}

void control_receive(struct port *p)
{
    ssize_t n;

    do {
        size_t want = to_skip ? MIN(to_skip, sizeof(message)) : missing();
        if (!to_skip && want > sizeof(message) - have) { /* longer than any we know */
            to_skip = want;
            have = 0;
            n = 1;
            continue;
        }
        n = port_read(p, message + have, want);
        if (n <= 0)
            return;
        if (to_skip) {
            to_skip -= (size_t)n;
            continue;
        }
        have += (size_t)n;
        if (have >= CONTROL_HEADER_SIZE && !missing()) {
            struct cursor c =
                cursor_over(message + CONTROL_HEADER_SIZE, have - CONTROL_HEADER_SIZE);
            have = 0;
            handle(message[0] | (unsigned)message[1] << 8, c);
        }
    } while (n > 0);
}
