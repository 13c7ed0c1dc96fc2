/* SPDX-License-Identifier: Apache-2.0 */
/* The log stream: one write a message, so that lines stay whole. Too long a line is cut. */
#include <u2k/boot.h>
#include <u2k/log.h>
#include <u2k/platform.h>
#include <u2k/string.h>

#define LINE_MAX 512

static unsigned log_threshold(void)
{
    const char *level = cmdline_value("u2k.loglevel");

    if (level && level[0] >= '0' && level[0] <= '9' && !level[1])
        return (unsigned)(level[0] - '0');
    return plat_info->log_level;
}

bool log_wanted(enum log_level level)
{
    return level <= log_threshold();
}

void log_line(enum log_level level, const char *format, ...)
{
    char line[LINE_MAX];
    __builtin_va_list args;

    if (!log_wanted(level))
        return;
    memcpy(line, "u2k: ", 5);
    __builtin_va_start(args, format);
    size_t len = 5 + format_textv(line + 5, sizeof(line) - 6, format, args);
    __builtin_va_end(args);
    len = MIN(len, sizeof(line) - 2);
    line[len++] = '\n';
    (void)plat_stream_write(STREAM_LOG, line, len); /* the log takes all or drops it */
}

void panic(const char *format, ...)
{
    char why[LINE_MAX];
    __builtin_va_list args;

    __builtin_va_start(args, format);
    format_textv(why, sizeof(why), format, args);
    __builtin_va_end(args);
    plat_panic(why, NULL);
}
