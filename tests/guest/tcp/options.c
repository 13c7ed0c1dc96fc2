/* SPDX-License-Identifier: Apache-2.0 */
/* Options of TCP and of SOL_SOCKET that mean something to it. */
#include "tcp.h"

static void show(int fd, const char *name, int level, int option)
{
    int value = -77;
    socklen_t len = sizeof value;

    if (getsockopt(fd, level, option, &value, &len) < 0)
        text(name, error_name(errno));
    else
        printf("%s: %d, %u bytes\n", name, value, (unsigned)len);
}

static void put(int fd, const char *name, int option, int value)
{
    printf("set ");
    result(name, setsockopt(fd, IPPROTO_TCP, option, &value, sizeof value));
    show(fd, name, IPPROTO_TCP, option);
}

void options(void)
{
    struct tcp_info info;
    char name[32] = {0};
    socklen_t len = sizeof name;
    int fd = stream_socket(), end[2];

    show(fd, "SO_TYPE", SOL_SOCKET, SO_TYPE);
    show(fd, "SO_PROTOCOL", SOL_SOCKET, SO_PROTOCOL);
    show(fd, "SO_RCVBUF", SOL_SOCKET, SO_RCVBUF);
    show(fd, "SO_SNDBUF", SOL_SOCKET, SO_SNDBUF);
    show(fd, "SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE);
    show(fd, "SO_ACCEPTCONN", SOL_SOCKET, SO_ACCEPTCONN);
    show(fd, "TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY);
    show(fd, "TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE);
    show(fd, "TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL);
    show(fd, "TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT);
    show(fd, "TCP_SYNCNT", IPPROTO_TCP, TCP_SYNCNT);
    show(fd, "TCP_DEFER_ACCEPT", IPPROTO_TCP, TCP_DEFER_ACCEPT);
    show(fd, "TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT);
    put(fd, "TCP_NODELAY", TCP_NODELAY, 7);
    put(fd, "TCP_CORK", TCP_CORK, 1);
    put(fd, "TCP_CORK", TCP_CORK, 0);
    put(fd, "TCP_MAXSEG", TCP_MAXSEG, 1000);
    put(fd, "TCP_MAXSEG", TCP_MAXSEG, 10);
    put(fd, "TCP_KEEPIDLE", TCP_KEEPIDLE, 100);
    put(fd, "TCP_KEEPIDLE", TCP_KEEPIDLE, 0);
    put(fd, "TCP_KEEPIDLE", TCP_KEEPIDLE, 40000);
    put(fd, "TCP_KEEPINTVL", TCP_KEEPINTVL, 5);
    put(fd, "TCP_KEEPCNT", TCP_KEEPCNT, 128);
    put(fd, "TCP_SYNCNT", TCP_SYNCNT, 3);
    put(fd, "TCP_USER_TIMEOUT", TCP_USER_TIMEOUT, 4500);
    put(fd, "TCP_USER_TIMEOUT", TCP_USER_TIMEOUT, -1);
    put(fd, "TCP_QUICKACK", TCP_QUICKACK, 0);
    put(fd, "unknown", 99, 1);
    result("short", setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &len, 2));
    result("get", getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len));
    fact("of bytes", len);
    result("reno", setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
    result("unknown", setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "warp", 4));
    len = sizeof name;
    must(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len));
    text("congestion control", name);
    must(close(fd));

    connection(end);
    len = sizeof info;
    memset(&info, 0, sizeof info);
    result("TCP_INFO", getsockopt(end[0], IPPROTO_TCP, TCP_INFO, &info, &len));
    fact("state", info.tcpi_state);
    fact("options", info.tcpi_options & 7);
    yes("a window", info.tcpi_snd_cwnd > 0 && info.tcpi_snd_mss > 1000);
    fact("retransmits", info.tcpi_retransmits);
    show(end[0], "SO_ERROR", SOL_SOCKET, SO_ERROR);
    must(close(end[0]));
    must(close(end[1]));
}

void urgent(void)
{
    char buffer[16] = {0};
    int end[2], on = 1, mark = 0;

    connection(end);
    result("none", recv(end[1], buffer, 1, MSG_OOB));
    must(send(end[0], "ab", 2, 0));
    result("urgent", send(end[0], "X", 1, MSG_OOB));
    must(send(end[0], "cd", 2, 0));
    yes("POLLPRI", wait_for(end[1], POLLPRI) & POLLPRI);
    usleep(50000);
    result("up to the mark", recv(end[1], buffer, sizeof buffer, 0));
    must(ioctl(end[1], SIOCATMARK, &mark));
    fact("at the mark", mark);
    result("the byte", recv(end[1], buffer, 1, MSG_OOB));
    printf("%c\n", buffer[0]);
    result("once", recv(end[1], buffer, 1, MSG_OOB));
    result("the rest", recv(end[1], buffer, sizeof buffer, 0));
    printf("%.2s\n", buffer);
    must(setsockopt(end[1], SOL_SOCKET, SO_OOBINLINE, &on, sizeof on));
    must(send(end[0], "12Y", 3, MSG_OOB));
    must(send(end[0], "34", 2, 0));
    usleep(50000);
    memset(buffer, 0, sizeof buffer);
    result("inline", recv(end[1], buffer, sizeof buffer, 0));
    must(ioctl(end[1], SIOCATMARK, &mark));
    fact("at the mark", mark);
    result("from the mark", recv(end[1], buffer + 2, sizeof buffer - 2, 0));
    text("all", buffer);
}
