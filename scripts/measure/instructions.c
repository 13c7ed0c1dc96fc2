/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin for QEMU's emulation (API version 1, QEMU 7.2 to 8.2): counts the guest's instructions,
 * the steadiest figure that a noisy machine gives. Debian ships no header for it, so what is used of
 * the interface is declared here after QEMU's documentation ("TCG Plugins").
 *
 *   -plugin FILE.so,mark=ADDRESS,out=FILE
 *   -plugin FILE.so,live=FILE
 *
 * When the instruction at ADDRESS has run and a store to a device follows, the first output is on
 * its way: FILE gets "output N"; at the end "total N". With live= the counter itself (a native uint64)
 * is the first eight bytes of FILE at any time: what a load costs is the difference of two readings.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t plugin_id;
typedef uint32_t memory_info;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr;
enum inline_operation { ADD_U64 };
enum register_use { NO_REGISTERS };
enum access { STORES = 2 };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_atexit_cb(plugin_id, void (*)(plugin_id, void *), void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, enum inline_operation, void *,
                                              uint64_t);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *, enum inline_operation,
                                                void *, uint64_t);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *, void (*)(unsigned, void *),
                                            enum register_use, void *);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *,
                                      void (*)(unsigned, memory_info, uint64_t, void *),
                                      enum register_use, enum access, void *);
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(memory_info, uint64_t);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *);

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);

static uint64_t executed, at_output, mark;
static uint64_t *live;
static bool marked;
static const char *out_path;

static void on_mark(unsigned cpu, void *data)
{
    (void)cpu;
    (void)data;
    marked = true;
}

static void on_store(unsigned cpu, memory_info info, uint64_t address, void *data)
{
    (void)cpu;
    (void)data;
    if (!marked || at_output)
        return;
    const struct qemu_plugin_hwaddr *where = qemu_plugin_get_hwaddr(info, address);
    if (where && qemu_plugin_hwaddr_is_io(where))
        at_output = executed;
}

static void on_translation(plugin_id id, struct qemu_plugin_tb *block)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct qemu_plugin_insn *one = qemu_plugin_tb_get_insn(block, i);
        qemu_plugin_register_vcpu_insn_exec_inline(one, ADD_U64, &executed, 1);
        qemu_plugin_register_vcpu_mem_cb(one, on_store, NO_REGISTERS, STORES, NULL);
        if (qemu_plugin_insn_vaddr(one) == mark)
            qemu_plugin_register_vcpu_insn_exec_cb(one, on_mark, NO_REGISTERS, NULL);
    }
}

/* The cheapest count there is: one addition a block, which QEMU puts into the translated code. */
static void on_translation_live(plugin_id id, struct qemu_plugin_tb *block)
{
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(block, ADD_U64, live, qemu_plugin_tb_n_insns(block));
}

static int start_live(plugin_id id, const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT, 0600);

    if (fd < 0 || ftruncate(fd, sizeof(*live)) < 0)
        return 1;
    live = mmap(NULL, sizeof(*live), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (live == MAP_FAILED)
        return 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation_live);
    return 0;
}

static void at_end(plugin_id id, void *data)
{
    FILE *file = fopen(out_path, "w");

    (void)id;
    (void)data;
    if (!file)
        return;
    fprintf(file, "total %llu\n", (unsigned long long)executed);
    if (at_output)
        fprintf(file, "output %llu\n", (unsigned long long)at_output);
    fclose(file);
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "mark=", 5) == 0)
            mark = strtoull(argv[i] + 5, NULL, 0);
        else if (strncmp(argv[i], "out=", 4) == 0)
            out_path = strdup(argv[i] + 4);
        else if (strncmp(argv[i], "live=", 5) == 0)
            return start_live(id, argv[i] + 5);
    }
    if (!mark || !out_path)
        return 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_atexit_cb(id, at_end, NULL);
    return 0;
}
