/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network devices of a process: descriptors that carry Ethernet frames. A tap (Linux Documentation/networking/
 * tuntap.rst) gives one frame a read, with struct virtio_net_hdr in front; a stream socket (QEMU's -netdev stream,
 * passt) gives bytes, four of length in front of each frame.
 */
#ifndef U2K_PROCESS_NETWORK_H
#define U2K_PROCESS_NETWORK_H

#include "../process.h"
#include <u2k/netdev.h>

enum { DEVICES_MAX = 4, OUTBOX_MAX = 256, FRAME_MAX = 65535 + 18, VECTORS_MAX = 80 };

struct wire;

struct wire_ops {
    /* Take in one frame, or what one call gives. 1: there may be more; 0: that was all; -EAGAIN: there was
     * nothing; else the wire is dead. */
    int (*receive)(struct wire *w);
    /* Send this frame: 1, or 0: the host has no room now; -errno: it never will take it. The packet stays the
     * caller's. */
    int (*send)(struct wire *w, const struct packet *p);
};

/* A device and its descriptor. */
struct wire {
    struct netdev dev;
    const struct wire_ops *ops;
    void (*open)(struct wire *w); /* before the sandbox; does not come back if it cannot */
    int fd;
    const char *name; /* of a tap; NULL: `fd` was given */
    uint8_t header; /* bytes in front of a tap's frame: struct virtio_net_hdr, or nothing */
    bool dead; /* the other side is gone */
    bool deep; /* the last looks found several frames: read until there is none */
    uint8_t shallow; /* looks since one of several frames was tried for */

    struct packet *outbox[OUTBOX_MAX]; /* what the host had no room for */
    unsigned out_first, out_count;
    size_t out_done; /* bytes of the first that went out already, of a stream */

    struct packet *small, *large[2]; /* tap: where the next frame goes */
    uint8_t *bytes; /* stream: what came and is no whole frame yet */
    size_t filled;
};

extern struct wire wires[DEVICES_MAX];
extern unsigned wire_count;

int wire_send(struct wire *w, struct packet *p); /* as netdev's send() */
void wire_flush(struct wire *w); /* the outbox, as far as the host has room */
void wire_discard(struct wire *w);

/* Packet and slices as vectors: how many, 0: more than `max`. */
unsigned packet_vectors(const struct packet *p, struct host_iovec *v, unsigned max);

void tap_open(struct wire *w);
void stream_wire_open(struct wire *w);

#endif
