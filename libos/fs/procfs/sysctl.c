/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/sys: the settings that programs look at. None can be changed. */
#include "proc.h"

#include <u2k/arch.h>
#include <u2k/platform.h>
#include <u2k/string.h>
#include <u2k/uts.h>

static void hostname(struct text *t, const struct proc_at *at)
{
    (void)at;
    text_add(t, "%s\n", process.hostname);
}

static void domainname(struct text *t, const struct proc_at *at)
{
    (void)at;
    text_add(t, "%s\n", process.domainname[0] ? process.domainname : "(none)");
}

/* RFC 9562 version 4. Without randomness the file is empty rather than guessable. */
static bool random_uuid(uint8_t id[16])
{
    if (plat_random(id, 16) < 0) {
        for (unsigned i = 0; i < 16; i += 8) {
            uint64_t word;
            if (!arch_random64(&word))
                return false;
            memcpy(id + i, &word, 8);
        }
    }
    id[6] = (uint8_t)((id[6] & 0x0f) | 0x40);
    id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
    return true;
}

static void show_uuid(struct text *t, const uint8_t id[16])
{
    for (unsigned i = 0; i < 16; i++)
        text_add(t, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", id[i]);
    text_add(t, "\n");
}

static void uuid(struct text *t, const struct proc_at *at)
{
    uint8_t id[16];
    (void)at;
    if (random_uuid(id))
        show_uuid(t, id);
}

static void boot_id(struct text *t, const struct proc_at *at)
{
    static uint8_t id[16];
    static bool made;
    (void)at;
    made = made || random_uuid(id);
    if (made)
        show_uuid(t, id);
}

static const struct proc_entry random_entries[] = {
    PROC_TEXT("boot_id", boot_id),
    PROC_CONST("entropy_avail", "256\n"),
    PROC_CONST("poolsize", "256\n"),
    PROC_TEXT("uuid", uuid),
    {0},
};
static const struct proc_entry kernel[] = {
    PROC_CONST("cap_last_cap", "40\n"),      PROC_CONST("core_pattern", "core\n"),
    PROC_TEXT("domainname", domainname),     PROC_TEXT("hostname", hostname),
    PROC_CONST("ngroups_max", "65536\n"),    PROC_CONST("osrelease", UTS_RELEASE "\n"),
    PROC_CONST("ostype", UTS_SYSNAME "\n"),  PROC_CONST("pid_max", "4194304\n"),
    PROC_DIR("random", random_entries),      PROC_CONST("threads-max", "65536\n"),
    PROC_CONST("version", UTS_VERSION "\n"), {0},
};
static const struct proc_entry vm[] = {
    PROC_CONST("max_map_count", "65530\n"),
    PROC_CONST("mmap_min_addr", "65536\n"),
    PROC_CONST("overcommit_memory", "1\n"),
    PROC_CONST("swappiness", "60\n"),
    {0},
};
static const struct proc_entry epoll[] = {PROC_CONST("max_user_watches", "1048576\n"), {0}};
static const struct proc_entry inotify[] = {
    PROC_CONST("max_queued_events", "16384\n"),
    PROC_CONST("max_user_instances", "128\n"),
    PROC_CONST("max_user_watches", "1048576\n"),
    {0},
};
static const struct proc_entry fs[] = {
    PROC_DIR("epoll", epoll),
    PROC_CONST("file-max", "9223372036854775807\n"),
    PROC_DIR("inotify", inotify),
    PROC_CONST("nr_open", "1048576\n"),
    PROC_CONST("pipe-max-size", "1048576\n"),
    {0},
};
static const struct proc_entry net_core[] = {PROC_CONST("somaxconn", "4096\n"), {0}};
static const struct proc_entry net[] = {PROC_DIR("core", net_core), {0}};

const struct proc_entry proc_sys[] = {
    PROC_DIR("fs", fs), PROC_DIR("kernel", kernel), PROC_DIR("net", net), PROC_DIR("vm", vm), {0},
};
