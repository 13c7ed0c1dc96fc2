/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line in Linux's dialect (Documentation/admin-guide/kernel-parameters.rst).
 *
 * What Linux does not know it passes to init: NAME=value into the environment, bare words as
 * arguments. We do the first, but not the second: hypervisors and boot loaders append bare words
 * (quiet, ro, nomodules, noapic ...), and arguments that appear from nowhere are worse than none.
 * A program's arguments come after `--` or in u2k.arg=.
 */
#include "cmdline.h"

#include <u2k/boot.h>
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/pages.h>
#include <u2k/string.h>

struct token *cmdline_tokens;
static struct token **tail = &cmdline_tokens;
static bool after_dashes;

/* NAME=value that means something to a kernel, a boot loader or a driver. */
static const char kernel_names[] =
    " console root rootfstype rootflags rootdelay rootwait ro rw nfsroot nfsaddrs resume raid ip"
    " init rdinit initrd BOOT_IMAGE reboot panic oops pci acpi apic lapic noapic nosmp hpet tsc lpj"
    " clocksource no_timer_check idle nohz isolcpus maxcpus nr_cpus possible_cpus numa"
    " numa_balancing mem memmap memory cma swiotlb crashkernel hugepages hugepagesz"
    " default_hugepagesz transparent_hugepage mitigations spectre_v2 spec_store_bypass pti iommu"
    " intel_iommu amd_iommu quiet debug loglevel log_buf_len printk earlycon earlyprintk"
    " nmi_watchdog softlockup_panic hung_task_panic ftrace trace_event vga video fbcon"
    " consoleblank security lsm selinux apparmor audit cgroup_disable random fw_devlink vdso"
    " dhash_entries ihash_entries ";

const char *token_value(const struct token *t, const char *name)
{
    size_t n = strlen(name);

    return !t->argument && t->len > n && !memcmp(t->text, name, n) && t->text[n] == '='
               ? t->text + n + 1
               : NULL;
}

bool token_is_environment(const struct token *t)
{
    const char *equals = memchr(t->text, '=', t->len);

    if (t->argument || !equals || equals == t->text ||
        memchr(t->text, '.', (size_t)(equals - t->text)))
        return false; /* Linux takes NAME.name=value for a module's parameter */
    size_t n = (size_t)(equals - t->text);
    for (const char *p = kernel_names; *++p; p = strchr(p, ' '))
        if (!strncmp(p, t->text, n) && p[n] == ' ')
            return false;
    return true;
}

int cmdline_token(const char *token, size_t len)
{
    if (!after_dashes && len == 2 && !memcmp(token, "--", 2)) {
        after_dashes = true;
        return 0;
    }
    struct token *t = heap_alloc(sizeof(*t) + len + 1);
    if (!t)
        return -ENOMEM;
    memcpy(t->text, token, len);
    t->len = strnlen(t->text, len);
    t->argument = after_dashes;
    *tail = t;
    tail = &t->next;
    return 0;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/*
 * Linux's next_arg(): a double quote keeps blanks together wherever it stands; it is taken off only
 * around the whole token or around the whole value.
 */
int cmdline_parse(const char *line, size_t len)
{
    size_t at = 0;

    len = strnlen(line, len);
    while (at < len) {
        if (is_space(line[at])) {
            at++;
            continue;
        }
        char *token = heap_alloc(len - at);
        size_t size = len - at, used = 0;
        bool quoted = false, seen_equals = false, strip = false;
        size_t start = at;

        if (!token)
            return -ENOMEM;
        for (; at < len && (quoted || !is_space(line[at])); at++) {
            char c = line[at];
            quoted ^= c == '"';
            if (c == '"' && (at == start || (line[at - 1] == '=' && used && seen_equals &&
                                             memchr(token, '=', used) == token + used - 1))) {
                strip = true;
                continue;
            }
            seen_equals |= c == '=';
            token[used++] = c;
        }
        if (strip && used && token[used - 1] == '"')
            used--;
        int error = cmdline_token(token, used);
        heap_free(token, size);
        if (error)
            return error;
    }
    return 0;
}

const char *cmdline_value(const char *name)
{
    const char *value = NULL;

    for (const struct token *t = cmdline_tokens; t; t = t->next) {
        const char *v = token_value(t, name);
        value = v ? v : value;
    }
    return value;
}
