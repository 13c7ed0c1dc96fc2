/* SPDX-License-Identifier: Apache-2.0 */
/* The program's address space: areas (VMAs), mmap(2) and its family, and page faults. */
#ifndef U2K_MM_H
#define U2K_MM_H

#include <u2k/list.h>
#include <u2k/platform.h>
#include <u2k/types.h>

struct file;

enum {
    MAP_SHARED = 1,
    MAP_PRIVATE = 2,
    MAP_SHARED_VALIDATE = 3,
    MAP_TYPE = 15,
    MAP_FIXED = 0x10,
    MAP_ANONYMOUS = 0x20,
    MAP_32BIT = 0x40,
    MAP_GROWSDOWN = 0x100,
    MAP_DENYWRITE = 0x800,
    MAP_EXECUTABLE = 0x1000,
    MAP_LOCKED = 0x2000,
    MAP_NORESERVE = 0x4000,
    MAP_POPULATE = 0x8000,
    MAP_NONBLOCK = 0x10000,
    MAP_STACK = 0x20000,
    MAP_HUGETLB = 0x40000,
    MAP_SYNC = 0x80000,
    MAP_FIXED_NOREPLACE = 0x100000
};

/* An area: [start, end), equal rights and backing. Kept in a balanced tree by address. */
struct vma {
    struct vma *left, *right; /* the tree's own */
    int height;
    vaddr_t low, high;   /* lowest start and highest end of this subtree ... */
    size_t gap; /* ... and the widest hole between its areas: address choice is O(log n) */
    vaddr_t start, end;
    unsigned prot; /* PROT_* */
    unsigned flags; /* MAP_* that matter later: SHARED, GROWSDOWN, NORESERVE, STACK, LOCKED */
    struct file *file; /* NULL: anonymous */
    uint64_t page_index; /* of `start` in the file */
    struct list file_link; /* in file->inode->mappings */
    const char *label; /* "[heap]", "[stack]", "[vdso]" or NULL */
};

/* Results are addresses or -errno, as the system calls have them. */
long mm_map(vaddr_t at, size_t len, unsigned prot, unsigned flags, struct file *f, uint64_t offset);
long mm_unmap(vaddr_t at, size_t len);
long mm_protect(vaddr_t at, size_t len, unsigned prot);
long mm_remap(vaddr_t at, size_t old_len, size_t new_len, unsigned flags, vaddr_t new_at);
long mm_advise(vaddr_t at, size_t len, int advice);
long mm_lock(vaddr_t at, size_t len, bool lock, bool populate);
long mm_lock_all(unsigned flags); /* MCL_* */
long mm_unlock_all(void);
vaddr_t mm_brk(vaddr_t to); /* brk(2) as the kernel has it: the break afterwards */

/* In address order, for /proc/self/maps; NULL: none at or above `from`. */
const struct vma *mm_next(vaddr_t from);

struct mm_usage {
    uint64_t total, data, stack, exec, locked, resident; /* bytes */
};
void mm_usage(struct mm_usage *out);

/* Start a new program: everything unmapped; heap starts at `brk`. */
void mm_reset(void);
void mm_set_brk(vaddr_t start);
void mm_label(vaddr_t at, const char *label);

/* What exec remembers for /proc/self and prctl(PR_SET_MM_*)-like questions. */
struct mm_layout {
    vaddr_t code_start, code_end, data_start, data_end, brk_start, stack_top;
    vaddr_t arg_start, arg_end, env_start, env_end;
    uint64_t auxv[2 * 24];
    size_t auxv_words;
    struct file *exe;
};
extern struct mm_layout mm_layout;

/* execve(2) inside the library OS: replaces the program and never returns on success.
 * Strings are library OS memory, NULL-terminated arrays. */
int exec_program(const char *path, char *const argv[], char *const envp[]);

#endif
