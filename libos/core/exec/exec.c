/* SPDX-License-Identifier: Apache-2.0 */
/* execve(2): find what is to be run, and put it in the program's place. */
#include "exec.h"
#include "../mm.h"

#include <u2k/arch.h>
#include <u2k/log.h>
#include <u2k/pages.h>
#include <u2k/process.h>
#include <u2k/signal.h>
#include <u2k/string.h>
#include <u2k/vfs.h>

#define DEPTH_MAX 5 /* scripts that are interpreted by scripts */
#define BRK_BITS 9  /* pages between the program's end and its heap */
#define PIE_BITS 28

struct image {
    struct elf program, interpreter;
};

static void release_file(struct file *f)
{
    file_exec_done(f);
    file_unref(f);
}

static void image_release(struct image *i)
{
    if (i->interpreter.file) {
        elf_release(&i->interpreter);
        release_file(i->interpreter.file);
    }
    elf_release(&i->program);
}

/* argv[0] gives way to: interpreter [argument] script. */
static int prepend(struct exec_args *a, const char *interpreter, const char *argument,
                   const char *script)
{
    struct exec_args b = {.limit = a->limit, .filename = a->filename};
    const char *rest = a->text;
    size_t skip = a->argc ? strlen(a->text) + 1 : 0;

    int error = exec_args_add(&b, interpreter, strlen(interpreter), false);
    if (!error && argument)
        error = exec_args_add(&b, argument, strlen(argument), false);
    if (!error)
        error = exec_args_add(&b, script, strlen(script), false);
    for (size_t i = 0; i < a->argc + a->envc && !error; i++) {
        size_t len = strlen(rest);
        if (rest != a->text || !skip)
            error = exec_args_add(&b, rest, len, i >= a->argc);
        rest += len + 1;
    }
    if (error) {
        b.filename = NULL;
        exec_args_release(&b);
        return error;
    }
    a->filename = NULL;
    exec_args_release(a);
    *a = b;
    return 0;
}

/* Follow `#!` lines until *f is no script. */
static int resolve_scripts(struct file **f, struct exec_args *a)
{
    char head[HEAD_SIZE], *interpreter, *argument;
    char *script = NULL; /* the name of the present *f, where it is one from a script */
    int error = 0;

    for (unsigned depth = 0; !error; depth++) {
        memset(head, 0, sizeof(head));
        ssize_t n = file_read_at(*f, head, sizeof(head), 0);
        if (n < 0) {
            error = (int)n;
            break;
        }
        if (script_parse(head, &interpreter, &argument))
            break;
        if (depth == DEPTH_MAX) {
            error = -ELOOP;
            break;
        }
        error = prepend(a, interpreter, argument, script ? script : a->filename);
        if (error)
            break;
        struct file *next;
        error = vfs_open_exec(interpreter, &next);
        if (error)
            break;
        release_file(*f);
        *f = next;
        if (!script)
            script = heap_alloc(HEAD_SIZE);
        if (!script)
            error = -ENOMEM;
        else
            memcpy(script, interpreter, strlen(interpreter) + 1);
    }
    if (script)
        heap_free(script, HEAD_SIZE);
    return error;
}

/* Can it be mapped where it wants to be, or anywhere? */
static bool fits(const struct elf *e)
{
    if (e->position_independent)
        return e->high - e->low < plat_info->user_hi / 2;
    return e->low >= MMAP_MIN_ADDR && mm_inside(e->low, e->high - e->low);
}

static int image_read(struct file *f, struct image *i)
{
    struct file *interpreter;

    *i = (struct image){0};
    int error = elf_read(f, &i->program);
    if (error)
        return error;
    if (!i->program.interpreter && fits(&i->program))
        return 0;
    error = fits(&i->program) ? vfs_open_exec(i->program.interpreter, &interpreter) : -ENOMEM;
    if (!error) {
        error = elf_read(interpreter, &i->interpreter);
        if (!error && fits(&i->interpreter))
            return 0;
        if (!error)
            elf_release(&i->interpreter);
        error = error ? error : -ENOMEM;
        release_file(interpreter);
        error = error == -ENOEXEC ? -ELIBBAD : error;
    }
    elf_release(&i->program);
    return error;
}

/* Set-user-ID and set-group-ID (execve(2)): true if the new program has to be wary (AT_SECURE). */
static bool apply_setid(const struct file *f)
{
    struct credentials *c = &process.cred;
    const struct inode *i = f->inode;

    if (!c->no_new_privs && !(i->sb && (i->sb->flags & SB_NOSUID))) {
        if (i->mode & S_ISUID)
            c->euid = i->uid;
        if ((i->mode & (S_ISGID | 010)) == (S_ISGID | 010))
            c->egid = i->gid;
    }
    return c->euid != c->uid || c->egid != c->gid;
}

static vaddr_t choose_bias(const struct elf *e, bool interpreter)
{
    size_t len = e->high - e->low;

    if (!e->position_independent)
        return 0;
    if (!interpreter) {
        /* Linux's ELF_ET_DYN_BASE: two thirds up; the heap follows and needs room. */
        vaddr_t base = plat_info->user_hi / 3 * 2 + mm_random_pages(PIE_BITS);
        base = ALIGN_DOWN(base, e->align);
        const struct vma *next = vma_find(base);
        if (mm_inside(base, len) && base + len < mm.base && (!next || next->start >= base + len))
            return base - e->low;
    }
    size_t spare = e->align - PAGE_SIZE;
    vaddr_t at = len + spare >= len ? mm_place(len + spare, 0) : 0;
    return at ? ALIGN_UP(at, e->align) - e->low : UINTPTR_MAX;
}

static void remember(const struct elf *e, uint64_t bias)
{
    struct mm_layout *l = &mm_layout;

    l->code_start = l->data_start = UINTPTR_MAX;
    for (size_t i = 0; i < e->count; i++) {
        const struct elf_segment *s = &e->segments[i];
        vaddr_t start = s->vaddr + bias, end = start + s->filesz;
        if (s->prot & PROT_EXEC) {
            l->code_start = MIN(l->code_start, start);
            l->code_end = MAX(l->code_end, end);
        } else if (s->prot & PROT_WRITE) {
            l->data_start = MIN(l->data_start, start);
            l->data_end = MAX(l->data_end, end);
        }
    }
    l->code_start = l->code_end ? l->code_start : 0;
    l->data_start = l->data_end ? l->data_start : 0;
}

/* All mappings of the new program; its entry and stack. */
static int build(const struct image *i, const struct exec_args *a, bool secure, vaddr_t *entry,
                 vaddr_t *sp)
{
    const struct elf *p = &i->program, *ld = &i->interpreter;
    struct start s = {.program = p, .secure = secure};

    s.bias = choose_bias(p, false);
    int error = s.bias == UINTPTR_MAX ? -ENOMEM : elf_map(p, s.bias);
    if (error)
        return error;
    remember(p, s.bias);
    *entry = p->entry + s.bias;
    if (ld->file) {
        vaddr_t bias = choose_bias(ld, true);
        error = bias == UINTPTR_MAX ? -ENOMEM : elf_map(ld, bias);
        if (error)
            return error;
        s.interpreter_base = bias;
        *entry = ld->entry + bias;
    }
    mm_set_brk(p->high + s.bias + mm_random_pages(BRK_BITS));
    return stack_build(a, &s, sp);
}

NORETURN static void commit(struct image *i, struct exec_args *a)
{
    struct file *f = i->program.file;
    bool secure = apply_setid(f);
    struct regs regs;
    vaddr_t entry, sp;

    process_exec(a->filename);
    fd_close_on_exec();
    mm_reset();
    mm_layout.exe = f;
    int error = build(i, a, secure, &entry, &sp);
    if (error) {
        log_error("%s: cannot be laid out in memory (error %d)", a->filename, -error);
        process_exit(128 + (error == -ENOMEM ? SIGKILL : SIGSEGV));
    }
    image_release(i);
    exec_args_release(a);
    plat_tls_set(0);
    arch_start_regs(&regs, entry, sp);
    plat_enter(&regs);
}

int exec_start(struct file *f, struct exec_args *a)
{
    struct image image;
    int error = resolve_scripts(&f, a);

    if (!error)
        error = image_read(f, &image);
    if (!error)
        commit(&image, a);
    release_file(f);
    exec_args_release(a);
    return error;
}

int exec_program(const char *path, char *const argv[], char *const envp[])
{
    struct exec_args a = {0};
    struct file *f;
    int error = 0;

    for (; *argv && !error; argv++)
        error = exec_args_add(&a, *argv, strlen(*argv), false);
    if (!a.argc && !error)
        error = exec_args_add(&a, "", 0, false);
    for (; *envp && !error; envp++)
        error = exec_args_add(&a, *envp, strlen(*envp), true);
    if (!error)
        error = exec_args_name(&a, path);
    if (!error)
        error = vfs_open_exec(path, &f);
    if (!error)
        return exec_start(f, &a);
    exec_args_release(&a);
    return error;
}
