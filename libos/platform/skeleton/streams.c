/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams: none is there, so input is at its end and output vanishes, as the contract has it for
 * STREAM_ABSENT. A port keeps the four apart and never blocks in any of these.
 */
#include <u2k/platform.h>

enum stream_kind plat_stream_kind(enum stream s)
{
    (void)s;
    return STREAM_ABSENT;
}

struct stream_size plat_stream_size(enum stream s)
{
    (void)s;
    return (struct stream_size){0, 0};
}

ssize_t plat_stream_read(enum stream s, void *buf, size_t len)
{
    (void)s, (void)buf, (void)len;
    return 0;
}

ssize_t plat_stream_write(enum stream s, const void *buf, size_t len)
{
    (void)s, (void)buf;
    return (ssize_t)len;
}

/* Never waits at the end of input or for a place where output vanishes. */
unsigned plat_stream_poll(enum stream s)
{
    return s == STREAM_IN ? STREAM_READABLE : STREAM_WRITABLE;
}

void plat_stream_want(enum stream s, unsigned mask)
{
    if (mask)
        core_stream_event(s); /* it is so already */
}
