/* SPDX-License-Identifier: Apache-2.0 */
/* UDP over the loopback device. */
#include "udp.h"

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {
        {"basic", basic},     {"connected", connected}, {"ports", ports},
        {"options", options}, {"ancillary", ancillary}, {"interfaces", interfaces},
        {"v6", v6},           {"scopes", scopes},       {"dual", dual},
        {"groups", groups},
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
