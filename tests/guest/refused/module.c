/* SPDX-License-Identifier: Apache-2.0 */
/* Loads a module into the kernel (init_module(2)); with LOADED it looks which ones there are. */
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
#ifdef LOADED
    (void)argc;
    FILE *modules = fopen("/proc/modules", "re");
    puts(modules ? argv[0] : "no modules");
    return 0;
#else
    return syscall(SYS_finit_module, 0, argv[argc - 1], 0) != 0;
#endif
}
