/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control port of a virtual machine: a virtio-console port named "u2k.control" over which host
 * and unikernel exchange messages, both ways in the same form:
 *
 *   uint16 type, uint16 length, `length` bytes          all integers little-endian
 *
 * A receiver skips types it does not know and ignores bytes beyond those it knows. The other ports:
 * "u2k.in" (host to guest; the host closing it is end of input), "u2k.out", "u2k.err", "u2k.log".
 */
#ifndef U2K_CONTROL_H
#define U2K_CONTROL_H

enum control_type {
    /* host to guest */
    CONTROL_SIGNAL = 1, /* uint32: a signal number 1..64 for the program */
    CONTROL_WINDOW = 2, /* uint16 rows, uint16 columns: the terminal's size is, or has become */

    /* guest to host */
    CONTROL_EXIT = 0x101,  /* uint32: status 0..255; the last message, all output is out */
    CONTROL_PANIC = 0x102, /* text: a part of the panic's lines, see platform/vm/README.md */
};

#define CONTROL_HEADER_SIZE 4
#define CONTROL_LENGTH_MAX 1024 /* longer ones are skipped too */

#endif
