/* SPDX-License-Identifier: Apache-2.0 */
/* The parts that a unikernel was linked with: tables that converter/link generates. */
#ifndef U2K_PART_H
#define U2K_PART_H

#include <u2k/types.h>

struct superblock;

/* A file system type. `mount` fills *out; `source` and `data` as mount(2) has them. */
struct filesystem {
    const char *name; /* as in /proc/mounts */
    bool no_device;   /* "nodev" in /proc/filesystems */
    int (*mount)(const char *source, const char *data, struct superblock **out);
};

/* A device driver: `probe` looks for its devices with what the platform's buses found. The platform
 * calls it, once, when something that drivers offer (u2k/device.h) is first needed. */
struct driver {
    const char *name;
    int (*probe)(void);
};

extern const struct filesystem *const part_filesystems[]; /* NULL-terminated */
extern const struct driver *const part_drivers[]; /* NULL-terminated */

/* Hashes (probe_hash in fs/vfs/mount.c) of the paths in parts that were left out which the C library tries by
 * itself and does without; ends with 0. */
extern const uint32_t part_probes[];

#endif
