/* SPDX-License-Identifier: Apache-2.0 */
/* The line discipline: what typed characters do before a program reads them (termios(3)). */
#ifndef FS_TTY_LINE_H
#define FS_TTY_LINE_H

#include <u2k/termios.h>

#define LINE_SIZE 4096u

struct line {
    struct termios_k t;
    uint8_t input[LINE_SIZE]; /* a ring */
    bool ends[LINE_SIZE];     /* here a line ends; with input 0 at VEOF: and is not part of it */
    unsigned head, ready, used; /* ready: bytes of complete lines, at most used */
    unsigned column;
    bool literal, stopped;
};

void line_init(struct line *l);
/* One character from the keyboard; returns a signal number it stands for, or 0. `echo` takes what is
 * to be shown. */
int line_input(struct line *l, uint8_t c, void (*echo)(struct line *l, const uint8_t *s, size_t n));
/* What a reader may take now, up to `size`: bytes taken; *ended: a line did. */
size_t line_take(struct line *l, uint8_t *out, size_t size, bool *ended);
/* Output processing of one byte: 1 to 2 bytes. */
unsigned line_output(struct line *l, uint8_t c, uint8_t out[2]);
/* Bytes a read(2) could take now, as FIONREAD tells. */
unsigned line_readable(const struct line *l);
void line_flush(struct line *l);
void line_set(struct line *l, const struct termios_k *t);

#endif
