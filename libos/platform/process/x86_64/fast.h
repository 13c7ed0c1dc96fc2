/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls without a trap. Where the program's code has made a system call a few times, the instruction
 * becomes a jump to a piece of code nearby, its trampoline, which comes in at fast_enter. Everybody but
 * the files named below sees the program as if it had run `syscall`: README.md, "Fast calls".
 */
#ifndef U2K_PROCESS_FAST_H
#define U2K_PROCESS_FAST_H

#include <u2k/platform.h>
#include <u2k/types.h>

struct ucontext;

/* ---- fast.c: the way in and back ---- */

/* Trampolines jump here with the program's stack: the address behind `syscall` in rcx, where to go on in r11. */
void fast_enter(void);

/* A signal of the host came at `uc`, while library OS code runs: what must not be cut in two begins anew. */
void fast_interrupted(struct ucontext *uc);

/* The same while the program runs, perhaps on its way in or out: it is where it would be without us. */
void fast_rewind(struct ucontext *uc);

/* The program is behind an `int3` that a rewritten site has where an instruction was: true, and there it goes on. */
bool site_entered(struct ucontext *uc);

/* ---- site.c: which calls, and their trampolines ---- */

/* The program has just been trapped at `next`, the address behind `syscall`, with the call `nr`. */
void site_trapped(vaddr_t next, long nr);

/* Where a program that is to go on at `rip` really goes on: elsewhere if that was moved. */
vaddr_t site_continuation(vaddr_t rip);

/* Where a program is that stands at `rip`: in its own code if `rip` is in a trampoline. */
vaddr_t site_address(vaddr_t rip);

/* Counts up whenever code that was rewritten is as before or gone: what was known of it is stale. */
extern uint64_t site_changes;

/* ---- movable.c ---- */

/* The length of the instruction at `code` if it does the same wherever it is; 0: it does not, or is not known. At
 * least 16 bytes can be read. */
unsigned code_movable(const uint8_t *code);

/* ---- room.c: trampolines by the sites that they serve ---- */

enum {
    TRAMPOLINE_SIZE = 32,
    ROOM_PAGES = 32,
    TRAMPOLINES_A_PAGE =
        PAGE_SIZE / TRAMPOLINE_SIZE, /* the first holds the address of fast_enter */
};

/* One trampoline. `bytes` is how the library OS reaches it. `shape` is 0 where it is free, else the bytes of
 * program code that it begins with << 4, and those behind the call. */
struct trampoline {
    vaddr_t at;
    uint8_t *bytes, *shape;
};

/* One for the site whose call ends at `next`, not in use yet; false: there is no room. */
bool trampoline_take(const struct code *c, vaddr_t next, struct trampoline *out);

/* The one that `at` lies in, if it is in use. */
bool trampoline_at(vaddr_t at, struct trampoline *out);

/* May `at` belong to a rewritten site? Cheap. */
bool trampoline_near(vaddr_t at);

/* The address behind the call that `t` serves. */
vaddr_t trampoline_next(const struct trampoline *t);

/* Its offset where the program goes on after the call, of one that has code from behind. */
enum { CONTINUATION = 20 };

/* Put the site of `t` back as it was. The trampoline stays. */
void site_restore(const struct trampoline *t);

#endif
