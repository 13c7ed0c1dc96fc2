/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BELOW_H
#define BELOW_H

#include "../net/stub.h"

#include <u2k/fd.h>
#include <u2k/pages.h>
#include <u2k/socket.h>

enum { FDS = 24 };
extern struct file *below_fds[FDS];
extern uint8_t memory[4096], space[512]; /* the program's */

#endif
