/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent: at once if the host has room, else from a bounded queue when it has. */
#include "network.h"
#include <u2k/errno.h>

unsigned packet_vectors(const struct packet *p, struct host_iovec *v, unsigned max)
{
    unsigned n = 0;
    for (; p; p = p->next) {
        if (n + (p->len != 0) + p->slice_count > max)
            return 0;
        if (p->len)
            v[n++] = (struct host_iovec){p->data, p->len};
        for (unsigned i = 0; i < p->slice_count; i++)
            v[n++] = (struct host_iovec){p->slices[i].at, p->slices[i].len};
    }
    return n;
}

void wire_flush(struct wire *w)
{
    while (w->out_count) {
        struct packet *p = w->outbox[w->out_first];
        int sent = w->ops->send(w, p);
        if (sent == 0)
            return;
        if (sent < 0)
            w->dev.stats.tx_errors++;
        packet_free(p);
        w->out_first = (w->out_first + 1) % OUTBOX_MAX;
        w->out_count--;
    }
}

void wire_discard(struct wire *w)
{
    w->out_done = 0;
    for (; w->out_count; w->out_count--) {
        packet_free(w->outbox[w->out_first]);
        w->out_first = (w->out_first + 1) % OUTBOX_MAX;
    }
}

int wire_send(struct wire *w, struct packet *p)
{
    int sent = w->dead ? -ENETDOWN : w->out_count ? 0 : w->ops->send(w, p);
    if (sent == 0 && w->out_count < OUTBOX_MAX) {
        w->outbox[(w->out_first + w->out_count++) % OUTBOX_MAX] = p;
        return 0;
    }
    packet_free(p);
    return sent == 0 ? -ENOBUFS : sent < 0 ? sent : 0;
}
