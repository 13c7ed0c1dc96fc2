/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/sys/kernel/random (random(4)): what tells this boot from others, and numbers nobody else has. */
#include "../procfs/proc.h"

#include <u2k/arch.h>
#include <u2k/platform.h>
#include <u2k/string.h>

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

const struct proc_entry proc_random[] = {
    PROC_TEXT("boot_id", boot_id),
    PROC_CONST("entropy_avail", "256\n"),
    PROC_CONST("poolsize", "256\n"),
    PROC_TEXT("uuid", uuid),
    {0},
};
