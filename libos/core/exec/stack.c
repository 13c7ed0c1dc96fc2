/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new program's stack as Linux lays it out (fs/exec.c, create_elf_tables(); psABI x86-64 section
 * 3.4.1, "Initial Stack and Register State"). From the top: a NULL, the file name, the strings, the
 * platform's name and 16 random bytes, then auxiliary vector, environment, arguments, their count.
 */
#include "exec.h"
#include "../mm.h"

#include <u2k/arch.h>
#include <u2k/log.h>
#include <u2k/pages.h>
#include <u2k/process.h>
#include <u2k/string.h>
#include <u2k/uaccess.h>

enum {
    AT_NULL,
    AT_PHDR = 3,
    AT_PHENT,
    AT_PHNUM,
    AT_PAGESZ,
    AT_BASE,
    AT_FLAGS,
    AT_ENTRY,
    AT_UID = 11,
    AT_EUID,
    AT_GID,
    AT_EGID,
    AT_PLATFORM,
    AT_HWCAP,
    AT_CLKTCK,
    AT_SECURE = 23,
    AT_RANDOM = 25,
    AT_HWCAP2,
    AT_EXECFN = 31,
    AT_SYSINFO_EHDR = 33,
    AT_MINSIGSTKSZ = 51
};

#define CLOCK_TICKS 100
#define PHDR_SIZE 56
#define OPTIONAL_TYPES 2 /* the first ones, left out where they are 0 */
#define SIZE_MOST (8ul << 20) /* bytes mapped from the start; more grows on faults */
#define SIZE_LEAST (128ul << 10)
#define OFFSET_MASK 0x1ff0u /* up to 8 KiB, in steps of 16 */

static void fill_auxv(const struct start *s, vaddr_t random, vaddr_t filename, vaddr_t platform)
{
    static const uint8_t types[] = {
        AT_SYSINFO_EHDR, AT_MINSIGSTKSZ, AT_HWCAP,  AT_PAGESZ, AT_CLKTCK, AT_PHDR,     AT_PHENT,
        AT_PHNUM,        AT_BASE,        AT_FLAGS,  AT_ENTRY,  AT_UID,    AT_EUID,     AT_GID,
        AT_EGID,         AT_SECURE,      AT_RANDOM, AT_HWCAP2, AT_EXECFN, AT_PLATFORM, AT_NULL,
    };
    const struct plat_info *p = plat_info;
    const struct credentials *c = &process.cred;
    const uint64_t values[ARRAY_SIZE(types)] = {
        p->vdso,
        p->minsigstksz,
        p->hwcap,
        PAGE_SIZE,
        CLOCK_TICKS,
        s->program->phdr ? s->program->phdr + s->bias : 0,
        PHDR_SIZE,
        s->program->phnum,
        s->interpreter_base,
        0,
        s->program->entry + s->bias,
        c->uid,
        c->euid,
        c->gid,
        c->egid,
        s->secure,
        random,
        p->hwcap2,
        filename,
        platform,
        0,
    };
    struct mm_layout *l = &mm_layout;

    l->auxv_words = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
        if (i < OPTIONAL_TYPES && !values[i])
            continue;
        l->auxv[l->auxv_words++] = types[i];
        l->auxv[l->auxv_words++] = values[i];
    }
}

static const char *put_pointers(uint64_t **to, const char *text, size_t count, int64_t shift)
{
    for (; count; count--) {
        *(*to)++ = (uint64_t)((int64_t)(uintptr_t)text + shift);
        text += strlen(text) + 1;
    }
    *(*to)++ = 0;
    return text;
}

static int map_stack(const struct start *s, size_t needed)
{
    vaddr_t top = mm_layout.stack_top;
    size_t size = (size_t)MIN(process.limits[RLIMIT_STACK].soft, SIZE_MOST);
    unsigned exec = s->program->exec_stack ? PROT_EXEC : 0;

    size = ALIGN_UP(MAX(size, needed + SIZE_LEAST), PAGE_SIZE);
    long at = mm_map(top - size, size, PROT_READ | PROT_WRITE | exec,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, NULL, 0);
    if (at < 0)
        return (int)at;
    mm_label((vaddr_t)at, "[stack]");
    return 0;
}

int stack_build(const struct exec_args *a, const struct start *s, vaddr_t *sp)
{
    struct {
        uint8_t bytes[16], offset[2];
    } random = {0};
    size_t name_len = strlen(a->filename) + 1;
    size_t table_words = 1 + a->argc + 1 + a->envc + 1;

    if (plat_random(&random, sizeof(random))) {
        /* A stack guard that can be guessed is still better than one that is known. */
        uint64_t seed[2] = {plat_clock_monotonic(), plat_clock_realtime() * 0x9e3779b97f4a7c15u};
        memcpy(random.bytes, seed, sizeof(seed));
        log_warning("no source of randomness: addresses can be guessed; add RDRAND or virtio-rng");
    }
    int error = map_stack(s, a->len + name_len + (table_words + ARRAY_SIZE(mm_layout.auxv)) * 8);
    if (error)
        return error;

    vaddr_t filename = mm_layout.stack_top - sizeof(uint64_t) - name_len;
    vaddr_t strings = filename - a->len;
    unsigned offset = random.offset[0] | (unsigned)random.offset[1] << 8;
    vaddr_t p = ALIGN_DOWN(strings - (offset & OFFSET_MASK), 16);
    vaddr_t platform = p - sizeof(ARCH_NAME);
    vaddr_t bytes = platform - sizeof(random.bytes);
    fill_auxv(s, bytes, filename, platform);

    size_t size = (table_words + mm_layout.auxv_words) * sizeof(uint64_t);
    vaddr_t table = ALIGN_DOWN(ALIGN_DOWN(bytes, 16) - size, 16);
    uint64_t *words = heap_alloc(size), *to = words;
    if (!words)
        return -ENOMEM;
    *to++ = a->argc;
    int64_t shift = (int64_t)(strings - (vaddr_t)a->text);
    const char *env = put_pointers(&to, a->text, a->argc, shift);
    put_pointers(&to, env, a->envc, shift);
    memcpy(to, mm_layout.auxv, mm_layout.auxv_words * sizeof(uint64_t));
    if (user_write(filename, a->filename, name_len) || user_write(strings, a->text, a->len) ||
        user_write(platform, ARCH_NAME, sizeof(ARCH_NAME)) ||
        user_write(bytes, random.bytes, sizeof(random.bytes)) || user_write(table, words, size))
        error = -EFAULT;
    heap_free(words, size);

    mm_layout.arg_start = strings;
    mm_layout.arg_end = mm_layout.env_start = (vaddr_t)((int64_t)(uintptr_t)env + shift);
    mm_layout.env_end = filename;
    *sp = table;
    return error;
}
