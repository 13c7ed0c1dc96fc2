/* SPDX-License-Identifier: Apache-2.0 */
/* Who waits for the platform's streams: core_stream_event() wakes these queues, once for each plat_stream_want(). */
#ifndef U2K_STREAM_H
#define U2K_STREAM_H

#include <u2k/platform.h>
#include <u2k/sched.h>

extern struct waitq stream_events[STREAM_COUNT];

#endif
