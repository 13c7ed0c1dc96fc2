/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes both ways, flags of send and receive, ends of streams. */
#include "tcp.h"

static char big[1 << 20], back[1 << 20];

void stream(void)
{
    char buffer[64] = {0};
    int end[2], n;
    struct sockaddr_in a = {0}, b = {0};
    socklen_t len = sizeof a;

    connection(end);
    must(getpeername(end[0], (void *)&a, &len));
    must(getsockname(end[1], (void *)&b, &len));
    yes("the server's name", a.sin_port == b.sin_port && a.sin_addr.s_addr == b.sin_addr.s_addr);
    must(getpeername(end[1], (void *)&a, &len));
    must(getsockname(end[0], (void *)&b, &len));
    yes("the client's name", a.sin_port == b.sin_port && a.sin_addr.s_addr == b.sin_addr.s_addr);
    ready("fresh", end[1]);
    result("nothing", recv(end[1], buffer, 1, MSG_DONTWAIT));
    result("send", send(end[0], "hello, ", 7, 0));
    result("more", send(end[0], "world", 5, MSG_MORE));
    result("write", write(end[0], "!", 1));
    yes("arrives", wait_for(end[1], POLLIN) & POLLIN);
    usleep(50000);
    result("FIONREAD", ioctl(end[1], FIONREAD, &n));
    fact("bytes", n);
    result("peek", recv(end[1], buffer, 5, MSG_PEEK));
    text("peeked", buffer);
    result("recv", recv(end[1], buffer, 7, 0));
    result("wait for all", recv(end[1], buffer, 6, MSG_WAITALL));
    text("bytes", buffer);
    must(write(end[0], "discarded", 9));
    wait_for(end[1], POLLIN);
    result("discard", recv(end[1], NULL, 9, MSG_TRUNC));
    result("of nothing", recv(end[1], buffer, 0, MSG_DONTWAIT));
    result("bad address", send(end[0], (void *)8, 5, 0));
    must(write(end[0], "abc", 3));
    wait_for(end[1], POLLIN);
    result("bad buffer", recv(end[1], (void *)8, 3, 0));
    result("it is still there", recv(end[1], buffer, 3, 0));
    len = sizeof a;
    memset(&a, 0, sizeof a);
    must(write(end[0], "abc", 3));
    result("recvfrom", recvfrom(end[1], buffer, 3, 0, (void *)&a, &len));
    fact("no name", len);
    result("sendto with a name", sendto(end[0], "x", 1, 0, NAME(b)));
    result("and its byte", recv(end[1], buffer, 9, 0));
    result("SIOCOUTQ", ioctl(end[0], TIOCOUTQ, &n));
    usleep(50000);
    must(ioctl(end[0], TIOCOUTQ, &n));
    fact("nothing is under way", n);
}

void closing(void)
{
    char byte;
    int end[2];

    connection(end);
    result("half", shutdown(end[0], SHUT_WR));
    result("write after it", write(end[0], "x", 1));
    result("end of file", read(end[1], &byte, 1));
    result("again", read(end[1], &byte, 1));
    ready("the other half", end[1]);
    ready("who closed", end[0]);
    result("the other way", write(end[1], "y", 1));
    result("arrives", read(end[0], &byte, 1));
    result("both", shutdown(end[1], SHUT_RDWR));
    result("end", read(end[0], &byte, 1));
    ready("all over", end[0]);
    result("shutdown again", shutdown(end[0], SHUT_RDWR));
    must(close(end[0]));
    must(close(end[1]));

    connection(end);
    must(close(end[0]));
    result("closed", read(end[1], &byte, 1));
    result("write to nobody", write(end[1], "x", 1));
    usleep(50000);
    result("a reset came", write(end[1], "x", 1));
    result("and then", write(end[1], "x", 1));
    result("read", read(end[1], &byte, 1));
    must(close(end[1]));

    connection(end);
    must(write(end[0], "unread", 6));
    usleep(50000);
    must(close(end[1])); /* with data unread: a reset */
    usleep(50000);
    ready("reset", end[0]);
    result("read a reset", read(end[0], &byte, 1));
    result("after", read(end[0], &byte, 1));
    must(close(end[0]));

    connection(end);
    must(setsockopt(end[0], SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger)));
    must(close(end[0]));
    usleep(50000);
    result("lingering 0 s", read(end[1], &byte, 1));
    must(close(end[1]));

    connection(end);
    must(shutdown(end[0], SHUT_RD));
    result("nothing more to read", read(end[0], &byte, 1));
    must(write(end[1], "z", 1));
    usleep(50000);
    result("but it comes", read(end[0], &byte, 1));
    must(close(end[0]));
    must(close(end[1]));
}

/* A megabyte each way, through buffers that are smaller. */
void bulk(void)
{
    int end[2];
    size_t out[2] = {0}, in[2] = {0};

    connection(end);
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 31 + i / 4096);
    for (int i = 0; i < 2; i++)
        must(fcntl(end[i], F_SETFL, O_NONBLOCK));
    while (in[0] < sizeof big || in[1] < sizeof big)
        for (int i = 0; i < 2; i++) {
            ssize_t n = out[i] < sizeof big ? write(end[i], big + out[i], sizeof big - out[i]) : 0;
            if (n > 0)
                out[i] += (size_t)n;
            n = read(end[i], back + in[i], i == 0 ? 10000 : sizeof back - in[i]);
            if (n > 0) {
                if (memcmp(back + in[i], big + in[i], (size_t)n) != 0)
                    text("wrong", "bytes");
                in[i] += (size_t)n;
            }
        }
    fact("there", (long long)in[0]);
    fact("and back", (long long)in[1]);
}
