/* SPDX-License-Identifier: Apache-2.0 */
/* Which disks there are. */
#include <u2k/block.h>
#include <u2k/log.h>

static struct list disks = LIST_INIT(disks);
static unsigned disk_count;

void block_offer(struct block_device *d)
{
    format_text(d->name, sizeof(d->name), "vd%c", 'a' + (int)disk_count++);
    list_push_back(&disks, &d->link);
}

struct block_device *block_find(const char *name)
{
    static const char folder[] = "/dev/";
    size_t i = 0;

    while (folder[i] && name[i] == folder[i])
        i++;
    if (!folder[i])
        name += i;
    LIST_FOR_EACH(it, &disks)
    {
        struct block_device *d = LIST_ENTRY(it, struct block_device, link);
        if (name[0] == 'v' && name[1] == 'd' && name[2] == d->name[2] && !name[3])
            return d;
    }
    return NULL;
}
