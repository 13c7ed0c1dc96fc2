/* SPDX-License-Identifier: Apache-2.0 */
/* Looks for others where there is nobody, and serves itself only. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static int reach(int type)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(80)};
    inet_pton(AF_INET, "192.0.2.1", &a.sin_addr);
    return connect(socket(AF_INET, type, 0), (struct sockaddr *)&a, sizeof a) ? errno : 0;
}

int main(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(8080)};
    int s = socket(AF_INET, SOCK_STREAM, 0);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(s, (struct sockaddr *)&a, sizeof a) || listen(s, 1))
        return 1;
    printf("stream: %s\n", strerror(reach(SOCK_STREAM)));
    printf("datagrams: %s\n", strerror(reach(SOCK_DGRAM)));
    struct ifaddrs *list;
    if (getifaddrs(&list))
        return 2;
    for (struct ifaddrs *each = list; each; each = each->ifa_next)
        if (each->ifa_addr && each->ifa_addr->sa_family == AF_INET)
            puts(each->ifa_name);
    return 0;
}
