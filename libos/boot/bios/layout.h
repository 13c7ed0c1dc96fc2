/* SPDX-License-Identifier: Apache-2.0 */
/* Where things are below 1 MiB while the BIOS loader runs. */
#ifndef BOOT_BIOS_LAYOUT_H
#define BOOT_BIOS_LAYOUT_H

#define REAL_STACK 0x6000  /* downwards; the BIOS' own data ends at 0x500 */
#define STACK 0x7c00       /* of protected mode */
#define LOADER 0x8000 /* bios/start.S and what is linked behind it, at most LOADER_MAX bytes */
#define LOADER_MAX 0x8000
#define BOUNCE 0x10000 /* what the BIOS reads, BOUNCE_SIZE bytes */
#define BOUNCE_SIZE 0x8000
#define START_PAGE 0x20000 /* struct start_page */

#endif
