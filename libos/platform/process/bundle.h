/* SPDX-License-Identifier: Apache-2.0 */
/* The bundle inside a unikernel file: a segment of an ELF64 file that begins with BUNDLE_MAGIC. */
#ifndef U2K_PROCESS_BUNDLE_H
#define U2K_PROCESS_BUNDLE_H

#include "elf.h"
#include <u2k/types.h>

/* p_type of a bundle that no loader maps; in a VM's kernel it is a PT_LOAD. "1u2k". */
#define BUNDLE_SEGMENT 0x6b327531u

/* Does the running executable carry one? Its program headers are where the host's loader says. The
 * linker puts them into the text segment; converter/link/unikernel.py, which adds the bundle, writes new
 * ones that are in no segment: then what the loader says is 0, or (before Linux 5.18) nonsense. */
bool bundle_is_own(uintptr_t phdr, size_t count);

#endif
