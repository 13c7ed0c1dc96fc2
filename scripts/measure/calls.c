/* SPDX-License-Identifier: Apache-2.0 */
/* What system calls cost: nanoseconds each of getppid(2), of read(2) from /dev/null, and of handing a byte through
 * pipes to another thread and back. Minimum of a few rounds, each of so many calls as the first argument says. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 5 };

static int null_fd, there[2], back[2];

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void *echo(void *unused)
{
    char byte;
    while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1)
        ;
    return unused;
}

static void call_getppid(void)
{
    (void)getppid();
}

static void call_read(void)
{
    char byte;
    if (read(null_fd, &byte, 1))
        abort();
}

static void hand_over(void)
{
    char byte = 'x';
    if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
        abort();
}

static void measure(const char *name, void (*call)(void), long count)
{
    double best = 1e18;
    for (int round = 0; round < ROUNDS; round++) {
        double from = now();
        for (long i = 0; i < count; i++)
            call();
        double each = (now() - from) / (double)count;
        best = each < best ? each : best;
    }
    printf("%s %.1f\n", name, best);
}

int main(int argc, char **argv)
{
    long count = argc > 1 ? atol(argv[1]) : 20000;
    pthread_t thread;

    null_fd = open("/dev/null", O_RDONLY);
    measure("getppid", call_getppid, count);
    measure("read", call_read, count);
    if (pipe(there) || pipe(back) || pthread_create(&thread, NULL, echo, NULL))
        return 1;
    measure("handover", hand_over, count / 4);
    return 0;
}
