/* SPDX-License-Identifier: Apache-2.0 */
/* Urgent data as Linux has it: one byte, before the one that the pointer names (tcp(7), RFC 6093, 3.1). */
#include <u2k/signal.h>

#include "tcp.h"

static void announce(struct tcp *t, uint32_t at)
{
    const struct file *f = t->inet.s.file;

    /* Read already, or not newer than the one we know. */
    if (seq_after(t->copied, at) || seq_before(at, t->rcv_nxt) ||
        (t->urgent != URGENT_NONE && !seq_after(at, t->urgent_seq)))
        return;
    t->urgent = URGENT_ANNOUNCED;
    t->urgent_seq = at;
    if (f && f->owner) {
        const struct siginfo info = {.signo = SIGURG, .code = SI_KERNEL};
        signal_send(NULL, &info);
    }
}

void tcp_receive_urgent(struct tcp *t, const struct tcp_segment *seg)
{
    if (seg->flags & TCP_URG)
        announce(t, seg->seq + seg->urgent - (seg->urgent ? 1 : 0));
    if (t->urgent != URGENT_ANNOUNCED || t->urgent_seq - seg->seq >= seg->len)
        return;
    if (!packet_copy(seg->packet, t->urgent_seq - seg->seq, &t->urgent_byte, 1))
        return;
    t->urgent = URGENT_THERE;
    socket_wake(&t->inet.s, POLLPRI | POLLRDBAND);
}
