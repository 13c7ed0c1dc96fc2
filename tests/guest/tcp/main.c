/* SPDX-License-Identifier: Apache-2.0 */
/* TCP over the loopback device. */
#include "tcp.h"

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {
        {"stream", stream},       {"closing", closing},           {"connecting", connecting},
        {"listening", listening}, {"options", options},           {"urgent", urgent},
        {"bulk", bulk},           {"ready_states", ready_states}, {"version6", version6},
    };
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    alarm(60);
    for (size_t i = 0; argc > 1 && i < sizeof cases / sizeof cases[0]; i++)
        if (strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
            return 0;
        }
    return 99;
}
