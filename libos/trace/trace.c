/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a system call through the trace. A path is copied before the call, since the program's
 * other threads, or execve(2) itself, may change it, and is looked up again after a call that
 * succeeded, which gives the name without links.
 */
#include <u2k/errno.h>
#include <u2k/fd.h>
#include <u2k/mm.h>
#include <u2k/pages.h>
#include <u2k/path.h>
#include <u2k/process.h>
#include <u2k/string.h>
#include <u2k/trace.h>
#include <u2k/uaccess.h>

#include "trace.h"

enum { ADDRESS_MAX = 128, DESCRIPTOR = 4, PROTECTION = 2 /* of mmap(2) */ };

static char *executing; /* the path of an execve(2) that has not failed yet */

static const struct trace_shape *shape_of(long nr)
{
    static const struct trace_shape none;

    return nr >= 0 && nr < (long)trace_shapes_size ? &trace_shapes[nr] : &none;
}

static bool failed(long result)
{
    return result < 0 && result > -4096;
}

/* A call after one of execve(2) that did not come back: the program is another one. */
static void program_changed(void)
{
    char *path = executing;

    executing = NULL;
    seen_forget();
    tell_path("exec", -1, path);
    pages_free(path, 1);
}

static void note_values(long nr, const struct trace_shape *s, const struct syscall *sc)
{
    for (unsigned i = 0; i < TRACE_VALUES && s->value[i].place; i++) {
        unsigned place = s->value[i].place - 1u;
        unsigned long value = sc->arg[place] & s->value[i].mask;
        unsigned long key[] = {(unsigned long)nr, place, value};
        if (seen_first(seen_hash(0, key, sizeof(key))))
            tell_value(nr, place, value);
    }
}

static void note_text(const char *what, long nr, const char *path)
{
    uint64_t key = seen_hash(seen_hash(0, what, strlen(what)), path, strlen(path));

    if (seen_first(seen_hash(key, &nr, sizeof(nr))))
        tell_path(what, nr, path);
}

/* `path` as the program means it, from "/", into `out` of PATH_MAX bytes. */
static bool absolute(const char *path, struct dentry *folder, char *out)
{
    if (*path == '/')
        return strlen(path) < PATH_MAX && memcpy(out, path, strlen(path) + 1);
    ssize_t n = dentry_path(folder, out, PATH_MAX);
    if (n < 0 || (size_t)n + strlen(path) + 2 > PATH_MAX)
        return false;
    if (out[n - 1] != '/')
        out[n++] = '/';
    memcpy(out + n, path, strlen(path) + 1);
    return true;
}

static bool made_by_kernel(const char *path)
{
    return !strncmp(path, "/proc/", 6) || !strncmp(path, "/sys/", 5) || !strncmp(path, "/dev/", 5);
}

static struct dentry *folder_of(const struct trace_shape *s, const unsigned long *arg)
{
    int fd = s->folder ? (int)arg[s->folder - 1] : AT_FDCWD;
    struct file *f = fd == AT_FDCWD ? NULL : fd_peek(fd);

    return f && f->dentry ? f->dentry : process.cwd;
}

/* The name that the file has now, without links: of the descriptor that was opened, or looked up again. */
static bool canonical(const struct trace_shape *s, const char *path, struct dentry *folder,
                      long result, char *out)
{
    struct dentry *d;

    if (s->kind & TRACE_OPENS) {
        struct file *f = fd_peek((int)result);
        return f && f->dentry && dentry_path(f->dentry, out, PATH_MAX) > 0;
    }
    if (path_find(folder, path, WALK_FOLLOW, &d) < 0)
        return false;
    bool good = dentry_path(d, out, PATH_MAX) > 0;
    dentry_unref(d);
    return good;
}

static void note_path(long nr, const struct trace_shape *s, const char *path,
                      const unsigned long *arg, long result)
{
    char *asked = pages_alloc(1, PAGES_ANY), *found = pages_alloc(1, PAGES_ANY);
    struct dentry *folder = folder_of(s, arg);

    if (asked && found && *path && absolute(path, folder, asked)) {
        bool there = !failed(result) && canonical(s, path, folder, result, found);
        if (there && *found == '/')
            note_text("file", nr, found);
        if (there ? strcmp(asked, found) != 0 : made_by_kernel(asked))
            note_text("asked", nr, asked);
    }
    if (asked)
        pages_free(asked, 1);
    if (found)
        pages_free(found, 1);
}

static void note_mapping(const unsigned long *arg)
{
    struct file *f = arg[PROTECTION] & PROT_EXEC ? fd_peek((int)arg[DESCRIPTOR]) : NULL;
    char *path = f && f->dentry ? pages_alloc(1, PAGES_ANY) : NULL;

    if (!path)
        return;
    if (dentry_path(f->dentry, path, PATH_MAX) > 0)
        note_text("map", -1, path);
    pages_free(path, 1);
}

static void note_address(long nr, const unsigned long *arg)
{
    uint8_t address[ADDRESS_MAX];
    size_t len = MIN((size_t)(uint32_t)arg[2], sizeof(address));

    len = user_read_some(address, (vaddr_t)arg[1], len);
    if (len && seen_first(seen_hash(seen_hash(0, address, len), &nr, sizeof(nr))))
        tell_bytes("address", nr, address, len);
}

long trace_call(struct syscall *sc)
{
    long nr = arch_syscall_nr(sc->regs);
    const struct trace_shape *s = shape_of(nr);
    unsigned long arg[6];
    char *path = NULL;

    if (executing)
        program_changed();
    memcpy(arg, sc->arg, sizeof(arg));
    if (seen_first(seen_hash(0, &nr, sizeof(nr))))
        tell_call(nr);
    note_values(nr, s, sc);
    if (s->path)
        (void)path_from_user((vaddr_t)arg[s->path - 1], &path);
    if (path && s->kind & TRACE_EXECUTES) {
        executing = pages_alloc(1, PAGES_ANY);
        if (executing && !absolute(path, folder_of(s, arg), executing)) {
            pages_free(executing, 1);
            executing = NULL;
        }
    }
    long result = trace_handlers[syscall_place((unsigned long)nr)](sc);
    if (s->kind & TRACE_EXECUTES && executing) { /* it came back */
        pages_free(executing, 1);
        executing = NULL;
    }
    if (path) {
        note_path(nr, s, path, arg, result);
        path_release(path);
    }
    if (s->kind & TRACE_MAPS && !failed(result))
        note_mapping(arg);
    if (s->kind & TRACE_CONNECTS || (s->kind & TRACE_BINDS && !failed(result)))
        note_address(nr, arg);
    return result;
}
