/* SPDX-License-Identifier: Apache-2.0 */
/* Futexes with priority inheritance, shared futexes, membarrier, and threads that do not give up the CPU. */
#include "../check.h"
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif

static uint32_t lock, condition;
static volatile int stage, got_lock;
static long result_of_wait;

static long futex(void *at, int op, long value, void *timeout, void *at2, long value3)
{
    return syscall(SYS_futex, at, op | FUTEX_PRIVATE_FLAG, value, timeout, at2, value3);
}

static void until(int value)
{
    while (stage < value)
        sched_yield();
}

static pid_t tid(void)
{
    return (pid_t)syscall(SYS_gettid);
}

static void pause_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* ---- the C library's own ---- */

static pthread_mutex_t mutex;
static int counter;

static void *count(void *arg)
{
    for (int i = 0; i < 500; i++) {
        pthread_mutex_lock(&mutex);
        int seen = counter;
        if (i % 50 == 0)
            sched_yield();
        counter = seen + 1;
        pthread_mutex_unlock(&mutex);
    }
    return arg;
}

static void *die_with_it(void *arg)
{
    pthread_mutex_lock(&mutex);
    return arg;
}

static void library(void)
{
    pthread_mutexattr_t how;
    pthread_t t[4];
    struct timespec soon;

    pthread_mutexattr_init(&how);
    result("inherit", pthread_mutexattr_setprotocol(&how, PTHREAD_PRIO_INHERIT));
    pthread_mutex_init(&mutex, &how);
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, count, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    printf("counted: %d\n", counter);
    pthread_mutex_destroy(&mutex);

    pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&mutex, &how);
    pthread_create(&t[0], NULL, die_with_it, NULL);
    pthread_join(t[0], NULL);
    printf("owner died: %s\n", error_name(pthread_mutex_lock(&mutex)));
    printf("consistent: %d\n", pthread_mutex_consistent(&mutex));
    printf("unlock: %d\n", pthread_mutex_unlock(&mutex));
    pthread_create(&t[0], NULL, die_with_it, NULL);
    pthread_join(t[0], NULL);
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_sec += 60;
    printf("died again: %s\n", error_name(pthread_mutex_timedlock(&mutex, &soon)));
    pthread_mutex_unlock(&mutex); /* not made consistent: of no more use */
    printf("not recoverable: %s\n", error_name(pthread_mutex_lock(&mutex)));
}

/* ---- bare ---- */

static void *contend(void *arg)
{
    stage = 1;
    result("waiter's lock", futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    printf("waiter owns: %d\n", (lock & FUTEX_TID_MASK) == (uint32_t)tid());
    got_lock = 1;
    until(2);
    result("waiter's unlock", futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
    return arg;
}

static void bare(void)
{
    pthread_t t;
    struct timespec past = {1, 0}, bad = {0, -1};

    result("lock", futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    printf("owner: %d\n", lock == (uint32_t)tid());
    result("again", futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    result("try again", futex(&lock, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
    result("wake by hand", futex(&lock, FUTEX_WAKE, 1, NULL, NULL, 0));
    pthread_create(&t, NULL, contend, NULL);
    until(1);
    while (!(lock & FUTEX_WAITERS))
        sched_yield();
    pause_ms(20);
    printf("has it: %d\n", got_lock);
    result("wake a waiter by hand", futex(&lock, FUTEX_WAKE, 1, NULL, NULL, 0));
    long unlocked = futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
    while (!got_lock)
        sched_yield();
    result("unlock", unlocked);
    result("unlock of another's", futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
    result("try another's", futex(&lock, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
    result("too late", futex(&lock, FUTEX_LOCK_PI, 0, &past, NULL, 0));
    result("too late, steady clock", futex(&lock, FUTEX_LOCK_PI2, 0, &past, NULL, 0));
    result("bad time", futex(&lock, FUTEX_LOCK_PI, 0, &bad, NULL, 0));
    stage = 2;
    pthread_join(t, NULL);
    printf("free: %x\n", lock);
    lock = 0x12345;
    result("owner that is not", futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    lock = 0;
    result("odd address", futex((char *)&lock + 1, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    result("nowhere", futex(NULL, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
}

static uint32_t one, two;

static void *other_way(void *arg)
{
    futex(&two, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
    stage = 1;
    futex(&one, FUTEX_LOCK_PI, 0, NULL, NULL, 0); /* waits for main */
    futex(&one, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
    futex(&two, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
    return arg;
}

static void circle(void)
{
    pthread_t t;

    stage = 0;
    futex(&one, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
    pthread_create(&t, NULL, other_way, NULL);
    until(1);
    while (!(one & FUTEX_WAITERS))
        sched_yield();
    pause_ms(20);
    result("in a circle", futex(&two, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    futex(&one, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
    pthread_join(t, NULL);
    printf("both free: %x %x\n", one, two);
}

static int
    owner; /* told by who has waited for the waiter: which of them runs first is nobody's promise */

static void *wait_requeued(void *arg)
{
    stage = 1;
    result_of_wait = futex(&condition, FUTEX_WAIT_REQUEUE_PI, 0, NULL, &lock, 0);
    owner = (lock & FUTEX_TID_MASK) == (uint32_t)tid();
    futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
    return arg;
}

static void requeue(void)
{
    pthread_t t;

    stage = 0;
    lock = 0;
    result("wrong value", futex(&condition, FUTEX_WAIT_REQUEUE_PI, 5, NULL, &lock, 0));
    result("to itself", futex(&condition, FUTEX_WAIT_REQUEUE_PI, 0, NULL, &condition, 0));
    result("nobody", futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, (void *)9, &lock, 0));
    result("two locks at once", futex(&condition, FUTEX_CMP_REQUEUE_PI, 2, (void *)9, &lock, 0));
    futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
    pthread_create(&t, NULL, wait_requeued, NULL);
    until(1);
    pause_ms(50);
    result("requeue", futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, (void *)9, &lock, 0));
    pause_ms(20);
    futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
    pthread_join(t, NULL);
    printf("waited: %ld, requeued waiter owns: %d\n", result_of_wait, owner);

    stage = 0; /* the lock is free: it is taken for the waiter */
    pthread_create(&t, NULL, wait_requeued, NULL);
    until(1);
    pause_ms(50);
    result("requeue to a free lock",
           futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, (void *)9, &lock, 0));
    pthread_join(t, NULL);
    printf("waited: %ld, requeued waiter owns: %d\n", result_of_wait, owner);
}

/* ---- one futex at two addresses ---- */

static uint32_t *here, *there;

static void *wait_there(void *arg)
{
    stage = 1;
    result_of_wait = syscall(SYS_futex, there, FUTEX_WAIT, 0, NULL, NULL, 0);
    return arg;
}

static void shared(void)
{
    int file = memfd_create("futex", 0);
    pthread_t t;

    ftruncate(file, 8192);
    here = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    there = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 4096);
    stage = 0;
    pthread_create(&t, NULL, wait_there, NULL);
    until(1);
    pause_ms(50);
    result("private wake", futex(here + 1024, FUTEX_WAKE, 1, NULL, NULL, 0));
    result("another word", syscall(SYS_futex, here, FUTEX_WAKE, 1, NULL, NULL, 0));
    result("the same word", syscall(SYS_futex, here + 1024, FUTEX_WAKE, 1, NULL, NULL, 0));
    pthread_join(t, NULL);
    printf("waited: %ld\n", result_of_wait);
}

/* ---- barriers ---- */

static void barriers(void)
{
    int wanted = MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_PRIVATE_EXPEDITED |
                 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;

    printf("has: %d\n", (syscall(SYS_membarrier, 0, 0) & wanted) == wanted);
    result("global", syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0));
    result("not registered", syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0));
    result("register", syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0));
    result("private", syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0));
    result("flags", syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 4));
    result("unknown", syscall(SYS_membarrier, 1 << 20, 0));
}

/* ---- fair under a busy loop ---- */

static volatile int stop;
static volatile unsigned long spun[3];

static void *spin(void *arg)
{
    while (!stop)
        spun[(intptr_t)arg]++;
    return NULL;
}

static void fair(void)
{
    pthread_t t[3];
    struct timespec a, b;

    for (intptr_t i = 0; i < 3; i++)
        pthread_create(&t[i], NULL, spin, (void *)i);
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (int i = 0; i < 10; i++)
        pause_ms(10);
    clock_gettime(CLOCK_MONOTONIC, &b);
    stop = 1;
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    for (int i = 0; i < 3; i++)
        printf("spinner %d ran: %d\n", i, spun[i] > 1000);
    printf("sleeper was not starved: %d\n", b.tv_sec - a.tv_sec < 5);
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    library();
    bare();
    circle();
    requeue();
    shared();
    barriers();
    fair();
    return 0;
}
