/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets without a network: AF_UNIX, and what is the same for all families. */
#include "sockets.h"
#include <signal.h>

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {
        {"pair", pair},           {"stream", stream},   {"datagram", datagram},
        {"seqpacket", seqpacket}, {"names", names},     {"rights", rights},
        {"options", options},     {"waiting", waiting}, {"arguments", arguments},
    };
    setvbuf(stdout, NULL, _IOLBF, 0);
    alarm(60);
    for (size_t i = 0; argc > 1 && i < sizeof cases / sizeof cases[0]; i++)
        if (strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
            return 0;
        }
    return 99;
}
