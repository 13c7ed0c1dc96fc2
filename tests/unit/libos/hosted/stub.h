/* SPDX-License-Identifier: Apache-2.0 */
/* A platform in a test process: program pages are host mappings that appear on faults only. */
#ifndef STUB_H
#define STUB_H

#include <u2k/platform.h>
#include <u2k/vfs.h>

#define USER_LO 0x200000000000ul
#define USER_HI 0x201000000000ul
#define POOL_BASE 0x300000000000ul

void stub_start(size_t pool_bytes);
extern int stub_pool_fd;          /* the memory file behind the page pool */
extern char stub_log[4096];       /* what went to the log stream */

/* A file in pool pages; `bytes` may change afterwards. */
struct stub_file {
    struct file file;
    struct inode inode;
    char *data;
    bool hole[64];
};
void stub_file_init(struct stub_file *f, size_t bytes, uint32_t flags);

#define CHECK(cond) \
    do { \
        if (!(cond)) \
            stub_fail(__FILE__, __LINE__, #cond); \
    } while (0)
_Noreturn void stub_fail(const char *file, int line, const char *what);

#endif
