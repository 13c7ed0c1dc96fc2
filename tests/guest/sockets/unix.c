/* SPDX-License-Identifier: Apache-2.0 */
/* AF_UNIX: streams, datagrams, sequenced packets and their names. */
#include "sockets.h"
#include <signal.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/uio.h>

static volatile int pipes;

static void on_pipe(int signo)
{
    (void)signo;
    pipes++;
}

void pair(void)
{
    char buffer[64] = {0};
    int end[2], n = 0;
    struct stat about;
    struct sockaddr_un a;
    socklen_t len = sizeof a;

    signal(SIGPIPE, on_pipe);
    result("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, end));
    must(fstat(end[0], &about));
    octal("mode", about.st_mode);
    fact("size", about.st_size);
    octal("flags", (unsigned long)fcntl(end[0], F_GETFL));
    ready("both free", end[0], ALL);
    result("write", write(end[0], "hello", 5));
    result("write more", write(end[0], " world", 6));
    ready("something to read", end[1], ALL);
    ioctl(end[1], FIONREAD, &n);
    fact("FIONREAD", n);
    result("peek", recv(end[1], buffer, 3, MSG_PEEK));
    result("peek all", recv(end[1], buffer, sizeof buffer, MSG_PEEK));
    text("peeked", buffer);
    memset(buffer, 0, sizeof buffer);
    result("read part", read(end[1], buffer, 8));
    text("part", buffer);
    result("read rest", read(end[1], buffer, sizeof buffer));
    result("nothing", recv(end[1], buffer, 1, MSG_DONTWAIT));
    result("read of 0", read(end[1], buffer, 0));
    result("receive of 0", recv(end[1], buffer, 0, MSG_DONTWAIT));
    result("seek", lseek(end[0], 0, SEEK_CUR));
    result("pread", pread(end[0], buffer, 1, 0));
    result("send to a name", sendto(end[0], "x", 1, 0, (void *)&a, unix_address(&a, "@x")));
    result("out of band flag unknown", send(end[0], "x", 1, MSG_ERRQUEUE) >= -1);
    read(end[1], buffer, sizeof buffer);
    len = sizeof a;
    result("name", getsockname(end[0], (void *)&a, &len));
    fact("name length", len);
    len = sizeof a;
    result("peer name", getpeername(end[0], (void *)&a, &len));
    fact("peer name length", len);
    result("connect again", connect(end[0], (void *)&a, unix_address(&a, "@nobody")));
    result("listen", listen(end[0], 1));
    result("accept", accept(end[0], NULL, NULL));

    result("shut writing", shutdown(end[0], SHUT_WR));
    ready("one half shut, self", end[0], ALL);
    ready("one half shut, other", end[1], ALL);
    result("write after it", write(end[0], "x", 1));
    fact("SIGPIPE", pipes);
    result("without signal", send(end[0], "x", 1, MSG_NOSIGNAL));
    fact("SIGPIPE", pipes);
    result("end at the other side", read(end[1], buffer, 1));
    result("the other half", write(end[1], "back", 4));
    result("is read", read(end[0], buffer, sizeof buffer));
    write(end[1], "unread", 6);
    close(end[0]);
    ready("closed with unread bytes", end[1], ALL);
    result("write to closed", write(end[1], "x", 1));
    result("error", read(end[1], buffer, 1));
    result("then the end", read(end[1], buffer, 1));
    result("still the end", read(end[1], buffer, 1));
    ready("after it", end[1], ALL);
    close(end[1]);

    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, end));
    octal("flags", (unsigned long)fcntl(end[0], F_GETFL));
    fact("close on exec", fcntl(end[0], F_GETFD));
    result("empty", read(end[0], buffer, 1));
    result("pieces", writev(end[0], (struct iovec[]){{"ab", 2}, {"", 0}, {"cde", 3}}, 3));
    result("in pieces", readv(end[1], (struct iovec[]){{buffer, 1}, {buffer + 1, 63}}, 2));
    static char big[1 << 20];
    ssize_t put, filled = 0, got, drained = 0;
    while ((put = write(end[0], big, 100000)) > 0)
        filled += put;
    works("full", put);
    yes("took some", filled > 50000);
    ready("full", end[0], POLLOUT);
    while ((got = read(end[1], big, sizeof big)) > 0)
        drained += got;
    works("empty", got);
    yes("all came", filled == drained);
    ready("free again", end[0], POLLOUT);
    result("bad buffer", write(end[0], (void *)8, 10));
    write(end[0], "x", 1);
    result("bad buffer to read", read(end[1], (void *)8, 10));
    result("it is still there", read(end[1], buffer, 10));
    close(end[1]);
    result("no reader", write(end[0], "x", 1));
    close(end[0]);
}

void stream(void)
{
    struct sockaddr_un a;
    char buffer[64];
    socklen_t len;
    int server = must(socket(AF_UNIX, SOCK_STREAM, 0)), client, accepted;

    signal(SIGPIPE, SIG_IGN);
    own_folder();
    ready("fresh", server, ALL);
    result("write unconnected", write(server, "x", 1));
    result("read unconnected", read(server, buffer, 1));
    result("listen unbound", listen(server, 5));
    result("accept not listening", accept(server, NULL, NULL));
    len = sizeof a;
    result("peer", getpeername(server, (void *)&a, &len));
    result("shutdown unconnected", shutdown(server, SHUT_RD));
    close(server);
    server = must(socket(AF_UNIX, SOCK_STREAM, 0));
    result("bind", bind(server, (void *)&a, unix_address(&a, "listener")));
    len = sizeof a;
    result("name", getsockname(server, (void *)&a, &len));
    fact("length", len);
    text("path", a.sun_path);
    client = must(socket(AF_UNIX, SOCK_STREAM, 0));
    result("connect, nobody listens", connect(client, (void *)&a, unix_address(&a, "listener")));
    result("listen", listen(server, 1));
    ready("listening", server, ALL);
    result("connect", connect(client, (void *)&a, unix_address(&a, "listener")));
    result("connect again", connect(client, (void *)&a, unix_address(&a, "listener")));
    ready("one waits", server, ALL);
    ready("connected", client, ALL);
    result("early write", write(client, "early", 5));
    len = sizeof a;
    accepted = accept4(server, (void *)&a, &len, SOCK_NONBLOCK);
    works("accept", accepted);
    fact("client's name", len);
    octal("flags", (unsigned long)fcntl(accepted, F_GETFL));
    result("early bytes", read(accepted, buffer, sizeof buffer));
    len = sizeof a;
    getsockname(accepted, (void *)&a, &len);
    text("accepted name", a.sun_path);
    len = sizeof a;
    getpeername(client, (void *)&a, &len);
    text("server's name", a.sun_path);
    len = sizeof a;
    result("received from", recvfrom(client, buffer, 1, MSG_DONTWAIT, (void *)&a, &len));
    write(accepted, "x", 1);
    len = sizeof a;
    result("received from", recvfrom(client, buffer, 1, 0, (void *)&a, &len));
    fact("length", len);
    result("listen on connected", listen(client, 1));
    result("read of a listener", read(server, buffer, 1));
    result("write to a listener", write(server, "x", 1));
    result("connect of a listener", connect(server, (void *)&a, unix_address(&a, "listener")));

    int more[4], i;
    for (i = 0; i < 4; i++) {
        more[i] = must(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
        result("backlog", connect(more[i], (void *)&a, unix_address(&a, "listener")));
    }
    int second = accept(server, NULL, NULL);
    works("accept makes room", second);
    result("now", connect(more[2], (void *)&a, unix_address(&a, "listener")));
    must(fcntl(server, F_SETFL, O_NONBLOCK));
    close(accept(server, NULL, NULL));
    close(accept(server, NULL, NULL));
    result("no more", accept(server, NULL, NULL));
    result("after close", read(more[1], buffer, 1));
    result("connect", connect(more[3], (void *)&a, unix_address(&a, "listener")));
    close(server);
    ready("refused late", more[3], ALL);
    result("read", read(more[3], buffer, 1));
    result("connect to closed", connect(more[3], (void *)&a, unix_address(&a, "listener")));
    int other = must(socket(AF_UNIX, SOCK_STREAM, 0));
    result("connect to closed, fresh", connect(other, (void *)&a, unix_address(&a, "listener")));
    result("connect to nothing", connect(other, (void *)&a, unix_address(&a, "nothing")));
    result("bind again", bind(other, (void *)&a, unix_address(&a, "listener")));
    result("unlink", unlink("listener"));
    result("and bind", bind(other, (void *)&a, unix_address(&a, "listener")));
    result("accepted lives on", write(accepted, "abc", 3));
    result("read", read(client, buffer, sizeof buffer));
    result("shutdown of listener", listen(other, 3));
    result("shutdown", shutdown(other, SHUT_RD));
    result("accept", accept(other, NULL, NULL));
}

void datagram(void)
{
    struct sockaddr_un a;
    char buffer[64] = {0};
    socklen_t len = sizeof a;
    int one = must(socket(AF_UNIX, SOCK_DGRAM, 0)), two = must(socket(AF_UNIX, SOCK_DGRAM, 0)), n;

    signal(SIGPIPE, on_pipe);
    own_folder();
    ready("fresh", one, ALL);
    result("send nowhere", send(one, "x", 1, 0));
    result("bind one", bind(one, (void *)&a, unix_address(&a, "one")));
    result("bind two", bind(two, (void *)&a, unix_address(&a, "@guest-sockets-two")));
    result("send", sendto(one, "to two", 6, 0, (void *)&a, unix_address(&a, "@guest-sockets-two")));
    result("empty", sendto(one, "", 0, 0, (void *)&a, unix_address(&a, "@guest-sockets-two")));
    ready("to read", two, ALL);
    n = -1;
    ioctl(two, FIONREAD, &n);
    fact("FIONREAD", n);
    result("cut", recvfrom(two, buffer, 3, MSG_PEEK, (void *)&a, &len));
    result("real length", recvfrom(two, buffer, 3, MSG_PEEK | MSG_TRUNC, (void *)&a, &len));
    text("from", a.sun_path);
    fact("length", len);
    result("whole", recv(two, buffer, sizeof buffer, 0));
    result("empty", recv(two, buffer, sizeof buffer, 0));
    result("no more", recv(two, buffer, sizeof buffer, MSG_DONTWAIT));
    result("no such", sendto(one, "x", 1, 0, (void *)&a, unix_address(&a, "@guest-sockets-three")));
    result("no such path", sendto(one, "x", 1, 0, (void *)&a, unix_address(&a, "three")));
    result("connect", connect(one, (void *)&a, unix_address(&a, "@guest-sockets-two")));
    result("send", send(one, "a", 1, 0));
    result("still to a name",
           sendto(one, "b", 1, 0, (void *)&a, unix_address(&a, "@guest-sockets-two")));
    must(fcntl(one, F_SETFL, O_NONBLOCK));
    for (n = 2; send(one, "c", 1, 0) == 1; n++)
        ;
    works("full", -1);
    fact("messages", n);
    ready("full", one, ALL);
    recv(two, buffer, 1, 0);
    ready("one place", one, ALL);
    while (recv(two, buffer, 1, MSG_DONTWAIT) > 0)
        ;
    int three = must(socket(AF_UNIX, SOCK_DGRAM, 0));
    result("two connects to one", connect(two, (void *)&a, unix_address(&a, "one")));
    result("a third may not send",
           sendto(three, "x", 1, 0, (void *)&a, unix_address(&a, "@guest-sockets-two")));
    result("nor connect", connect(three, (void *)&a, unix_address(&a, "@guest-sockets-two")));
    result("other type",
           connect(must(socket(AF_UNIX, SOCK_STREAM, 0)), (void *)&a, unix_address(&a, "one")));
    result("listen", listen(one, 1));
    result("accept", accept(one, NULL, NULL));
    static char big[300000];
    result("too long", send(one, big, sizeof big, 0));
    result("long", send(one, big, 100000, 0));
    result("received", recv(two, big, sizeof big, 0));
    send(one, "x", 1, 0);
    a.sun_family = AF_UNSPEC;
    result("disconnect", connect(two, (void *)&a, sizeof a));
    result("was lost", recv(two, buffer, 1, MSG_DONTWAIT));
    result("error", send(one, "x", 1, 0));
    result("told once", send(one, "x", 1, 0));
    close(two);
    ready("peer closed", one, ALL);
    result("refused", send(one, "x", 1, 0));
    result("then not connected", send(one, "x", 1, 0));
    result("shut", shutdown(one, SHUT_RDWR));
    ready("shut", one, ALL);
    result("read", recv(one, buffer, 1, MSG_DONTWAIT));
    must(fcntl(one, F_SETFL, 0));
    result("waiting read", recv(one, buffer, 1, 0));
    result("write", sendto(one, "x", 1, 0, (void *)&a, unix_address(&a, "one")));
    fact("SIGPIPE", pipes);
    int end[2];
    must(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, end));
    for (n = 0; n < 40 && send(end[0], "c", 1, 0) == 1; n++)
        ;
    fact("a pair takes more", n);
    result("a raw one", socketpair(AF_UNIX, SOCK_RAW, 0, end));
    int type = 0;
    len = sizeof type;
    getsockopt(end[0], SOL_SOCKET, SO_TYPE, &type, &len);
    fact("is", type);
}

void seqpacket(void)
{
    struct sockaddr_un a;
    char buffer[64] = {0};
    int server = must(socket(AF_UNIX, SOCK_SEQPACKET, 0)),
        client = must(socket(AF_UNIX, SOCK_SEQPACKET, 0)), peer;
    struct iovec vec = {buffer, 3};
    struct msghdr m = {.msg_iov = &vec, .msg_iovlen = 1};

    signal(SIGPIPE, on_pipe);
    ready("fresh", client, ALL);
    result("send unconnected", send(client, "x", 1, 0));
    result("receive unconnected", recv(client, buffer, 1, MSG_DONTWAIT));
    result("bind", bind(server, (void *)&a, unix_address(&a, "@guest-sockets-seq")));
    result("listen", listen(server, 1));
    result("connect", connect(client, (void *)&a, unix_address(&a, "@guest-sockets-seq")));
    peer = accept(server, NULL, NULL);
    works("accept", peer);
    result("send", send(client, "one", 3, 0));
    result("send", send(client, "second", 6, MSG_EOR));
    result("zero bytes", send(client, "", 0, 0));
    result("first", recv(peer, buffer, sizeof buffer, 0));
    result("second cut", recvmsg(peer, &m, 0));
    fact("flags", m.msg_flags);
    result("zero", recv(peer, buffer, sizeof buffer, 0));
    result("none", recv(peer, buffer, sizeof buffer, MSG_DONTWAIT));
    result("to a name",
           sendto(client, "x", 1, 0, (void *)&a, unix_address(&a, "@guest-sockets-seq")));
    result("unread at close", close(peer));
    ready("other side gone", client, ALL);
    result("send", send(client, "x", 1, 0));
    result("receive", recv(client, buffer, 1, 0));
    result("receive", recv(client, buffer, 1, 0));
    fact("SIGPIPE", pipes);
}

void names(void)
{
    struct sockaddr_un a;
    struct stat about;
    socklen_t len;
    char cwd[100];
    int fd = must(socket(AF_UNIX, SOCK_STREAM, 0)), other = must(socket(AF_UNIX, SOCK_STREAM, 0));

    own_folder();
    umask(027);
    result("family alone binds to any name", bind(fd, (void *)&a, unix_address(&a, "") * 0 + 2));
    len = sizeof a;
    result("name", getsockname(fd, (void *)&a, &len));
    fact("length", len);
    fact("first byte", a.sun_path[0]);
    result("again", bind(fd, (void *)&a, 2));
    result("another name", bind(fd, (void *)&a, unix_address(&a, "late")));
    result("an abstract one", bind(fd, (void *)&a, unix_address(&a, "@late")));
    result("no name", bind(other, (void *)&a, 1));
    result("too long", bind(other, (void *)&a, sizeof a + 1));
    a.sun_family = AF_INET;
    result("another family", bind(other, (void *)&a, 20));
    result("connect, another family", connect(other, (void *)&a, 20));
    result("connect to family alone", connect(other, (void *)&a, unix_address(&a, "") * 0 + 2));
    result("path", bind(other, (void *)&a, unix_address(&a, "path")));
    must(stat("path", &about));
    octal("mode", about.st_mode);
    fact("size", about.st_size);
    result("open", open("path", O_RDWR));
    works("O_PATH", open("path", O_PATH));
    result("execute", access("path", X_OK));
    int third = must(socket(AF_UNIX, SOCK_STREAM, 0));
    result("taken", bind(third, (void *)&a, unix_address(&a, "path")));
    result("folder missing", bind(third, (void *)&a, unix_address(&a, "no/path")));
    result("no folder", bind(third, (void *)&a, unix_address(&a, "path/x")));
    result("symbolic link", symlink("path", "link"));
    result("taken by a link", bind(third, (void *)&a, unix_address(&a, "link")));
    result("connect through a link, no listener",
           connect(third, (void *)&a, unix_address(&a, "link")));
    listen(other, 8);
    result("connect through a link", connect(third, (void *)&a, unix_address(&a, "link")));
    result("rename", rename("path", "moved"));
    close(third);
    third = must(socket(AF_UNIX, SOCK_STREAM, 0));
    result("under the new name", connect(third, (void *)&a, unix_address(&a, "moved")));
    len = sizeof a;
    memset(&a, 0, sizeof a);
    getpeername(third, (void *)&a, &len);
    text("bound name", a.sun_path);
    close(third);
    third = must(socket(AF_UNIX, SOCK_STREAM, 0));
    result("no socket", close(open("file", O_CREAT | O_RDWR, 0666)));
    result("connect to a file", connect(third, (void *)&a, unix_address(&a, "file")));
    result("connect to a folder", connect(third, (void *)&a, unix_address(&a, ".")));
    result("hard link", link("moved", "linked"));
    result("by the link", connect(third, (void *)&a, unix_address(&a, "linked")));
    getcwd(cwd, sizeof cwd);
    strcat(cwd, "/moved");
    close(third);
    third = must(socket(AF_UNIX, SOCK_STREAM, 0));
    accept(other, NULL, NULL);
    accept(other, NULL, NULL);
    result("whole path", connect(third, (void *)&a, unix_address(&a, cwd)));
    int dgram = must(socket(AF_UNIX, SOCK_DGRAM, 0));
    result("another type", connect(dgram, (void *)&a, unix_address(&a, "moved")));
    result("abstract, one type", bind(dgram, (void *)&a, unix_address(&a, "@guest-sockets-both")));
    result("abstract, other type",
           bind(third, (void *)&a, unix_address(&a, "@guest-sockets-both")));
    third = must(socket(AF_UNIX, SOCK_DGRAM, 0));
    result("abstract, same type", bind(third, (void *)&a, unix_address(&a, "@guest-sockets-both")));
    len = 4;
    memset(&a, 'x', sizeof a);
    result("short room", getsockname(dgram, (void *)&a, &len));
    fact("real length", len);
    fact("untouched", a.sun_path[2]);
    result("closed name is free", close(dgram));
    result("bind it", bind(third, (void *)&a, unix_address(&a, "@guest-sockets-both")));
    memset(&a, 0, sizeof a);
    a.sun_family = AF_UNIX;
    memset(a.sun_path, 'p', sizeof a.sun_path);
    third = must(socket(AF_UNIX, SOCK_DGRAM, 0));
    result("108 bytes, no end", bind(third, (void *)&a, sizeof a));
    len = sizeof a;
    result("its name", getsockname(third, (void *)&a, &len));
    fact("length", len);
    result("unlink all", unlink("moved") | unlink("linked") | unlink("link") | unlink("file"));
}
