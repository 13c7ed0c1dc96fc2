/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the trace, in one write each: u2k/trace.h. The log's threshold is not theirs. */
#include <u2k/fcntl.h>
#include <u2k/log.h>
#include <u2k/platform.h>

#include "trace.h"

enum { HEAD_MAX = 64, LINE_MAX = HEAD_MAX + 3 * 4096 };

static char line[LINE_MAX]; /* nobody else runs before it is written */
static size_t len;

static void put(char c)
{
    if (len < LINE_MAX - 1)
        line[len++] = c;
}

static void put_hex(uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";

    put(digits[byte >> 4]);
    put(digits[byte & 15]);
}

static void begin(const char *what, long nr)
{
    len = format_text(line, HEAD_MAX, "u2k: trace: %s", what);
    if (nr >= 0)
        len += format_text(line + len, HEAD_MAX - len, " %ld", nr);
}

static void end(void)
{
    line[len++] = '\n'; /* put() leaves room */
    (void)plat_stream_write(STREAM_LOG, line, len); /* the log takes all or drops it */
}

void tell(const char *what)
{
    begin(what, -1);
    end();
}

void tell_call(long nr)
{
    begin("call", nr);
    end();
}

void tell_value(long nr, unsigned argument, unsigned long value)
{
    begin("value", nr);
    len += format_text(line + len, HEAD_MAX - len, " %u %lu", argument, value);
    end();
}

void tell_path(const char *what, long nr, const char *path)
{
    begin(what, nr);
    put(' ');
    for (; *path; path++) {
        if (*path > ' ' && *path <= '~' && *path != '%') {
            put(*path);
        } else {
            put('%');
            put_hex((uint8_t)*path);
        }
    }
    end();
}

void tell_bytes(const char *what, long nr, const uint8_t *bytes, size_t count)
{
    begin(what, nr);
    put(' ');
    while (count--)
        put_hex(*bytes++);
    end();
}
