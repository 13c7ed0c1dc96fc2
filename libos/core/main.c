/* SPDX-License-Identifier: Apache-2.0 */
/* From the platform's hands to the program's first instruction. */
#include <u2k/boot.h>
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/mm.h>
#include <u2k/netdev.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/platform.h>
#include <u2k/process.h>
#include <u2k/sched.h>
#include <u2k/string.h>
#include <u2k/vfs.h>

/* As docker run: its own failures, not executable, not found. */
enum { STATUS_BROKEN = 125, STATUS_NOT_EXECUTABLE = 126, STATUS_NOT_FOUND = 127 };

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static int status_of(int error)
{
    return error == -ENOENT || error == -ENOTDIR ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
}

static const char *reason_of(int error)
{
    switch (error) {
    case -ENOENT: return "not found, or its interpreter is not";
    case -ENOTDIR: return "not a folder in its path";
    case -EACCES: return "no permission to execute it";
    case -ENOEXEC: return "not a program for " ARCH_NAME;
    case -ELIBBAD: return "its loader is not for " ARCH_NAME;
    case -ELOOP: return "too many links or scripts";
    case -E2BIG: return "arguments too long";
    case -ENOMEM: return "not enough memory: give more with -m";
    default: return "malformed, or unreadable";
    }
}

static const char *search_path(void)
{
    for (char **e = boot_config.envp; *e; e++)
        if (!strncmp(*e, "PATH=", 5))
            return *e + 5;
    return DEFAULT_PATH;
}

/* A bare name is looked for in PATH, as runc does it. What was found but failed outranks ENOENT. */
static int exec_searched(const char *name)
{
    char *path = heap_alloc(PATH_MAX);
    int result = path ? -ENOENT : -ENOMEM;

    if (!path)
        return result;
    for (const char *dir = search_path(), *end; dir; dir = *end ? end + 1 : NULL) {
        end = strchr(dir, ':');
        end = end ? end : dir + strlen(dir);
        size_t len = format_text(path, PATH_MAX, "%.*s%s%s", (int)(end - dir), dir,
                                 end > dir ? "/" : "", name);
        int error =
            len < PATH_MAX ? exec_program(path, boot_config.argv, boot_config.envp) : -ENAMETOOLONG;
        if (error != -ENOENT && error != -ENOTDIR && error != -ENAMETOOLONG)
            result = error;
        if (result != -ENOENT && result != -EACCES)
            break;
    }
    return result;
}

IF_LINKED(part_ip, net_start, unlinked_nothing);
IF_LINKED(part_virtio_blk, plat_root, unlinked_nothing);

void core_main(void)
{
    struct boot_config *b = &boot_config;

    sched_start();
    if (boot_read(plat_info->bundle, plat_info->bundle_len))
        plat_exit(STATUS_BROKEN);
    process_init();
    net_start();
    int error = b->root ? 0 : plat_root(&b->root, &b->root_size);
    if (error)
        plat_exit(STATUS_BROKEN);
    error = vfs_start(b->root, b->root_size);
    if (error) {
        log_error("the root image cannot be mounted (error %d): convert again", -error);
        plat_exit(STATUS_BROKEN);
    }
    error = vfs_chdir(b->cwd);
    if (error) {
        log_error("working folder %s: %s", b->cwd,
                  error == -ENOENT ? "there is none" : "it cannot be entered");
        process_exit(status_of(error));
    }
    const char *name = b->path ? b->path : b->argv[0];
    bool bare = *name && !strchr(name, '/');
    error = bare ? exec_searched(name) : exec_program(name, b->argv, b->envp);
    log_error("cannot start %s: %s", name, reason_of(error));
    process_exit(status_of(error));
}
