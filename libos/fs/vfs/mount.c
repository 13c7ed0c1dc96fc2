/* SPDX-License-Identifier: Apache-2.0 */
/* What is mounted where. All but the root is mounted when a path first crosses it. */
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/optional.h>
#include <u2k/part.h>
#include <u2k/path.h>
#include <u2k/string.h>

struct mount mounts[] = {
    {.path = "/", .fs = "overlay", .part = "overlay"},
    {.path = "/proc", .fs = "proc", .part = "procfs"},
    {.path = "/dev", .fs = "devtmpfs", .part = "devfs"},
    {.path = "/dev/shm", .fs = "tmpfs", .part = "tmpfs"},
    {.path = "/sys", .fs = "sysfs", .part = "sysfs"},
};
const size_t mount_count = ARRAY_SIZE(mounts);
struct mounted_image root_image;

static const struct filesystem *type_of(const struct mount *m)
{
    for (size_t i = 0; part_filesystems[i]; i++)
        if (strcmp(part_filesystems[i]->name, m->fs) == 0)
            return part_filesystems[i];
    return NULL;
}

/* Make what is mounted at `parent` ready to be crossed into by its children. */
static void attach_below(const struct mount *parent)
{
    size_t len = strlen(parent->path);
    for (struct mount *m = mounts + 1; m < mounts + mount_count; m++) {
        const char *name = strrchr(m->path, '/') + 1;
        size_t above = (size_t)(name - m->path) - 1;
        if ((above ? above : 1) != len || strncmp(m->path, parent->path, len) != 0)
            continue;
        struct dentry *d;
        int err = vfs_make(parent->sb->root, name, S_IFDIR | 0755, 0, NULL, &d);
        if (err == -EROFS)
            continue; /* the converter has made the folders */
        if (err < 0 || !S_ISDIR(d->inode->mode)) {
            log_warning("%s: not mounted: it is no folder", m->path);
            if (err == 0)
                dentry_unref(d);
            continue;
        }
        m->point = d; /* the reference stays */
        d->mount = m;
    }
}

static int mount_now(struct mount *m)
{
    const struct filesystem *type = type_of(m);
    struct superblock *sb;
    if (!type)
        return -ENODEV;
    int err = type->mount(m->fs, "", &sb);
    if (err < 0) {
        log_error("%s: not mounted (error %d)", m->path, -err);
        return err;
    }
    sb->covered = m->point;
    m->sb = sb;
    attach_below(m);
    return 0;
}

/* FNV-1a (draft-eastlake-fnv, 32 bits); converter/link/table.py makes the same. */
static uint32_t probe_hash(uint32_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * 16777619;
    return hash;
}

/* The C library's own attempts are worth no line, but they must not hide what the program wants later. */
static void mount_missing(const struct mount *m, const char *rest)
{
    uint32_t hash = probe_hash(probe_hash(probe_hash(2166136261, m->path), "/"), rest);
    for (const uint32_t *probe = part_probes; *probe; probe++)
        if (*probe == hash)
            return;
    part_missing(m->part, m->path);
}

struct dentry *mount_cross(struct dentry *d, const char *rest)
{
    struct mount *m = d->mount;
    if (!m->sb && mount_now(m) < 0) {
        if (!type_of(m))
            mount_missing(m, rest);
        return d; /* the empty folder */
    }
    dentry_ref(m->sb->root);
    dentry_unref(d);
    return m->sb->root;
}

void mount_all(void)
{
    for (struct mount *m = mounts; m < mounts + mount_count; m++)
        if (m->point && !m->sb)
            (void)mount_now(m);
}

const struct mount *mount_of(const struct superblock *sb, int *id)
{
    for (size_t i = 0; i < mount_count; i++) {
        if (mounts[i].sb == sb) {
            *id = (int)i + 1;
            return &mounts[i];
        }
    }
    *id = 0;
    return NULL;
}

int mount_root(void)
{
    return mount_now(&mounts[0]);
}
