/* SPDX-License-Identifier: Apache-2.0 */
/* Look-ups of what the converter left out: told once each, whatever way leads there, and never else. */
#include "check.h"

#include <u2k/boot.h>

/* As boot.h has it; test_bundle.py holds the writer to the same. */
static uint32_t hash(const char *reversed)
{
    uint32_t crc = UINT32_MAX;
    for (; *reversed; reversed++) {
        crc ^= (uint8_t)*reversed;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static void list(const char *const *reversed, size_t count)
{
    static uint32_t sorted[64];
    for (size_t i = 0; i < count; i++) {
        uint32_t h = hash(reversed[i]);
        size_t at = i;
        for (; at && sorted[at - 1] > h; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = h;
    }
    boot_config.left_out = (const uint8_t *)sorted;
    boot_config.left_out_count = count;
}

static bool told(const char *path)
{
    char want[512];
    format_text(want, sizeof want,
                "%s was left out of the root: ENOENT; keep it with: u2k convert --keep '%s'\n",
                path, path);
    bool same = strcmp(stub_log, want) == 0;
    stub_log[0] = 0;
    return same;
}

static void left_out_paths(void)
{
    static const char *const gone[] = {"bin",      "er/deep/bin", "gone/etc", "new/etc",
                                       "motd/etc", "here/proc",   "a\nb/etc"};
    struct stat_k st;

    list(gone, ARRAY_SIZE(gone));
    CHECK(open_("/etc/gone", O_RDONLY, 0), -ENOENT);
    CHECK(told("/etc/gone"), 1);
    CHECK(open_("/etc/gone", O_RDONLY, 0), -ENOENT);
    CHECK(CALL(stat, P("/etc-link/gone"), P(&st)), -ENOENT);
    CHECK(stub_log[0], 0);
    CHECK(CALL(access, P("/bin/deep/none"), 0), -ENOENT); /* nor was it in the image */
    CHECK(CALL(access, P("/bin/deep/../er"), 0), -ENOENT);
    CHECK(stub_log[0], 0);
    CHECK(CALL(access, P("/bin//deep/./er"), 0), -ENOENT);
    CHECK(told("/bin/deep/./er"), 1);
    CHECK(CALL(access, P("/bin/deep/er/"), 0), -ENOENT);
    CHECK(stub_log[0], 0);
    CHECK(CALL(access, P("/bin"), 0), -ENOENT);
    CHECK(told("/bin"), 1);
    CHECK(CALL(chdir, P("/etc")), 0);
    CHECK(CALL(stat, P("a\nb"), P(&st)), -ENOENT); /* no line of its own in the log */
    CHECK(told("/etc/a?b"), 1);
    CHECK(has_text("/etc/motd", "welcome\n"), 1);
    CHECK(write_text("/etc/new", "x"), 1); /* made where one was: nothing is missing */
    CHECK(open_("/proc/here", O_RDONLY, 0), -ENOENT); /* another file system */
    CHECK(open_("/etc/other", O_RDONLY, 0), -ENOENT);
    CHECK(CALL(unlink, P("/etc/other")), -ENOENT);
    CHECK(stub_log[0], 0);
}

static void left_out_at_most(void)
{
    static char reversed[64][8], path[8];
    const char *listed[64];
    unsigned lines = 0;

    for (unsigned i = 0; i < 64; i++) {
        format_text(reversed[i], sizeof reversed[i], "f%02u", i);
        listed[i] = reversed[i];
    }
    list(listed, 64);
    for (unsigned i = 0; i < 64; i++) {
        format_text(path, sizeof path, "/f%02u", i);
        CHECK(open_(path, O_RDONLY, 0), -ENOENT);
        lines += stub_log[0] != 0;
        stub_log[0] = 0;
    }
    CHECK(lines, 16);
}

static void nothing_left_out(void)
{
    boot_config.left_out_count = 0;
    CHECK(open_("/bin", O_RDONLY, 0), -ENOENT);
    CHECK(stub_log[0], 0);
}

const struct test tests_left_out[] = {
    {"left_out_paths", left_out_paths},
    {"left_out_at_most", left_out_at_most},
    {"nothing_left_out", nothing_left_out},
    {0},
};
