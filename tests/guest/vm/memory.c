/* SPDX-License-Identifier: Apache-2.0 */
/* Page tables: contents through moves and protection, what is resident, and that all comes back. */
#include "guest.h"

enum { PAGE = 4096, PAGES = 600 }; /* more than one table's worth */
#define MOVED_AT (ZERO_AT + 0x8000000)
#define LEN ((uint64_t)PAGES * PAGE)

static int wrong(uint64_t at)
{
    const volatile char *p = (const volatile char *)at;
    int count = 0;

    for (int i = 0; i < PAGES; i++)
        count += p[i * PAGE + 7] != (char)i;
    return count;
}

static void private_pages(void)
{
    volatile char *p = (volatile char *)ZERO_AT;
    long before = call(CALL_FREE_PAGES, 0, 0, 0);

    for (int i = 0; i < PAGES; i++)
        p[i * PAGE + 7] = (char)i;
    tell("taken", before - call(CALL_FREE_PAGES, 0, 0, 0) >= PAGES);
    tell("resident", call(CALL_RESIDENT, ZERO_AT, LEN, 0));
    tell("move", call(CALL_MOVE, ZERO_AT, MOVED_AT, LEN));
    tell("left", call(CALL_RESIDENT, ZERO_AT, LEN, 0));
    tell("wrong", wrong(MOVED_AT));
    tell("none", call(CALL_PROTECT, MOVED_AT, LEN, 0));
    tell("kept", call(CALL_RESIDENT, MOVED_AT, LEN, 0));
    tell("again", call(CALL_PROTECT, MOVED_AT, LEN, 3));
    tell("wrong", wrong(MOVED_AT));
    (void)call(CALL_UNMAP, MOVED_AT, LEN, 0);
    tell("lost", before - call(CALL_FREE_PAGES, 0, 0, 0));
    tell("zero", p[7] + p[PAGE + 7]);
    (void)call(CALL_UNMAP, ZERO_AT, LEN, 0);
    tell("lost", before - call(CALL_FREE_PAGES, 0, 0, 0));
}

static void copied_pages(void)
{
    volatile char *p = (volatile char *)COPY_AT;
    long before = call(CALL_FREE_PAGES, 0, 0, 0);

    tell("read", p[5]);
    tell("around", call(CALL_RESIDENT, COPY_AT, COPY_LEN, 0));
    p[PAGE] = 'y';
    tell("written", p[PAGE]);
    tell("beside", p[PAGE + 1]);
    (void)call(CALL_UNMAP, COPY_AT, COPY_LEN, 0);
    tell("backing", p[PAGE]);
    (void)call(CALL_UNMAP, COPY_AT, COPY_LEN, 0);
    tell("lost", before - call(CALL_FREE_PAGES, 0, 0, 0));
}

/* The frame's size comes back; what a program put there must not harm the kernel. */
static void fpu_frames(void)
{
    volatile uint8_t *frame = (volatile uint8_t *)ZERO_AT;
    long size = call(CALL_FPU_SAVE, ZERO_AT, 0, 0);

    tell("frame", size >= 512);
    tell("restore", call(CALL_FPU_RESTORE, ZERO_AT, 0, 0));
    for (long i = 0; i < size; i++)
        frame[i] = 0xff;
    tell("hostile", call(CALL_FPU_RESTORE, ZERO_AT, 0, 0));
    (void)call(CALL_FPU_SAVE, ZERO_AT, 0, 0);
    for (long i = 512; i < size - 4; i++)
        frame[i] = 0xff;
    tell("header", call(CALL_FPU_RESTORE, ZERO_AT, 0, 0));
    tell("nowhere", call(CALL_FPU_SAVE, 0x30000000, 0, 0));
    tell("nothing", call(CALL_FPU_RESTORE, 0x30000000, 0, 0));
    tell("reset", call(CALL_FPU_RESTORE, 0, 0, 0));
    tell("write", call(CALL_WRITE, 1, 0x30000000, 4));
    tell("write", call(CALL_WRITE, 1, 0x8000000000000000, 4));
}

void test_memory(void)
{
    for (int i = 0; i < 32; i++) /* the console takes its pages */
        (void)call(CALL_WRITE, 2, (uint64_t) "\n", 1);
    for (int i = 0; i < 32; i++)
        say("\n");
    private_pages();
    copied_pages();
    fpu_frames();
}
