/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A terminal in a unikernel whose program never changes it: the part tty, with its line discipline, is left
 * out, and the host's terminal edits lines, echoes, and makes signals of Ctrl-C. What a program asks is
 * answered here (ioctl_tty(2)).
 */
#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/streams.h>
#include <u2k/uaccess.h>

const struct termios_k terminal_default = {
    .iflag = ICRNL | IXON,
    .oflag = OPOST | ONLCR,
    .cflag = B38400 | CS8 | CREAD,
    .lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
    .cc = {[VINTR] = 3,
           [VQUIT] = 28,
           [VERASE] = 127,
           [VKILL] = 21,
           [VEOF] = 4,
           [VMIN] = 1,
           [VSTART] = 17,
           [VSTOP] = 19,
           [VSUSP] = 26,
           [VREPRINT] = 18,
           [VDISCARD] = 15,
           [VWERASE] = 23,
           [VLNEXT] = 22},
};

struct file *tty_missing(uint32_t flags)
{
    (void)flags;
    return NULL;
}

long stream_ioctl(struct file *f, unsigned request, vaddr_t arg)
{
    if (!f->inode || (f->inode->mode & S_IFMT) != S_IFCHR)
        return -ENOTTY;
    struct stream_size now = plat_stream_size(STREAM_OUT);
    struct winsize size = {.rows = now.rows, .columns = now.columns};
    switch (request) {
    case TCGETS: return USER_PUT(arg, terminal_default);
    case TIOCGWINSZ: return USER_PUT(arg, size);
    case TCSETS:
    case TCSETSW:
    case TCSETSF: part_missing("tty", "the terminal cannot be changed"); return -EINVAL;
    default: return -ENOTTY;
    }
}

IF_LINKED(sys_ioctl, stream_ioctl, unlinked_never);
