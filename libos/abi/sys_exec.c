/* SPDX-License-Identifier: Apache-2.0 */
/* execve(2), execveat(2) */
#include <u2k/exec.h>
#include <u2k/fd.h>
#include <u2k/log.h>
#include <u2k/pages.h>
#include <u2k/path.h>
#include <u2k/syscall.h>

/* Strings out of the program's memory, then the new program. `f` and `a` are taken over. */
static long exec_with(struct file *f, struct exec_args *a, vaddr_t argv, vaddr_t envp)
{
    long error = exec_args_read(a, argv, false);

    if (!error && !a->argc) /* Linux 5.18: no program starts without a name */
        error = exec_args_add(a, "", 0, false);
    if (!error)
        error = exec_args_read(a, envp, true);
    if (!error)
        return exec_start(f, a);
    file_exec_done(f);
    file_unref(f);
    exec_args_release(a);
    return error;
}

// execve: implemented
SYSCALL(execve)
{
    struct exec_args a = {0};
    struct file *f;
    char *path;

    long error = path_from_user(sc->arg[0], &path);
    if (error)
        return error;
    error = exec_args_name(&a, path);
    if (!error)
        error = vfs_open_exec(path, &f);
    path_release(path);
    if (!error)
        return exec_with(f, &a, sc->arg[1], sc->arg[2]);
    exec_args_release(&a);
    return error;
}

/* The name a program started relative to a descriptor goes by: what its interpreter can open. */
static long name_at(struct exec_args *a, int fd, const char *path)
{
    char *name = heap_alloc(PATH_MAX);

    if (!name)
        return -ENOMEM;
    size_t n = format_text(name, PATH_MAX, "/dev/fd/%d%s%s", fd, *path ? "/" : "", path);
    long error = n < PATH_MAX ? exec_args_name(a, name) : -ENAMETOOLONG;
    heap_free(name, PATH_MAX);
    return error;
}

static long open_at(int fd, const char *path, unsigned flags, struct exec_args *a,
                    struct file **out)
{
    unsigned walk = (flags & AT_SYMLINK_NOFOLLOW ? 0u : (unsigned)WALK_FOLLOW) |
                    (flags & AT_EMPTY_PATH ? (unsigned)WALK_EMPTY : 0u);
    bool relative = *path != '/' && fd != AT_FDCWD;
    struct file *dir = relative ? fd_get(fd) : NULL;
    long error;

    if (relative && !dir)
        return -EBADF;
    if (relative && !dir->dentry)
        error = -EACCES;
    else
        error = vfs_open_exec_at(dir ? dir->dentry : NULL, path, walk, out);
    if (dir)
        file_unref(dir);
    if (error)
        return error;
    error = relative ? name_at(a, fd, path) : exec_args_name(a, path);
    if (error) {
        file_exec_done(*out);
        file_unref(*out);
    }
    return error;
}

// execveat: implemented
SYSCALL(execveat)
{
    unsigned flags = ARG(unsigned, 4);
    struct exec_args a = {0};
    struct file *f;
    char *path;

    if (flags & ~(unsigned)(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
        return -EINVAL;
    long error = path_from_user(sc->arg[1], &path);
    if (error)
        return error;
    error = open_at(ARG(int, 0), path, flags, &a, &f);
    path_release(path);
    if (!error)
        return exec_with(f, &a, sc->arg[2], sc->arg[3]);
    exec_args_release(&a);
    return error;
}
