/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a worker process of itself when it starts; with OPTION only if it is told to. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
#ifdef OPTION
    if (argc < 2 || strcmp(argv[1], "--workers") != 0) {
        puts("alone");
        return 0;
    }
#else
    (void)argc;
    (void)argv;
#endif
    pid_t worker = fork();
    if (worker == 0)
        _exit(0);
    return worker < 0 || waitpid(worker, NULL, 0) != worker;
}
