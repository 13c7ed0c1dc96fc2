/* SPDX-License-Identifier: Apache-2.0 */
/* eventfd(2). */
#include "events.h"
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static void polled(const char *name, int fd)
{
    struct pollfd one = {fd, POLLIN | POLLOUT, 0};
    int count = poll(&one, 1, 0);

    printf("%s: %d, %#x\n", name, count, (unsigned)one.revents);
}

static void get(const char *name, int fd)
{
    uint64_t value = 0;
    ssize_t size = read(fd, &value, sizeof(value));

    if (size < 0)
        text(name, error_name(errno));
    else
        printf("%s: %ld, %llu\n", name, (long)size, (unsigned long long)value);
}

static long put(int fd, uint64_t value)
{
    return write(fd, &value, sizeof(value));
}

static void *write_one(void *fd)
{
    must(put(*(int *)fd, 5));
    return NULL;
}

static void *read_one(void *fd)
{
    uint64_t value;
    must(read(*(int *)fd, &value, sizeof(value)));
    return NULL;
}

void check_eventfd(void)
{
    int fd = (int)must(eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC)), semaphore, waits;
    uint64_t two[2] = {7, 0};
    char path[40];
    pthread_t other;
    struct stat about;

    fact("close on exec", fcntl(fd, F_GETFD));
    octal("flags", (unsigned long)fcntl(fd, F_GETFL));
    must(fstat(fd, &about));
    octal("mode", about.st_mode);
    result("unknown flag", eventfd(0, 2));
    polled("three", fd);
    get("three", fd);
    polled("none", fd);
    get("none", fd);
    result("add", put(fd, 1));
    result("add", put(fd, 2));
    get("sum", fd);
    result("add none", put(fd, 0));
    get("none", fd);
    result("largest", put(fd, UINT64_MAX - 1));
    polled("full", fd);
    result("no room", put(fd, 1));
    result("room for none", put(fd, 0));
    result("too large", put(fd, UINT64_MAX));
    get("largest", fd);
    result("short read", read(fd, two, 7));
    result("short write", write(fd, two, 7));
    result("long write", write(fd, two, 16));
    result("long read", read(fd, two, 16));
    fact("value", (long long)two[0]);
    result("write from nowhere", write(fd, (void *)8, 8));
    result("read empty to nowhere", read(fd, (void *)8, 8));
    must(put(fd, 1));
    result("read to nowhere", read(fd, (void *)8, 8));
    get("gone", fd);
    result("at a position", pread(fd, two, 8, 0));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    char name[64] = {0};
    must(readlink(path, name, sizeof(name) - 1));
    text("name", name);
    works("open by its name", open(path, O_RDWR));
    semaphore = (int)must(eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK));
    get("semaphore", semaphore);
    get("semaphore", semaphore);
    get("semaphore", semaphore);
    waits = (int)must(eventfd(0, 0));
    pthread_create(&other, NULL, write_one, &waits);
    get("waited for", waits);
    pthread_join(other, NULL);
    must(put(waits, UINT64_MAX - 1));
    pthread_create(&other, NULL, read_one, &waits);
    result("waited for room", put(waits, 1));
    pthread_join(other, NULL);
    get("new value", waits);
#ifdef SYS_eventfd
    works("the old call", syscall(SYS_eventfd, 1));
#endif
}
