/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sites of calls, and how they are rewritten. `syscall` and the instruction behind it, of 3 bytes or
 * more, become one jump. That both begin where they do needs no analysis: the one has just been run, the
 * other is what runs next. Whoever jumps to the second one is helped on: room.c.
 *
 * Where that is not possible, for there is `ret` behind, the jump stands in the place of an instruction before
 * the call, and `syscall` stays. Where that one begins, and that nothing leads to its middle, is known
 * by reading: BOOT_SITES.
 */
#include "../process.h"
#include "fast.h"
#include "hostcall.h"
#include <u2k/boot.h>
#include <u2k/platform.h>
#include <u2k/string.h>
#include <u2k/uaccess.h>

enum { JUMP = 0xe9, JUMP_SIZE = 5, SYSCALL_SIZE = 2 };
enum { BEHIND_MAX = TRAMPOLINE_SIZE - CONTINUATION - JUMP_SIZE, BEFORE_MAX = 12 };
enum { COUNTERS = 1024, TRAPS = 4 }; /* rewriting costs as much as some three traps */
/* Of these a site gains nothing: they do not come back behind the call. Unwinders know the code that makes
 * rt_sigreturn by its bytes. */
enum { NR_rt_sigreturn = 15, NR_execve = 59, NR_exit = 60, NR_exit_group = 231 };

/* `syscall`: neither here nor as an operand of an instruction, since what is here can be jumped to. */
static volatile uint8_t syscall_code[SYSCALL_SIZE] = {0x0f, 0x05};

static unsigned traps_needed(void)
{
    static unsigned needed = UINT32_MAX;

    if (needed != UINT32_MAX)
        return needed;
    const char *text = cmdline_value("u2k.fastcalls");
    needed = text ? 0 : TRAPS;
    for (; text && *text >= '0' && *text <= '9' && needed < UINT8_MAX; text++)
        needed = needed * 10 + (unsigned)(*text - '0');
    return needed;
}

static uint8_t *put(uint8_t *p, const void *bytes, size_t n)
{
    memcpy(p, bytes, n);
    return p + n;
}

/* An instruction whose last 4 bytes are the way to `target`; `at`: where the first byte of `p` will run. */
static uint8_t *put_relative(uint8_t *p, vaddr_t at, const char *op, size_t n, vaddr_t target)
{
    int32_t displacement = (int32_t)(target - (at + n + sizeof(displacement)));

    p = put(p, op, n);
    return put(p, &displacement, sizeof(displacement));
}

#define RELATIVE(p, t, op, target) \
    put_relative((p), (t)->at + (vaddr_t)((p) - (t)->bytes), (op), sizeof(op) - 1, (target))

static void write_trampoline_before(const struct trampoline *t, vaddr_t next, const uint8_t *before,
                                    unsigned length)
{
    uint8_t *p = put(t->bytes, before, length);

    p = RELATIVE(p, t, "\x48\x8d\x0d", next); /* lea next(%rip), %rcx */
    p = put(p, "\x49\x89\xcb", 3); /* mov %rcx, %r11 */
    (void)RELATIVE(p, t, "\xff\x25", ALIGN_DOWN(t->at, (vaddr_t)PAGE_SIZE)); /* jmp *(%rip) */
    *t->shape = (uint8_t)(length << 4);
}

static void write_trampoline(const struct trampoline *t, vaddr_t next, const uint8_t *behind,
                             unsigned length)
{
    uint8_t *p = t->bytes;

    p = RELATIVE(p, t, "\x48\x8d\x0d", next); /* lea next(%rip), %rcx */
    p = RELATIVE(p, t, "\x4c\x8d\x1d", t->at + CONTINUATION); /* lea (%rip), %r11 */
    p = RELATIVE(p, t, "\xff\x25", ALIGN_DOWN(t->at, (vaddr_t)PAGE_SIZE)); /* jmp *(%rip) */
    p = put(p, behind, length);
    (void)RELATIVE(p, t, "\xe9", next + length);
    *t->shape = (uint8_t)length;
}

/* Bytes of text that the program cannot write. */
static bool write_code(vaddr_t at, const uint8_t *bytes, size_t len, const struct code *c)
{
    vaddr_t page = ALIGN_DOWN(at, (vaddr_t)PAGE_SIZE);
    size_t size = ALIGN_UP(at + len, (vaddr_t)PAGE_SIZE) - page;

    if (host_call(mprotect, page, size, PROT_READ | PROT_WRITE) < 0)
        return false;
    bool done = user_write(at, bytes, len) == 0;
    if (host_call(mprotect, page, size, c->prot) <
        0) { /* a host that lets no changed file be run */
        (void)plat_map(page, size, c->prot, MAP_COPY, (const char *)c->backing + (page - c->lo));
        return false;
    }
    return done;
}

void site_restore(const struct trampoline *t)
{
    uint8_t bytes[JUMP_SIZE] = {syscall_code[0], syscall_code[1]};
    vaddr_t next = trampoline_next(t);
    unsigned before = *t->shape >> 4;
    struct code c = {.prot = PROT_READ | PROT_EXEC};

    if (before)
        memcpy(bytes, t->bytes, sizeof(bytes));
    else
        memcpy(bytes + SYSCALL_SIZE, t->bytes + CONTINUATION, sizeof(bytes) - SYSCALL_SIZE);
    (void)core_code_at(next,
                       &c); /* of no use where the rights are about to change, which is as well */
    (void)write_code(next - SYSCALL_SIZE - before, bytes, sizeof(bytes), &c);
}

/* Bytes before a call that reading has found to be movable, 0: none. */
static unsigned length_before(const struct code *c, vaddr_t site)
{
    const struct boot_config *b = &boot_config;
    uint64_t place = (uintptr_t)c->backing + (site - c->lo) - (uintptr_t)b->root;
    size_t low = 0, high = b->site_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint32_t entry;
        memcpy(&entry, b->sites + middle * sizeof(entry), sizeof(entry));
        if (entry / 8 == place)
            return entry % 8 + JUMP_SIZE;
        if (entry / 8 < place)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

/* Instructions of `length` bytes together, of which the first leaves room for a jump. */
static bool all_movable(const uint8_t *code, unsigned length)
{
    unsigned at = code_movable(code);
    bool roomy = at >= JUMP_SIZE;

    for (unsigned n = at; n && at < length; at += n)
        n = code_movable(code + at);
    return roomy && at == length;
}

static void rewrite(vaddr_t next)
{
    uint8_t code[BEFORE_MAX + SYSCALL_SIZE + 16], jump[JUMP_SIZE] = {JUMP};
    const uint8_t *site = code + BEFORE_MAX, *behind = site + SYSCALL_SIZE;
    struct trampoline t;
    struct code c;

    if (!core_code_at(next, &c) || next - SYSCALL_SIZE - BEFORE_MAX < c.lo || next + 16 > c.hi ||
        (uintptr_t)c.backing - bundle_file.base >= bundle_file.len)
        return;
    if (user_read(code, next - SYSCALL_SIZE - BEFORE_MAX, sizeof(code)) ||
        site[0] != syscall_code[0] || site[1] != syscall_code[1])
        return;
    unsigned length = code_movable(behind), before = 0;
    if (length < JUMP_SIZE - SYSCALL_SIZE || length > BEHIND_MAX) {
        before = length_before(&c, next - SYSCALL_SIZE);
        if (!before || before > BEFORE_MAX || !all_movable(site - before, before))
            return;
    }
    if (!trampoline_take(&c, next, &t))
        return;
    if (before)
        write_trampoline_before(&t, next, site - before, before);
    else
        write_trampoline(&t, next, behind, length);
    vaddr_t at = next - SYSCALL_SIZE - before;
    int32_t displacement = (int32_t)(t.at - (at + JUMP_SIZE));
    memcpy(jump + 1, &displacement, sizeof(displacement));
    if (!write_code(at, jump, sizeof(jump), &c))
        *t.shape = 0;
}

void site_trapped(vaddr_t next, long nr)
{
    static uint8_t count[COUNTERS]; /* sites that share one are rewritten a little early */
    uint8_t *traps = &count[(next ^ next >> 10) % COUNTERS];
    unsigned needed = traps_needed();

    if (!needed || ++*traps < needed || nr == NR_rt_sigreturn || nr == NR_execve || nr == NR_exit ||
        nr == NR_exit_group)
        return;
    *traps = 0;
    rewrite(next);
}

vaddr_t site_continuation(vaddr_t rip)
{
    uint8_t code[JUMP_SIZE];
    int32_t displacement;
    struct trampoline t;

    if (!trampoline_near(rip) || user_read(code, rip - SYSCALL_SIZE, sizeof(code)) ||
        code[0] != JUMP)
        return rip;
    memcpy(&displacement, code + 1, sizeof(displacement));
    vaddr_t target = rip - SYSCALL_SIZE + JUMP_SIZE + (vaddr_t)(int64_t)displacement;
    if (!trampoline_at(target, &t) || t.at != target || trampoline_next(&t) != rip)
        return rip;
    return t.at + CONTINUATION;
}

vaddr_t site_address(vaddr_t rip)
{
    struct trampoline t;

    if (!trampoline_at(rip, &t))
        return rip;
    unsigned before = *t.shape >> 4, length = *t.shape & 15, offset = (unsigned)(rip - t.at);
    vaddr_t next = trampoline_next(&t);
    if (offset < before) /* the code there is as it was, but for the first instruction */
        return next - SYSCALL_SIZE - before + offset;
    if (before || offset < CONTINUATION)
        return next - SYSCALL_SIZE;
    return offset == CONTINUATION ? next : next + length;
}
