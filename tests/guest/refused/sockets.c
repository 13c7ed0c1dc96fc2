/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server whose main function listens; with OPTION it does so only if it is told to, in a function of its own;
 * with FRAMES it opens a packet socket (packet(7)) instead.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static inline int serve(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (server < 0 || bind(server, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(server, 8) < 0) {
        perror("no socket");
        return 1;
    }
    int client = accept(server, NULL, NULL);
    return client < 0 || write(client, "hello\n", 6) != 6;
}

#ifdef OPTION
static int (*volatile job)(int) = serve;
#endif

int main(int argc, char **argv)
{
#if defined FRAMES
    (void)argv;
    int frames = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
    char frame[2048];
    return frames < 0 || read(frames, frame, sizeof frame) < argc;
#elif defined OPTION
    if (argc > 1 && strcmp(argv[1], "--serve") == 0)
        return job(80);
    puts("done without the network");
    return 0;
#else
    (void)argv;
    return serve(argc + 79);
#endif
}
