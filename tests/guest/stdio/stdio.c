/* SPDX-License-Identifier: Apache-2.0 */
/* Standard streams: binary data through, end of input, and exit statuses. */
#include "../check.h"
#include <sys/stat.h>
#include <sys/uio.h>

static int copy(void)
{
    static unsigned char buffer[70001];
    unsigned sum = 1;
    long long total = 0;
    ssize_t got;

    while ((got = read(0, buffer, sizeof(buffer))) > 0) {
        for (ssize_t i = 0; i < got; i++)
            sum = sum * 31 + buffer[i];
        total += got;
        for (ssize_t at = 0; at < got;) {
            ssize_t put = write(1, buffer + at, (size_t)(got - at));
            if (put <= 0)
                return 98;
            at += put;
        }
    }
    fprintf(stderr, "bytes: %lld, sum: %u, last read: %zd\n", total, sum, got);
    fprintf(stderr, "read at the end: %zd\n", read(0, buffer, 10));
    return 0;
}

static void facts(void)
{
    struct stat about;
    char buffer[4];

    for (int fd = 0; fd < 3; fd++) {
        must(fstat(fd, &about));
        printf("fd %d: fifo %d, size %lld, isatty %d\n", fd, S_ISFIFO(about.st_mode),
               (long long)about.st_size, isatty(fd));
        printf("fd %d: access mode %d\n", fd, fcntl(fd, F_GETFL) & O_ACCMODE);
        printf("fd %d: close on exec %d\n", fd, fcntl(fd, F_GETFD));
    }
    result("read of nothing", read(0, buffer, 4));
    result("seek of a pipe", lseek(0, 0, SEEK_CUR));
    result("pread of a pipe", pread(0, buffer, 1, 0));
    result("read of the write end", read(1, buffer, 1));
    result("write to the read end", write(0, "x", 1));
    result("read into nowhere", read(0, (void *)1, 0));
    result("fsync of a pipe", fsync(1));
    fflush(stdout);
    struct iovec pieces[3] = {{(void *)"one ", 4}, {NULL, 0}, {(void *)"two\n", 4}};
    result("writev", writev(1, pieces, 3));
    result("writev of nothing", writev(1, pieces, 0));
    result("writev of too many", writev(1, pieces, 2000));
    result("close", close(0));
    result("close again", close(0));
    result("lowest descriptor is taken", open("/dev/null", O_RDONLY));
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "exit") == 0)
        exit(atoi(argv[2]));
    if (argc > 2 && strcmp(argv[1], "_exit") == 0) {
        printf("lost");
        _exit(atoi(argv[2]));
    }
    if (argc > 1 && strcmp(argv[1], "copy") == 0)
        return copy();
    facts();
    fprintf(stderr, "errors go their own way\n");
    return 0;
}
