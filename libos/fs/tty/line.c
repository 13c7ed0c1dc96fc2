/* SPDX-License-Identifier: Apache-2.0 */
/* The line discipline. */
#include "line.h"

#include <u2k/streams.h>

#include <u2k/signal.h>

void line_init(struct line *l)
{
    *l = (struct line){.t = terminal_default};
}

static unsigned at(const struct line *l, unsigned i)
{
    return (l->head + i) % LINE_SIZE;
}

/* A control character that is set; 0 disables (_POSIX_VDISABLE). */
static bool is(const struct line *l, unsigned which, uint8_t c)
{
    return c && l->t.cc[which] == c;
}

static void echo_char(struct line *l, uint8_t c,
                      void (*echo)(struct line *, const uint8_t *, size_t))
{
    bool control = c < 32 || c == 127;
    if (control && c != '\n' && c != '\t' && (l->t.lflag & ECHOCTL)) {
        const uint8_t caret[2] = {'^', (uint8_t)(c ^ 64)};
        echo(l, caret, 2);
    } else {
        echo(l, &c, 1);
    }
}

static void erase_one(struct line *l, void (*echo)(struct line *, const uint8_t *, size_t))
{
    uint8_t c;
    do { /* a UTF-8 character whole */
        c = l->input[at(l, --l->used)];
    } while ((c & 0xc0) == 0x80 && l->used > l->ready);
    if ((l->t.lflag & (ECHO | ECHOE)) != (ECHO | ECHOE))
        return;
    bool caret = (c < 32 || c == 127) && (l->t.lflag & ECHOCTL);
    for (unsigned i = 0; i < 1u + caret; i++)
        echo(l, (const uint8_t *)"\b \b", 3);
}

static bool blank(const struct line *l)
{
    uint8_t c = l->input[at(l, l->used - 1)];
    return c == ' ' || c == '\t';
}

/* Editing of the line that is not finished yet; false: `c` is no editing character. */
static bool edit(struct line *l, uint8_t c, void (*echo)(struct line *, const uint8_t *, size_t))
{
    if (is(l, VERASE, c)) {
        if (l->used > l->ready)
            erase_one(l, echo);
    } else if (is(l, VKILL, c)) {
        while (l->used > l->ready)
            erase_one(l, echo);
    } else if (is(l, VWERASE, c) && (l->t.lflag & IEXTEN)) {
        while (l->used > l->ready && blank(l))
            erase_one(l, echo);
        while (l->used > l->ready && !blank(l))
            erase_one(l, echo);
    } else {
        return false;
    }
    return true;
}

static void append(struct line *l, uint8_t c, bool ends)
{
    /* The last place is for the end of a line, so that an over-long one can still be ended. */
    if (l->used >= LINE_SIZE - !ends)
        return;
    l->input[at(l, l->used)] = c;
    l->ends[at(l, l->used)] = ends;
    l->used++;
    if (ends || !(l->t.lflag & ICANON))
        l->ready = l->used;
}

static int signal_of(const struct line *l, uint8_t c)
{
    if (!(l->t.lflag & ISIG))
        return 0;
    return is(l, VINTR, c) ? SIGINT : is(l, VQUIT, c) ? SIGQUIT : is(l, VSUSP, c) ? SIGTSTP : 0;
}

int line_input(struct line *l, uint8_t c, void (*echo)(struct line *, const uint8_t *, size_t))
{
    bool canonical = l->t.lflag & ICANON, show = l->t.lflag & ECHO;
    if (l->t.iflag & ISTRIP)
        c &= 127;
    if (l->literal) {
        l->literal = false;
        append(l, c, false);
        if (show)
            echo_char(l, c, echo);
        return 0;
    }
    int signo = signal_of(l, c);
    if (signo) {
        if (!(l->t.lflag & NOFLSH))
            line_flush(l);
        if (show)
            echo_char(l, c, echo);
        return signo;
    }
    if (l->t.iflag & IXON) {
        bool stop = is(l, VSTOP, c), start = is(l, VSTART, c);
        l->stopped = stop || (l->stopped && !start && !stop);
        if (stop || start)
            return 0;
    }
    if (c == '\r') {
        if (l->t.iflag & IGNCR)
            return 0;
        if (l->t.iflag & ICRNL)
            c = '\n';
    } else if (c == '\n' && (l->t.iflag & INLCR)) {
        c = '\r';
    }
    if (!canonical) {
        append(l, c, false);
    } else if (is(l, VLNEXT, c) && (l->t.lflag & IEXTEN)) {
        l->literal = true;
        return 0;
    } else if (edit(l, c, echo)) {
        return 0;
    } else if (is(l, VEOF, c)) {
        append(l, 0, true);
        return 0;
    } else {
        append(l, c, c == '\n' || is(l, VEOL, c) || is(l, VEOL2, c));
    }
    if (show || (c == '\n' && canonical && (l->t.lflag & ECHONL)))
        echo_char(l, c, echo);
    return 0;
}

size_t line_take(struct line *l, uint8_t *out, size_t size, bool *ended)
{
    size_t n = 0;
    *ended = false;
    while (n < size && l->ready > 0 && !*ended) {
        uint8_t c = l->input[l->head];
        *ended = l->ends[l->head] && (l->t.lflag & ICANON);
        l->head = (l->head + 1) % LINE_SIZE;
        l->ready--;
        l->used--;
        if (!*ended || c != 0) /* an end of file mark is no byte */
            out[n++] = c;
    }
    return n;
}

unsigned line_output(struct line *l, uint8_t c, uint8_t out[2])
{
    out[0] = c;
    if (!(l->t.oflag & OPOST))
        return 1;
    if (c == '\n' && (l->t.oflag & ONLCR)) {
        out[0] = '\r';
        out[1] = '\n';
        return 2;
    }
    if (c == '\r' && (l->t.oflag & OCRNL))
        out[0] = '\n';
    return 1;
}

unsigned line_readable(const struct line *l)
{
    unsigned n = 0;
    if (!(l->t.lflag & ICANON))
        return l->ready;
    for (unsigned i = 0; i < l->ready; i++)
        n += !(l->ends[at(l, i)] && l->input[at(l, i)] == 0);
    return n;
}

void line_flush(struct line *l)
{
    l->ready = l->used = 0;
}

void line_set(struct line *l, const struct termios_k *t)
{
    bool was = l->t.lflag & ICANON, now = t->lflag & ICANON;
    l->t = *t;
    if (was && !now)
        l->ready = l->used; /* what was typed so far can be read at once */
}
