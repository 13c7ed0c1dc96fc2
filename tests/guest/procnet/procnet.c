/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/net and /sys/class/net: the forms of the files, and sockets of our own in them. */
#include "../check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

static void first_lines(const char *name, int count)
{
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/net/%s", name);
    FILE *f = fopen(path, "r");
    for (int i = 0; i < count; i++)
        printf("%s: [%s]\n", name,
               f && fgets(line, sizeof line, f) ? strtok(line, "\n") : "nothing");
    if (f)
        fclose(f);
}

static unsigned port_of(int fd)
{
    struct sockaddr_in6 a;
    socklen_t len = sizeof a;
    getsockname(fd, (struct sockaddr *)&a, &len);
    return ntohs(a.sin6_port); /* where sockaddr_in has it */
}

/* The row of a socket of ours: addresses without the port, state, whether its inode is that of the descriptor. */
static void row(const char *file, int fd, const char *what)
{
    char path[64], line[512], local[64], peer[64];
    unsigned port, peer_port, state, queued, waiting, uid, timeout;
    unsigned long inode;
    struct stat st;
    bool found = false;

    snprintf(path, sizeof path, "/proc/net/%s", file);
    FILE *f = fopen(path, "r");
    fstat(fd, &st);
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, " %*u: %63[^:]:%x %63[^:]:%x %x %x:%x %*x:%*x %*x %u %u %lu", local, &port,
                   peer, &peer_port, &state, &queued, &waiting, &uid, &timeout, &inode) != 10 ||
            port != port_of(fd) || inode != st.st_ino)
            continue;
        found = true;
        printf("%s: %s %s %s state %x queues %u %u uid %d\n", file, what, local, peer, state,
               queued, waiting, uid == getuid());
    }
    if (!found)
        printf("%s: %s is not there\n", file, what);
    if (f)
        fclose(f);
}

static int bound(int family, int type)
{
    int fd = socket(family, type, 0);
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_any};
    if (family == AF_INET)
        bind(fd, (struct sockaddr *)&v4, sizeof v4);
    else
        bind(fd, (struct sockaddr *)&v6, sizeof v6);
    return fd;
}

static void udp(void)
{
    int a = bound(AF_INET, SOCK_DGRAM), b = bound(AF_INET6, SOCK_DGRAM);
    row("udp", a, "bound");
    row("udp6", b, "bound");
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port_of(a)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    connect(a, (struct sockaddr *)&to, sizeof to);
    row("udp", a, "connected");
    close(a);
    close(b);
}

static void tcp(void)
{
    int a = bound(AF_INET, SOCK_STREAM), b = bound(AF_INET6, SOCK_STREAM);
    listen(a, 5);
    listen(b, 5);
    row("tcp", a, "listening");
    row("tcp6", b, "listening");
    int c = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port_of(a)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    connect(c, (struct sockaddr *)&to, sizeof to);
    row("tcp", a, "one waits");
    int d = accept(a, NULL, NULL);
    row("tcp", c, "connected");
    row("tcp", d, "accepted");
    close(c);
    close(d);
    close(a);
    close(b);
}

static void device(void)
{
    static const char *const names[] = {"mtu", "type", "flags", "address", "operstate", "ifindex"};
    char path[64], line[256];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "/sys/class/net/lo/%s", names[i]);
        FILE *f = fopen(path, "r");
        printf("lo %s: %s\n", names[i],
               f && fgets(line, sizeof line, f) ? strtok(line, "\n") : "?");
        if (f)
            fclose(f);
    }
    FILE *f = fopen("/proc/net/dev", "r");
    while (f && fgets(line, sizeof line, f))
        if (strstr(line, "lo:"))
            printf("dev: lo is there\n");
    if (f)
        fclose(f);
    printf("no such: %d\n", access("/sys/class/net/nothing", F_OK) < 0 ? errno : 0);
}

int main(void)
{
    first_lines("dev", 2);
    first_lines("route", 1);
    first_lines("arp", 1);
    first_lines("tcp", 1);
    first_lines("tcp6", 1);
    first_lines("udp", 1);
    first_lines("udp6", 1);
    device();
    udp();
    tcp();
    return 0;
}
