/* SPDX-License-Identifier: Apache-2.0 */
#include "calls.h"

bool fp_survives(uint64_t value, unsigned calls)
{
    uint64_t got;
    uint32_t control = 0x3f80, rounding; /* rounds down: not the initial state */

    __asm__ volatile("ldmxcsr %0\n\tmovq %1, %%xmm9" ::"m"(control), "r"(value) : "xmm9");
    for (unsigned i = 0; i < calls; i++)
        (void)site_call(SYS_sched_yield, 0, 0, 0);
    __asm__ volatile("movq %%xmm9, %0\n\tstmxcsr %1" : "=r"(got), "=m"(rounding)::"xmm9");
    control = 0x1f80;
    __asm__ volatile("ldmxcsr %0" ::"m"(control));
    return got == value && (rounding & 0xe000) == 0x2000;
}

static void registers(void)
{
    uint64_t behind[SITE_WORDS] = {0}, first[SITE_WORDS] = {0};
    unsigned different = 0;

    (void)site_registers(first);
    for (unsigned i = 0; i < OFTEN; i++) {
        if (site_registers(behind) != getppid())
            different++;
        different += memcmp(behind, first, sizeof(first)) != 0;
    }
    printf("different: %u\n", different);
    for (unsigned i = 0; i < SITE_WORDS; i++)
        printf("word %u: %#lx\n", i, (unsigned long)behind[i]);
    printf("fp: %d\n", fp_survives(0x123456789abcdef, OFTEN));
    for (unsigned i = 0; i < OFTEN; i++)
        different += read(-1, NULL, 0) != -1 || errno != EBADF;
    printf("read: %u\n", different);
}

static void behind(void)
{
    unsigned right = 0;

    for (long i = 0; i < 20; i++) {
        right += site_call(SYS_getpid, 0, 0, 0) == getpid();
        right += site_call(SYS_close, -1, 0, 0) == 1000000 + EBADF;
        right += site_enter_behind(i) == i;
        right += site_enter_behind(-i - 1) == 1000001 + i;
        right += site_plain(SYS_getpid) == getpid();
        right += site_plain_late(SYS_getppid) == getppid();
    }
    printf("right: %u\n", right);
}

static void again(char *self)
{
    for (unsigned i = 0; i < OFTEN; i++)
        (void)site_call(SYS_getppid, 0, 0, 0);
    char *args[] = {self, "registers", NULL}, *none[] = {NULL};
    (void)site_call(SYS_execve, (long)self, (long)args, (long)none);
    printf("not executed: %s\n", strerror(errno));
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (!strcmp(what, "registers"))
        registers();
    else if (!strcmp(what, "behind"))
        behind();
    else if (!strcmp(what, "code"))
        code();
    else if (!strcmp(what, "storm"))
        storm();
    else if (!strcmp(what, "restart"))
        restart();
    else if (!strcmp(what, "threads"))
        threads();
    else
        again(argv[0]);
    puts("end");
    return 0;
}
