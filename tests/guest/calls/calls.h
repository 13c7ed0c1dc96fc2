/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GUEST_CALLS_H
#define GUEST_CALLS_H

#include "site.h"

enum { OFTEN = 3000 };

void storm(void);   /* storm.c */
void restart(void);
void threads(void); /* threads.c */
void code(void);    /* code.c */

/* The last argument of a clobbered FP register test: xmm9 and the control words survive `calls` calls. */
bool fp_survives(uint64_t value, unsigned calls);

#endif
