/* SPDX-License-Identifier: Apache-2.0 */
/* execve(2): find what is to be run, and put it in the program's place. */
#include "exec.h"
#include "../mm.h"

#include <u2k/arch.h>
#include <u2k/log.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/process.h>
#include <u2k/signal.h>
#include <u2k/string.h>
#include <u2k/vfs.h>

#define BRK_BITS 9  /* pages between the program's end and its heap */
#define PIE_BITS 28

void exec_file_done(struct file *f)
{
    file_exec_done(f);
    file_unref(f);
}

static void image_release(struct image *i)
{
    if (i->interpreter.file)
        interpreter_release(i);
    elf_release(&i->program);
}

/* Where scripts are not a part of this unikernel. */
int exec_no_scripts(struct file **f, struct exec_args *a)
{
    char mark[2] = {0};

    (void)file_read_at(*f, mark, sizeof(mark), 0);
    if (mark[0] == '#' && mark[1] == '!')
        part_missing("script", a->filename);
    return 0;
}

/* Can it be mapped where it wants to be, or anywhere? */
bool elf_fits(const struct elf *e)
{
    if (e->position_independent)
        return e->high - e->low < plat_info->user_hi / 2;
    return e->low >= MMAP_MIN_ADDR && mm_inside(e->low, e->high - e->low);
}

static int image_read(struct file *f, struct image *i)
{
    *i = (struct image){0};
    int error = elf_read(f, &i->program);
    if (error)
        return error;
    error = elf_fits(&i->program) ? 0 : -ENOMEM;
    if (!error && i->program.interpreter)
        error = interpreter_read(i);
    if (error)
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

/* Linux's ELF_ET_DYN_BASE: two thirds up; the heap follows and needs room. */
static vaddr_t choose_bias(const struct elf *e)
{
    size_t len = e->high - e->low;

    if (!e->position_independent)
        return 0;
    vaddr_t base = plat_info->user_hi / 3 * 2 + mm_random_pages(PIE_BITS);
    base = ALIGN_DOWN(base, e->align);
    const struct vma *next = vma_find(base);
    if (mm_inside(base, len) && base + len < mm.base && (!next || next->start >= base + len))
        return base - e->low;
    return elf_bias_anywhere(e);
}

vaddr_t elf_bias_anywhere(const struct elf *e)
{
    size_t len = e->high - e->low, spare = e->align - PAGE_SIZE;

    if (!e->position_independent)
        return 0;
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
    const struct elf *p = &i->program;
    struct start s = {.program = p, .secure = secure};

    s.bias = choose_bias(p);
    int error = s.bias == UINTPTR_MAX ? -ENOMEM : elf_map(p, s.bias);
    if (error)
        return error;
    remember(p, s.bias);
    *entry = p->entry + s.bias;
    if (i->interpreter.file && (error = interpreter_map(i, &s, entry)))
        return error;
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
    int error = exec_follow_scripts(&f, a);

    if (!error)
        error = image_read(f, &image);
    if (!error)
        commit(&image, a);
    exec_file_done(f);
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
