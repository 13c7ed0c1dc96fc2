/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes both ways over wires good and bad: what arrives is what was sent, and memory goes back. */
#include "wire.h"

#include <string.h>

struct flow {
    struct socket *from, *to;
    size_t sent, got, size;
    unsigned seed;
    bool eof, shut;
};

static uint8_t byte_at(size_t i, unsigned seed)
{
    return (uint8_t)((i * 2654435761u >> 13) + seed + (i >> 8));
}

static void push(struct flow *f)
{
    uint8_t data[50000];
    while (f->sent < f->size) {
        size_t some = (size_t)random() % sizeof data + 1, n = MIN(f->size - f->sent, some);
        for (size_t i = 0; i < n; i++)
            data[i] = byte_at(f->sent + i, f->seed);
        ssize_t done = wire_send(f->from, data, n, 0);
        if (done == -EAGAIN)
            return;
        CHECK(done > 0);
        f->sent += (size_t)done;
    }
    if (!f->shut)
        CHECK_EQ(f->from->ops->shutdown(f->from, SHUT_WR), 0);
    f->shut = true;
}

static void pull(struct flow *f)
{
    uint8_t data[30000];
    ssize_t n;
    while ((n = wire_receive(f->to, data, sizeof data, 0)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            CHECK_EQ(data[i], byte_at(f->got + (size_t)i, f->seed));
        f->got += (size_t)n;
    }
    if (n == 0)
        f->eof = true;
    else
        CHECK_EQ(n, -EAGAIN);
}

static void transfer(size_t up, size_t down, const char *name)
{
    struct socket *client, *server;
    uint64_t start = wire.now;
    wire_pair(&client, &server, 80);
    struct flow flows[2] = {{.from = client, .to = server, .size = up, .seed = 1},
                            {.from = server, .to = client, .size = down, .seed = 2}};
    while (!flows[0].eof || !flows[1].eof) {
        for (int i = 0; i < 2; i++) {
            push(&flows[i]);
            if (!flows[i].eof)
                pull(&flows[i]);
        }
        CHECK(wire.now < start + 4000 * SEC);
        CHECK(wire_step());
    }
    CHECK_EQ(flows[0].got, up);
    CHECK_EQ(flows[1].got, down);
    double s = (double)(wire.now - start) / 1e9;
    fprintf(stderr, "%-28s %8.3f s %8.2f MB/s, %lu packets, %lu lost, again %u %u\n", name, s,
            (double)(up + down) / s / 1e6, (unsigned long)wire.packets, (unsigned long)wire.lost,
            tcp_of(client)->total_again, tcp_of(server)->total_again);
    wire_close(client);
    wire_close(server);
    wire_run(200 * SEC);
    CHECK_EQ(tcp_timewaits, 0);
    CHECK_EQ(tcp_orphans, 0);
    CHECK_EQ(packet_memory, 0);
}

int main(int argc, char **argv)
{
    size_t size = argc > 1 ? strtoul(argv[1], NULL, 10) : 4u << 20;

    wire_reset();
    transfer(10, 10, "small");
    for (int offload = 0; offload < 2; offload++) {
        wire_reset();
        wire.offload = offload;
        transfer(size, size, offload ? "clean, offload" : "clean");
        wire_reset();
        wire.offload = offload;
        wire.loss = 100;
        transfer(size, size, "loss 1 %");
        wire_reset();
        wire.offload = offload;
        wire.reorder = 300;
        transfer(size, size, "reordering 3 %");
        wire_reset();
        wire.offload = offload;
        wire.loss = wire.reorder = wire.duplicate = 200;
        wire.jitter = 2 * MS;
        transfer(size, size, "loss, reordering, repeats");
        wire_reset();
        wire.offload = offload;
        wire.rate = 10000000;
        wire.queue_limit = 100000;
        transfer(size, 0, "10 MB/s, short queue");
        wire_reset();
        wire.offload = offload;
        wire.loss = 2000;
        transfer(size / 20, size / 20, "loss 20 %");
    }
    return 0;
}
