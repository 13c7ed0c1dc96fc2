/* SPDX-License-Identifier: Apache-2.0 */
/* What the platform tells: a stream is ready, the host sends a signal, the terminal has a new size. */
#include <u2k/process.h>
#include <u2k/sched.h>
#include <u2k/stream.h>

struct waitq stream_events[STREAM_COUNT] = {
    {LIST_INIT(stream_events[STREAM_IN].waiters)},
    {LIST_INIT(stream_events[STREAM_OUT].waiters)},
    {LIST_INIT(stream_events[STREAM_ERR].waiters)},
    {LIST_INIT(stream_events[STREAM_LOG].waiters)},
};

/* Whoever finds the stream not ready asks for the next event: what nobody reads must not keep us awake. */
void core_stream_event(enum stream s)
{
    plat_stream_want(s, 0);
    waitq_wake_all(&stream_events[s]);
}

/* The sender is outside of the program's world: process number 0, as across pid namespaces. */
void core_signal_event(int signo)
{
    const struct siginfo info = {.signo = signo, .code = SI_USER};

    if (signo >= 1 && signo <= NSIG && !process.exiting)
        signal_send(NULL, &info);
}

void core_resize_event(void)
{
    const struct siginfo info = {.signo = SIGWINCH, .code = SI_KERNEL};

    if (!process.exiting)
        signal_send(NULL, &info);
}
