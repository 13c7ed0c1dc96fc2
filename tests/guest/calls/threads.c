/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that hand on to each other in calls, each with its own FP state. */
#include "calls.h"
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

enum { THREADS = 4, TURNS = 400 };

static int ring[THREADS][2];
static unsigned wrong[THREADS];
static volatile sig_atomic_t alarms;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned turn;

static void count(int signo)
{
    (void)signo;
    alarms++;
}

static void *run(void *argument)
{
    unsigned me = (unsigned)(uintptr_t)argument;
    char byte;

    for (unsigned i = 0; i < TURNS; i++) {
        wrong[me] += !fp_survives(0x7000000000000000 + me * 1000 + i, 2);
        wrong[me] += read(ring[me][0], &byte, 1) != 1 || byte != 't';
        wrong[me] += site_call(SYS_gettid, 0, 0, 0) != gettid();
        wrong[me] += write(ring[(me + 1) % THREADS][1], "t", 1) != 1;
    }
    for (unsigned i = 0; i < TURNS; i++) {
        pthread_mutex_lock(&mutex);
        while (turn % THREADS != me)
            pthread_cond_wait(&changed, &mutex);
        turn++;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void *run_short(void *argument)
{
    *(unsigned *)argument += !fp_survives(17, 3);
    return NULL;
}

void threads(void)
{
    pthread_t thread[THREADS];
    const struct itimerval it = {{0, 300}, {0, 300}}, off = {{0, 0}, {0, 0}};
    struct sigaction act = {.sa_handler = count, .sa_flags = SA_RESTART};

    sigaction(SIGALRM, &act, NULL);
    for (unsigned i = 0; i < THREADS; i++)
        if (pipe(ring[i]))
            return;
    setitimer(ITIMER_REAL, &it, NULL);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, run, (void *)(uintptr_t)i);
    if (write(ring[0][1], "t", 1) != 1)
        return;
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        printf("thread %u wrong: %u\n", i, wrong[i]);
    }
    setitimer(ITIMER_REAL, &off, NULL);
    printf("turns: %u, alarms: %d\n", turn, alarms > 0);
    for (unsigned i = 0; i < 50; i++) { /* short ones */
        turn = 0;
        for (unsigned j = 0; j < THREADS; j++)
            pthread_create(&thread[j], NULL, run_short, &wrong[j]);
        for (unsigned j = 0; j < THREADS; j++)
            pthread_join(thread[j], NULL);
    }
    printf("short ones wrong: %u\n", wrong[0] + wrong[1] + wrong[2] + wrong[3]);
}
