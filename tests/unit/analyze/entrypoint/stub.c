/* Stands for the program that a script executes in the end: writes what it was given to ../seen. */
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length < 0)
        return 99;
    path[length] = 0;
    *strrchr(path, '/') = 0;
    *strrchr(path, '/') = 0;
    strcat(path, "/seen");
    FILE *out = fopen(path, "w");
    if (!out)
        return 98;
    char cwd[4096];
    mode_t mask = umask(0);
    fprintf(out, "%s%c%o%c%d%c", getcwd(cwd, sizeof cwd), 0, (unsigned)mask, 0, argc, 0);
    gid_t groups[64];
    int count = getgroups(64, groups);
    fprintf(out, "%u:%u", (unsigned)geteuid(), (unsigned)getegid());
    for (int i = 0; i < count; i++)
        fprintf(out, ",%u", (unsigned)groups[i]);
    fputc(0, out);
    for (int i = 0; i < argc; i++)
        fprintf(out, "%s%c", argv[i], 0);
    for (char **entry = environ; *entry; entry++)
        fprintf(out, "%s%c", *entry, 0);
    fclose(out);
    return 0;
}
