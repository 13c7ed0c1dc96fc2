/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal interface (ioctl_tty(2), termios(3)), as the kernel has it on both architectures. */
#ifndef U2K_TERMIOS_H
#define U2K_TERMIOS_H

#include <u2k/types.h>

enum {
    TCGETS = 0x5401,
    TCSETS = 0x5402,
    TCSETSW = 0x5403,
    TCSETSF = 0x5404,
    TCSBRK = 0x5409,
    TCXONC = 0x540a,
    TCFLSH = 0x540b,
    TIOCEXCL = 0x540c,
    TIOCSCTTY = 0x540e,
    TIOCGPGRP = 0x540f,
    TIOCSPGRP = 0x5410,
    TIOCOUTQ = 0x5411,
    TIOCGWINSZ = 0x5413,
    TIOCSWINSZ = 0x5414,
    FIONREAD = 0x541b,
    FIONBIO = 0x5421,
    TIOCNOTTY = 0x5422,
    TIOCGSID = 0x5429,
    FIONCLEX = 0x5450,
    FIOCLEX = 0x5451,
    FIOASYNC = 0x5452
};

enum {
    VINTR,
    VQUIT,
    VERASE,
    VKILL,
    VEOF,
    VTIME,
    VMIN,
    VSWTC,
    VSTART,
    VSTOP,
    VSUSP,
    VEOL,
    VREPRINT,
    VDISCARD,
    VWERASE,
    VLNEXT,
    VEOL2
};
enum { IGNBRK = 01, ISTRIP = 040, INLCR = 0100, IGNCR = 0200, ICRNL = 0400, IXON = 02000 };
enum { OPOST = 01, ONLCR = 04, OCRNL = 010 };
enum { CS8 = 060, CREAD = 0200, B38400 = 017 };
enum {
    ISIG = 01,
    ICANON = 02,
    ECHO = 010,
    ECHOE = 020,
    ECHOK = 040,
    ECHONL = 0100,
    NOFLSH = 0200,
    ECHOCTL = 01000,
    ECHOKE = 04000,
    IEXTEN = 0100000
};

struct termios_k {
    uint32_t iflag, oflag, cflag, lflag;
    uint8_t line, cc[19];
};
_Static_assert(sizeof(struct termios_k) == 36, "struct termios of the kernel");

struct winsize {
    uint16_t rows, columns, xpixel, ypixel;
};

#endif
