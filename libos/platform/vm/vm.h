/* SPDX-License-Identifier: Apache-2.0 */
/* Inside platform/vm: what its architecture-independent half and vm/ARCH expect of each other. */
#ifndef VM_H
#define VM_H

#include <u2k/device.h>
#include <u2k/platform.h>
#include <u2k/types.h>

struct memory_range {
    uint64_t start, end; /* physical, end exclusive */
    bool usable;         /* RAM; if not, RAM ranges that overlap lose these bytes */
};

#define MEMORY_RANGES 64

/* What the boot loader told, copied, unchecked. */
struct boot_facts {
    struct memory_range range[MEMORY_RANGES];
    unsigned range_count;
    char *cmdline; /* directly mapped, cmdline_len bytes, no NUL */
    size_t cmdline_len;
    uint64_t module; /* physical address of the bundle; 0: behind the kernel */
    bool memory_is_zero; /* no firmware has used RAM above 1 MiB before us */
    bool memory_is_used; /* anything may be in it: the loader of a disk says so (u2k.memory=used) */
};

/* ---- vm/ for ARCH ---- */

NORETURN void vm_start(struct boot_facts *facts);

uint64_t vm_memory_end(void); /* physical, of all that pages are taken from */

/* Exactly these `len` bytes at a physical address are RAM that was given by the memory map. */
bool vm_is_memory(const struct boot_facts *facts, uint64_t start, uint64_t len);

/* Places from virtio_mmio.device= on the command line. */
unsigned vm_cmdline_places(struct device_place *out, unsigned max);

/* Tell core about streams somebody waits for; true if there was something to tell. */
bool vm_stream_events(void);
/* Look for consoles now, so that signals from the host arrive. */
void vm_stream_start(void);

/* Print a line of a panic, "u2k: " is put in front. */
/* A number as command lines have it, decimal or 0x...: false if there is none at *p. */
bool vm_number(const char **p, const char *end, uint64_t *out);
uint64_t vm_cmdline_number(const char *name); /* of NAME=number, 0: there is none */
void vm_panic_line(const char *format, ...) PRINTF_LIKE(1, 2);

/* ---- ARCH for vm/ ---- */

extern char __text_start[], __text_end[];
uint64_t vm_kernel_end_physical(void); /* the bundle is there */

void *vm_direct(uint64_t physical);
/* Map RAM [start, end) directly; tables come from `pool`. Returns pages used, or -1: pool too small. */
int vm_map_memory(uint64_t start, uint64_t end, void *pool, unsigned pool_pages);
unsigned vm_map_memory_cost(uint64_t start, uint64_t end); /* pages at the most */
void vm_fill_info(struct plat_info *info);
NORETURN void vm_enter_core(void); /* core_main() on an empty boot stack */

/* Print registers and `u2k: at ADDR` lines. */
void vm_panic_trace(const struct regs *regs);

/* Halt until an interrupt or the deadline; a passed one: only let pending interrupts in. */
void vm_halt(uint64_t deadline);

NORETURN void vm_power_off(int status);

extern const struct console vm_serial; /* the console of last resort */

/* Wall clock at start from the platform's own device: false if there is none. */
bool vm_wall_clock(uint64_t *now);

#endif
