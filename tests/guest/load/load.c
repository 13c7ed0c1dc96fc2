/* SPDX-License-Identifier: Apache-2.0 */
/* What a program finds when it starts: stack, arguments, environment, auxiliary vector. */
#include "../check.h"
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/mman.h>

extern char **environ;
static int initialised = 41;
static int zeros[5000];
static __thread int thread_local_value = 7;

__attribute__((constructor)) static void before_main(void)
{
    initialised++;
}
__attribute__((destructor)) static void after_main(void)
{
    write(1, "destructor ran\n", 15);
}

static void at_end(void)
{
    write(1, "atexit ran\n", 11);
}

static void arguments(int argc, char **argv)
{
    fact("argc", argc);
    for (int i = 1; i < argc; i++)
        printf("argv[%d]: <%s>\n", i, argv[i]);
    yes("argv ends with NULL", argv[argc] == NULL);
    yes("environment stands behind argv", environ == argv + argc + 1);
    for (char **each = environ; *each; each++)
        if (strncmp(*each, "GUEST_", 6) == 0)
            text("environment", *each);
}

static const ElfW(auxv_t) * auxv(void)
{
    char **at = environ;

    while (*at)
        at++;
    return (const ElfW(auxv_t) *)(at + 1);
}

static void auxiliary(const char *argv0)
{
    static const struct {
        unsigned long type;
        const char *name;
    } expected[] = {{AT_PHDR, "PHDR"},
                    {AT_PHENT, "PHENT"},
                    {AT_PHNUM, "PHNUM"},
                    {AT_PAGESZ, "PAGESZ"},
                    {AT_BASE, "BASE"},
                    {AT_FLAGS, "FLAGS"},
                    {AT_ENTRY, "ENTRY"},
                    {AT_UID, "UID"},
                    {AT_EUID, "EUID"},
                    {AT_GID, "GID"},
                    {AT_EGID, "EGID"},
                    {AT_SECURE, "SECURE"},
                    {AT_RANDOM, "RANDOM"},
                    {AT_HWCAP, "HWCAP"},
                    {AT_HWCAP2, "HWCAP2"},
                    {AT_CLKTCK, "CLKTCK"},
                    {AT_EXECFN, "EXECFN"},
                    {AT_PLATFORM, "PLATFORM"},
                    {AT_MINSIGSTKSZ, "MINSIGSTKSZ"}};
    const ElfW(Phdr) *phdr = (const void *)getauxval(AT_PHDR);
    const unsigned char *random = (const void *)getauxval(AT_RANDOM);
    unsigned char sum = 0;

    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        int count = 0;
        for (const ElfW(auxv_t) *each = auxv(); each->a_type != AT_NULL; each++)
            count += each->a_type == expected[i].type;
        printf("AT_%s: %d times\n", expected[i].name, count);
    }
    fact("page size", (long long)getauxval(AT_PAGESZ));
    fact("clock ticks", (long long)getauxval(AT_CLKTCK));
    fact("secure", (long long)getauxval(AT_SECURE));
    fact("flags", (long long)getauxval(AT_FLAGS));
    fact("program header size", (long long)getauxval(AT_PHENT));
    text("platform", (const char *)getauxval(AT_PLATFORM));
    yes("execfn is argv[0]", strcmp((const char *)getauxval(AT_EXECFN), argv0) == 0);
    yes("uid", getauxval(AT_UID) == getuid() && getauxval(AT_EUID) == geteuid());
    yes("gid", getauxval(AT_GID) == getgid() && getauxval(AT_EGID) == getegid());
    yes("signal stack size is sane", getauxval(AT_MINSIGSTKSZ) >= 1000);
    for (int i = 0; i < 16; i++)
        sum |= random[i];
    yes("random bytes are not all zero", sum != 0);
    yes("program has an interpreter", getauxval(AT_BASE) != 0);
    for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++)
        if (phdr[i].p_type == PT_GNU_STACK)
            fact("flags of PT_GNU_STACK", phdr[i].p_flags);
}

int main(int argc, char **argv)
{
    int sum = 0;
    char *heap = malloc(3 << 20);

    arguments(argc, argv);
    auxiliary(argv[0]);
    yes("argc is 16-byte aligned", ((uintptr_t)(argv - 1) & 15) == 0);
    yes("frame is aligned", ((uintptr_t)__builtin_frame_address(0) & 15) == 0);
    for (int i = 0; i < 5000; i++)
        sum |= zeros[i];
    fact("constructed", initialised);
    fact("bss", sum);
    fact("thread-local", thread_local_value);
    memset(heap, 5, 3 << 20);
    fact("heap", heap[(3 << 20) - 1]);
    /* Text must not be writable, stack must not be executable. */
    works("mprotect of own text page works",
          mprotect((void *)((uintptr_t)main & ~4095ul), 4096, PROT_READ | PROT_EXEC));
    atexit(at_end);
    return 17;
}
