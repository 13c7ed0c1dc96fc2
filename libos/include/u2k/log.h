/* SPDX-License-Identifier: Apache-2.0 */
/* The library OS's own log: its own stream, one line a message, "u2k: " in front. */
#ifndef U2K_LOG_H
#define U2K_LOG_H

#include <u2k/types.h>

/* As u2k.loglevel= has it: 0 nothing, 1 errors, 2 warnings (default), 3 what was decided, 4 all. */
enum log_level { LOG_ERROR = 1, LOG_WARNING = 2, LOG_INFO = 3, LOG_DEBUG = 4 };

/* %s %.*s %c %d %i %u %x %p %% with l, ll, z, width, 0, - and (of %x) #; nothing else. */
bool log_wanted(enum log_level level);
void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);
size_t format_text(char *out, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);
size_t format_textv(char *out, size_t size, const char *format, __builtin_va_list args);

/*
 * Two kinds of line have a fixed form, which `u2k run --learn` reads at level 3. For a system call that the
 * program made and that is not there, once for each:
 *   system call NUMBER is not in this unikernel: ...     the library OS has it: --add-syscall NUMBER
 *   system call NUMBER is not in the library OS: ...     nothing to add
 * (`u2k run` puts the names to the numbers, converter/run/calls.py) and for a part (converter/link, part.toml) that was wanted:
 *   part NAME is not in this unikernel: ...                     --add-part NAME
 */
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

NORETURN void panic(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
