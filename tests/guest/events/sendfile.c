/* SPDX-License-Identifier: Apache-2.0 */
/* sendfile(2) to a connection: a file of the image, and one that was written. */
#include "events.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>

static int ends[2];
static unsigned long long received, sum;

static unsigned long long add(unsigned long long value, const unsigned char *at, size_t count)
{
    for (size_t i = 0; i < count; i++)
        value = value * 31 + at[i];
    return value;
}

static void *receive_all(void *argument)
{
    static unsigned char buffer[30000];
    ssize_t n;

    received = sum = 0;
    while ((n = must(recv(ends[1], buffer, sizeof(buffer), 0))) > 0) {
        sum = add(sum, buffer, (size_t)n);
        received += (size_t)n;
    }
    return argument;
}

static void connected(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(at);
    int listening = (int)must(socket(AF_INET, SOCK_STREAM, 0));

    must(bind(listening, (struct sockaddr *)&at, sizeof(at)));
    must(listen(listening, 1));
    must(getsockname(listening, (struct sockaddr *)&at, &size));
    ends[0] = (int)must(socket(AF_INET, SOCK_STREAM, 0));
    must(connect(ends[0], (struct sockaddr *)&at, sizeof(at)));
    ends[1] = (int)must(accept(listening, NULL, NULL));
    close(listening);
}

static void whole(const char *name, int file)
{
    static unsigned char buffer[1 << 20];
    struct stat about;
    pthread_t other;
    unsigned long long wanted = 0, total = 0;
    ssize_t n;

    must(fstat(file, &about));
    for (off_t at = 0; (n = must(pread(file, buffer, sizeof(buffer), at))) > 0; at += n)
        wanted = add(wanted, buffer, (size_t)n);
    connected();
    pthread_create(&other, NULL, receive_all, NULL);
    must(send(ends[0], "head", 4, MSG_MORE));
    lseek(file, 0, SEEK_SET);
    while ((n = must(sendfile(ends[0], file, NULL, 1 << 20))) > 0)
        total += (size_t)n;
    yes(name, total == (unsigned long long)about.st_size);
    yes("position", lseek(file, 0, SEEK_CUR) == about.st_size);
    must(send(ends[0], "tail", 4, 0));
    close(ends[0]);
    pthread_join(other, NULL);
    yes("all came", received == total + 8);
    unsigned long long expect = add(0, (const unsigned char *)"head", 4);
    for (off_t at = 0; (n = must(pread(file, buffer, sizeof(buffer), at))) > 0; at += n)
        expect = add(expect, buffer, (size_t)n);
    yes("as it is", sum == add(expect, (const unsigned char *)"tail", 4));
    close(ends[1]);
}

void check_sendfile(void)
{
    static char bytes[300000];
    int program = (int)must(open("/proc/self/exe", O_RDONLY));
    int file = (int)must(open("written", O_RDWR | O_CREAT, 0600));
    off_t at = 1000;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * i >> 7);
    must(write(file, bytes, sizeof(bytes)));
    whole("the program", program);
    whole("what was written", file);
    connected();
    result("a part", sendfile(ends[0], program, &at, 5000));
    fact("position", at);
    result("received", recv(ends[1], bytes, sizeof(bytes), MSG_WAITALL | MSG_DONTWAIT));
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    while (sendfile(ends[0], program, &(off_t){0}, 1 << 20) > 0)
        ;
    text("no room", error_name(errno));
    signal(SIGPIPE, SIG_IGN);
    must(shutdown(ends[0], SHUT_WR));
    result("shut", sendfile(ends[0], program, &(off_t){0}, 100));
    close(ends[0]);
    close(ends[1]);
}
