/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages: memory that the library OS can address and the platform can map into the program
 * (plat_map with MAP_COPY or MAP_DIRECT). On a VM all RAM, the program's anonymous memory included;
 * in a process a memory file, used for files and the heap.
 */
#ifndef U2K_PAGES_H
#define U2K_PAGES_H

#include <u2k/types.h>

/* The platform gives a range of untouched pages before core_main(); at most 8 times. Metadata is taken from
 * the range and grows as pages are used: giving a range that is `zero`-filled costs O(1). Of another one the
 * metadata is cleared now (8 bytes a page), and each page when it is first asked for with zeros in it. */
void pages_add(void *base, size_t len, bool zero);

/* `count` contiguous pages, contents zero iff asked (fresh pages are not cleared twice). NULL: none. */
enum { PAGES_ANY = 0, PAGES_ZERO = 1 };
void *pages_alloc(size_t count, unsigned flags);
/* Asked when there is no room for `count` pages: gives back some that can be had again. False: there are none. */
extern bool (*pages_pressure)(size_t count);
void pages_free(void *base, size_t count); /* any part of an allocation, page by page if need be */
size_t pages_free_count(void);
size_t pages_total_count(void);

/* The heap on top: size classes, whole pages above 2 KiB. Zeroed. NULL: no memory. 16-byte aligned. */
void *heap_alloc(size_t size);
void *heap_resize(void *p, size_t old_size, size_t size);
void heap_free(void *p, size_t size); /* `size` as it was allocated */

#define NEW(type) ((type *)heap_alloc(sizeof(type)))
#define DELETE(p) heap_free((p), sizeof(*(p)))

#endif
