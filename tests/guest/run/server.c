/* SPDX-License-Identifier: Apache-2.0 */
/* What published ports and health checks are tested with: HTTP on 8080 and an echo of datagrams on 5353.
 * `GET /ill` makes `GET /health` fail from then on, `GET /well` mends it. SIGTERM ends it with status 0. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int ill;

static void end(int signo)
{
    (void)signo;
    _exit(write(1, "bye\n", 4) != 4);
}

static int bound(int type, uint16_t port)
{
    int fd = socket(AF_INET, type, 0), one = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        (type == SOCK_STREAM && listen(fd, 64) != 0)) {
        perror("server");
        exit(1);
    }
    return fd;
}

static void answer(int client)
{
    char asked[2048], said[256];
    size_t len = 0;
    ssize_t n;
    asked[0] = 0;
    while (!strstr(asked, "\r\n\r\n") &&
           (n = read(client, asked + len, sizeof asked - 1 - len)) > 0) {
        len += (size_t)n;
        asked[len] = 0;
    }
    if (!strncmp(asked, "GET /ill ", 9))
        ill = 1;
    if (!strncmp(asked, "GET /well ", 10))
        ill = 0;
    int failed = ill && !strncmp(asked, "GET /health ", 12);
    int size = snprintf(said, sizeof said, "HTTP/1.0 %s\r\nContent-Length: 6\r\n\r\nhello\n",
                        failed ? "500 Ill" : "200 OK");
    if (write(client, said, (size_t)size) != size)
        fprintf(stderr, "server: a client went away\n");
    shutdown(client, SHUT_WR);
    close(client);
}

int main(void)
{
    signal(SIGTERM, end);
    struct pollfd wait[2] = {
        {.fd = bound(SOCK_STREAM, 8080), .events = POLLIN},
        {.fd = bound(SOCK_DGRAM, 5353), .events = POLLIN},
    };
    if (write(1, "ready\n", 6) != 6)
        return 1;
    for (;;) {
        poll(wait, 2, -1);
        if (wait[0].revents) {
            int client = accept(wait[0].fd, 0, 0);
            if (client >= 0)
                answer(client);
        }
        if (wait[1].revents) {
            char text[2048];
            struct sockaddr_in from;
            socklen_t size = sizeof from;
            ssize_t n = recvfrom(wait[1].fd, text, sizeof text, 0, (struct sockaddr *)&from, &size);
            if (n >= 0)
                sendto(wait[1].fd, text, (size_t)n, 0, (struct sockaddr *)&from, size);
        }
    }
}
