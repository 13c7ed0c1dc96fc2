/* SPDX-License-Identifier: Apache-2.0 */
/* Threads and futexes, through the C library and bare. Prints what must be the same on every Linux. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SAY(...) (printf(__VA_ARGS__), fflush(stdout))
static const char *name_of(int error)
{
    return error ? strerrorname_np(error) : "0";
}
#define NAME(e) name_of((int)(e))
#define THREADS 8

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, robust;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t sem;
static int counter, turn;
static __thread int own = 5;
static volatile int stop, spun[2];
static int word, other;

static long futex(int *at, int op, int value, void *timeout, int *at2, int value3)
{
    long r = syscall(SYS_futex, at, op, value, timeout, at2, value3);

    return r < 0 ? -errno : r;
}

static void *add(void *arg)
{
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&lock);
        counter++;
        if (i % 100 == 0)
            sched_yield();
        pthread_mutex_unlock(&lock);
    }
    own += (int)(intptr_t)arg;
    return (void *)(intptr_t)own;
}

static void *take_turn(void *arg)
{
    int me = (int)(intptr_t)arg;

    pthread_mutex_lock(&lock);
    while (turn != me)
        pthread_cond_wait(&cond, &lock);
    SAY("turn %d\n", me);
    turn++;
    pthread_cond_broadcast(&cond);
    pthread_mutex_unlock(&lock);
    pthread_barrier_wait(&barrier);
    return NULL;
}

static void library(void)
{
    pthread_t t[THREADS];
    long sum = 0;
    void *result;

    for (int i = 0; i < THREADS; i++)
        pthread_create(&t[i], NULL, add, (void *)(intptr_t)i);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(t[i], &result);
        sum += (intptr_t)result;
    }
    SAY("counter %d, sum %ld, own %d\n", counter, sum, own);
    pthread_barrier_init(&barrier, NULL, THREADS + 1);
    for (int i = THREADS - 1; i >= 0; i--)
        pthread_create(&t[i], NULL, take_turn, (void *)(intptr_t)i);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    struct timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 1000000;
    if (soon.tv_nsec >= 1000000000)
        soon.tv_sec++, soon.tv_nsec -= 1000000000;
    pthread_mutex_lock(&lock);
    SAY("cond_timedwait %s\n", NAME(pthread_cond_timedwait(&cond, &lock, &soon)));
    pthread_mutex_unlock(&lock);
    sem_init(&sem, 0, 0);
    int r = sem_timedwait(&sem, &soon);
    SAY("sem_timedwait %d %s\n", r, NAME(errno));
}

static void *die_holding(void *arg)
{
    pthread_mutex_lock(&robust);
    return arg;
}

static void *wait_for_cancel(void *arg)
{
    sem_post(&sem);
    pause();
    return arg;
}

static void *blocked_wait(void *arg)
{
    int got;
    sigset_t usr;

    sigemptyset(&usr);
    sigaddset(&usr, SIGUSR1);
    sigaddset(&usr, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &usr, NULL);
    sem_post(&sem);
    sigwait(&usr, &got);
    return (void *)(intptr_t)(got + (arg != NULL));
}

static void deaths(void)
{
    pthread_mutexattr_t attr;
    pthread_t t;
    void *result;
    sigset_t usr;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &attr);
    pthread_create(&t, NULL, die_holding, NULL);
    pthread_join(t, NULL);
    SAY("robust %s\n", NAME(pthread_mutex_lock(&robust)));
    pthread_mutex_consistent(&robust);
    pthread_mutex_unlock(&robust);
    SAY("again %s\n", NAME(pthread_mutex_lock(&robust)));
    pthread_create(&t, NULL, wait_for_cancel, NULL);
    sem_wait(&sem);
    pthread_cancel(t);
    pthread_join(t, &result);
    SAY("cancelled %d\n", result == PTHREAD_CANCELED);
    sigemptyset(&usr);
    sigaddset(&usr, SIGUSR1);
    sigaddset(&usr, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &usr, NULL);
    pthread_create(&t, NULL, blocked_wait, NULL);
    sem_wait(&sem);
    pthread_kill(t, SIGUSR2);
    pthread_join(t, &result);
    SAY("sigwait by pthread_kill %d\n", (int)(intptr_t)result);
    pthread_create(&t, NULL, blocked_wait, NULL);
    sem_wait(&sem);
    kill(getpid(), SIGUSR1);
    pthread_join(t, &result);
    SAY("sigwait by kill %d\n", (int)(intptr_t)result);
    SAY("own tid is pid %d\n", gettid() == getpid());
    char name[16];
    pthread_setname_np(pthread_self(), "fifteen letters");
    prctl(PR_GET_NAME, name);
    SAY("name %s\n", name);
}

static void *spin(void *arg)
{
    while (!stop)
        spun[(intptr_t)arg] = 1;
    return NULL;
}

/* Neither thread ever makes a call: only the timer can share the CPU out. */
static void preemption(void)
{
    pthread_t t[2];

    for (int i = 0; i < 2; i++)
        pthread_create(&t[i], NULL, spin, (void *)(intptr_t)i);
    while (!spun[0] || !spun[1])
        ;
    stop = 1;
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    SAY("both spun\n");
}

static void *wait_word(void *arg)
{
    sem_post(&sem);
    return (void *)(intptr_t)futex(&word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0, NULL, NULL,
                                   (int)(intptr_t)arg);
}

static void waiters(pthread_t *t, int count, int bits)
{
    for (int i = 0; i < count; i++) {
        pthread_create(&t[i], NULL, wait_word, (void *)(intptr_t)bits);
        sem_wait(&sem);
    }
    usleep(20000); /* they have posted; now they sleep */
}

static void bare(void)
{
    const int p = FUTEX_PRIVATE_FLAG;
    struct timespec brief = {0, 1000000}, past = {1, 0}, bad = {0, 1000000000};
    pthread_t t[3];

    SAY("changed %s\n", NAME(-futex(&word, FUTEX_WAIT | p, 1, NULL, NULL, 0)));
    SAY("time out %s\n", NAME(-futex(&word, FUTEX_WAIT | p, 0, &brief, NULL, 0)));
    SAY("past %s\n", NAME(-futex(&word, FUTEX_WAIT_BITSET | p, 0, &past, NULL, 1)));
    SAY("past wall %s\n",
        NAME(-futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME | p, 0, &past, NULL, 1)));
    SAY("bad time %s\n", NAME(-futex(&word, FUTEX_WAIT | p, 0, &bad, NULL, 0)));
    SAY("no bits %s\n", NAME(-futex(&word, FUTEX_WAIT_BITSET | p, 0, NULL, NULL, 0)));
    SAY("no bits %s\n", NAME(-futex(&word, FUTEX_WAKE_BITSET | p, 1, NULL, NULL, 0)));
    SAY("odd %s\n", NAME(-futex((int *)((char *)&word + 1), FUTEX_WAKE | p, 1, NULL, NULL, 0)));
    SAY("nowhere %s\n", NAME(-futex((int *)64, FUTEX_WAIT | p, 0, NULL, NULL, 0)));
    SAY("operation %s\n", NAME(-futex(&word, 77, 0, NULL, NULL, 0)));
    SAY("nobody %ld\n", futex(&word, FUTEX_WAKE | p, 100, NULL, NULL, 0));
    waiters(t, 3, 2);
    SAY("other bits %ld\n", futex(&word, FUTEX_WAKE_BITSET | p, 9, NULL, NULL, 4));
    SAY("cmp_requeue changed %s\n",
        NAME(-futex(&word, FUTEX_CMP_REQUEUE | p, 1, (void *)1, &other, 9)));
    SAY("cmp_requeue %ld\n", futex(&word, FUTEX_CMP_REQUEUE | p, 1, (void *)1, &other, 0));
    SAY("left %ld\n", futex(&word, FUTEX_WAKE | p, 9, NULL, NULL, 0));
    SAY("moved %ld\n", futex(&other, FUTEX_WAKE | p, 9, NULL, NULL, 0));
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    waiters(t, 2, 1);
    other = 10;
    long r = futex(&other, FUTEX_WAKE_OP | p, 1, (void *)9, &word,
                   FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 0));
    SAY("wake_op %ld word %d\n", r, word);
    word = 0;
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    r = futex(&other, FUTEX_WAKE_OP | p, 1, (void *)1, &word,
              FUTEX_OP((FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT), 5, FUTEX_OP_CMP_GT, 0));
    SAY("wake_op %ld word %d\n", r, word);
    cpu_set_t cpus;
    sched_getaffinity(0, sizeof(cpus), &cpus);
    SAY("first cpu %d\n", CPU_ISSET(0, &cpus));
    SAY("small mask %ld", syscall(SYS_sched_getaffinity, 0, 4, &cpus));
    SAY(" %s\n", NAME(errno));
}

static void *leave_late(void *arg)
{
    usleep(20000);
    SAY("last one\n");
    return arg;
}

int main(int argc, char **argv)
{
    pthread_t t;

    if (!strcmp(argv[argc - 1], "leader-first")) {
        pthread_create(&t, NULL, leave_late, NULL);
        syscall(SYS_exit, 9);
    }
    if (!strcmp(argv[argc - 1], "kill-thread")) {
        pthread_create(&t, NULL, wait_for_cancel, NULL);
        pthread_kill(t, SIGTERM);
        pthread_join(t, NULL);
    }
    if (!strcmp(argv[argc - 1], "execve")) {
        pthread_create(&t, NULL, spin, NULL);
        pthread_create(&t, NULL, wait_for_cancel, NULL);
        sem_wait(&sem);
        signal(SIGUSR1, SIG_IGN);
        execl("/proc/self/exe", "threads", "after", NULL);
        perror("execl");
    }
    if (!strcmp(argv[argc - 1], "after")) {
        struct sigaction act;
        sigaction(SIGUSR1, NULL, &act);
        SAY("after execve: ignored %d, tid is pid %d\n", act.sa_handler == SIG_IGN,
            gettid() == getpid());
        return 4;
    }
    library();
    deaths();
    preemption();
    bare();
    SAY("end\n");
    return 0;
}
