/* SPDX-License-Identifier: Apache-2.0 */
/* The little of ACPI that a unikernel asks for: virtio-mmio places, and how to power off. */
#ifndef VM_X86_64_ACPI_H
#define VM_X86_64_ACPI_H

#include <u2k/device.h>

/* What the boot loader said; 0 and `certain`: there is no ACPI. Else it is searched when needed. */
void acpi_set_rsdp(uint64_t physical, bool certain);
unsigned acpi_places(struct device_place *out, unsigned max); /* virtio-mmio devices, LNRO0005 */
/* The I/O APIC that has input `gsi`: where it is and the number of its first input. */
bool acpi_io_apic(unsigned gsi, uint64_t *address, unsigned *first);
void acpi_power_off(void); /* returns if there is no way */

#endif
