/* SPDX-License-Identifier: Apache-2.0 */
/* fs_test IMAGE [NAME]: run one case on a fresh system, or list the cases. */
#include "check.h"

typedef struct host_file FILE;
FILE *fopen(const char *path, const char *mode);
size_t fread(void *to, size_t size, size_t count, FILE *f);
void *aligned_alloc(size_t alignment, size_t size);

static const struct test *const groups[] = {tests_names, tests_data, tests_io, tests_special,
                                            tests_left_out};

static void start(const char *path)
{
    const size_t room = 8 << 20;
    char *image = aligned_alloc(PAGE_SIZE, room);
    FILE *f = fopen(path, "rb");
    if (!f)
        exit(2);
    CHECK(vfs_start(image, fread(image, 1, room, f)), 0);
}

int main(int argc, char **argv)
{
    for (size_t g = 0; g < ARRAY_SIZE(groups); g++) {
        for (const struct test *t = groups[g]; t->name; t++) {
            if (argc < 3) {
                dprintf(1, "%s\n", t->name);
            } else if (strcmp(t->name, argv[2]) == 0) {
                stub_kind = strncmp(t->name, "terminal", 8) == 0 ? STREAM_TERMINAL : STREAM_PIPE;
                start(argv[1]);
                t->run();
                return 0;
            }
        }
    }
    return argc < 3 ? 0 : 2;
}
