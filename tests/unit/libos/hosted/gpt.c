/* SPDX-License-Identifier: Apache-2.0 */
/* The search for a unikernel's partition in tables that are right, and in many that are not. */
#include "../../../../libos/platform/vm/disk_root/disk_root.h"

#include <u2k/errno.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
            exit(1); \
        } \
    } while (0)

static char *disk;
static size_t disk_size;

/* Beyond the end the sanitizer would say so. */
static int read_pages(struct block_device *d, uint64_t offset, void *const page[], unsigned count)
{
    (void)d;
    CHECK(count == 1 && offset % BLOCK_SECTOR == 0 && offset <= disk_size - PAGE_SIZE);
    memcpy(page[0], disk + offset, PAGE_SIZE);
    return 0;
}

int main(int argc, char **argv)
{
    struct block_device d = {.pages_max = 1, .read = read_pages};
    static char page[PAGE_SIZE], original[PAGE_SIZE * 8];
    uint64_t start = 0, end;

    CHECK(argc == 4);
    FILE *f = fopen(argv[1], "r");
    fseek(f, 0, SEEK_END);
    disk_size = (size_t)ftell(f);
    disk = malloc(disk_size);
    rewind(f);
    CHECK(fread(disk, 1, disk_size, f) == disk_size);
    fclose(f);
    d.size = end = disk_size;
    memcpy(original, disk, sizeof(original));

    memcpy(page, disk, PAGE_SIZE);
    CHECK(gpt_partition(&d, page, &start, &end) == 0);
    CHECK(start == strtoull(argv[2], NULL, 10) && end == strtoull(argv[3], NULL, 10));
    CHECK(!memcmp(page, "\x7f" "ELF", 4));

    memset(disk + 512, 0, 8); /* not partitioned: nothing is changed */
    memcpy(page, disk, PAGE_SIZE);
    start = 1;
    end = 2;
    CHECK(gpt_partition(&d, page, &start, &end) == 0 && start == 1 && end == 2);
    CHECK(!memcmp(page, disk, PAGE_SIZE));

    unsigned good = 0, bad = 0;
    for (int i = 0; i < 200000; i++) {
        memcpy(disk, original, sizeof(original));
        for (int k = 1 + rand() % 4; k; k--) {
            size_t at = rand() % 2 ? 520 + (size_t)rand() % 84 : 1024 + (size_t)rand() % 384;
            disk[at] = (char)(rand() % 3 ? rand() : rand() % 2 ? 0 : -1);
        }
        memcpy(page, disk, PAGE_SIZE);
        start = 0;
        end = disk_size;
        int error = gpt_partition(&d, page, &start, &end);
        CHECK(error == 0 || error == -EINVAL || error == -EIO);
        CHECK(start < end && end <= disk_size && start % BLOCK_SECTOR == 0);
        CHECK(error || end - start >= PAGE_SIZE);
        good += !error;
        bad += !!error;
    }
    CHECK(good > 1000 && bad > 1000);
    free(disk);
    return 0;
}
