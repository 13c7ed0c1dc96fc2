/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for events: the argument says for which. */
#include "events.h"

int main(int count, char **arguments)
{
    static const struct {
        const char *name;
        void (*check)(void);
    } groups[] = {
        {"epoll", check_epoll},           {"nested", check_epoll_nested},
        {"threads", check_epoll_threads}, {"eventfd", check_eventfd},
        {"timerfd", check_timerfd},       {"signalfd", check_signalfd},
        {"splice", check_splice},         {"inotify", check_inotify},
        {"timers", check_timers},         {"sockets", check_sockets},
        {"sendfile", check_sendfile},     {"input-level", check_input_level},
        {"input-edge", check_input_edge}, {"input-once", check_input_once},
    };

    own_folder();
    for (size_t i = 0; count > 1 && i < sizeof(groups) / sizeof(groups[0]); i++)
        if (strcmp(arguments[1], groups[i].name) == 0)
            groups[i].check();
    return 0;
}
