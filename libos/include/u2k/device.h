/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a platform with buses gives to drivers: where devices may be, their registers, interrupts and
 * the addresses under which they see memory. Drivers are probed when they are first needed.
 */
#ifndef U2K_DEVICE_H
#define U2K_DEVICE_H

#include <u2k/platform.h>
#include <u2k/types.h>

enum device_bus { DEVICE_MMIO, DEVICE_PCI };

/* A place where a device was announced; whether one is there its registers say. */
struct device_place {
    enum device_bus bus;
    uint64_t
        base; /* DEVICE_MMIO: physical address; DEVICE_PCI: bus << 8 | device << 3 | function */
    uint64_t size; /* DEVICE_MMIO: bytes */
    unsigned irq;  /* DEVICE_MMIO: for device_irq() */
    bool level;    /* triggered by level, not by edge */
};

/* Place number `index`, cheapest to find first; false if there are no more. */
bool device_place(unsigned index, struct device_place *out);

/* Registers at a physical address, uncached. NULL: no memory, or no such address. */
volatile void *device_map(uint64_t physical, size_t len);

/* Under which a device sees library OS memory (pages, heap). */
uint64_t device_address(const void *memory);

/* Call `fn` on an interrupt: while the program runs or within plat_idle(). */
int device_irq(const struct device_place *at, void (*fn)(void *), void *arg);

/* The same for message-signalled interrupts: what the device has to write, and where. */
int device_message(void (*fn)(void *), void *arg, uint64_t *address, uint32_t *data);

/* PCI configuration space: `size` 1, 2 or 4, naturally aligned. */
uint32_t pci_read(const struct device_place *at, unsigned reg, unsigned size);
void pci_write(const struct device_place *at, unsigned reg, unsigned size, uint32_t value);

/* ---- what drivers offer ---- */

/* A console: streams to and from the host, and what else there is to tell it. */
struct console {
    const char *name;
    bool (*has)(enum stream s);
    ssize_t (*read)(enum stream s, void *buf, size_t len);        /* as plat_stream_read() */
    ssize_t (*write)(enum stream s, const void *buf, size_t len); /* as plat_stream_write() */
    unsigned (*poll)(enum stream s);
    void (*want)(enum stream s, unsigned mask);
    void (*tell_exit)(int status);                  /* may be NULL */
    void (*tell_panic)(const char *text, size_t n); /* may be NULL */
    bool (*drained)(void); /* all output is at the host; asking turns its interrupt on */
};
void console_offer(const struct console *c);
void console_resized(struct stream_size size);
void console_changed(void); /* something came: whoever waits for a stream is told */

/* Set for good when the unikernel ends, perhaps in the middle of anything: interrupts are acknowledged, and tell nobody. */
extern bool device_ending;
/* A driver that may have something on its way then: `sent` says that all of it has left, or turns the interrupt on. It is
 * asked for a tenth of a second at the most. */
void ending_offer(bool (*sent)(void));

/* A source of randomness fit for keys: bytes given, or -errno. */
void random_offer(ssize_t (*fill)(void *buf, size_t len));

#endif
