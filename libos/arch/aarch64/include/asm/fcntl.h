/* SPDX-License-Identifier: Apache-2.0 */
/* open(2) flags whose numbers differ between architectures. */
#ifndef ASM_FCNTL_H
#define ASM_FCNTL_H

enum { O_DIRECTORY = 040000, O_NOFOLLOW = 0100000, O_DIRECT = 0200000, O_LARGEFILE = 0400000 };

#endif
