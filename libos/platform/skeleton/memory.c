/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program's memory: there is none. A port maps at once, or notes nothing and brings pages when
 * core_fault() leads to plat_fault(); `backing` is the bundle or pages that pages_add() was given.
 */
#include <u2k/errno.h>
#include <u2k/platform.h>

int plat_map(vaddr_t at, size_t len, unsigned prot, enum plat_backing how, const void *backing)
{
    (void)at, (void)len, (void)prot, (void)how, (void)backing;
    return -ENOSYS;
}

int plat_fault(vaddr_t addr, unsigned access, vaddr_t lo, vaddr_t hi, unsigned prot,
               enum plat_backing how, const void *backing)
{
    (void)addr, (void)access, (void)lo, (void)hi, (void)prot, (void)how, (void)backing;
    return -ENOSYS;
}

int plat_protect(vaddr_t at, size_t len, unsigned prot)
{
    (void)at, (void)len, (void)prot;
    return -ENOSYS;
}

int plat_unmap(vaddr_t at, size_t len)
{
    (void)at, (void)len;
    return -ENOSYS;
}

int plat_discard(vaddr_t at, size_t len)
{
    (void)at, (void)len;
    return -ENOSYS;
}

int plat_move(vaddr_t from, vaddr_t to, size_t len)
{
    (void)from, (void)to, (void)len;
    return -ENOSYS;
}

int plat_resident(vaddr_t at, size_t len, uint8_t *vec)
{
    (void)at, (void)len, (void)vec;
    return -ENOSYS;
}

uint64_t plat_memory_free(void)
{
    return 0;
}
