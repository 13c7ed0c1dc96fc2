/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what the boot loader told to core_main(): RAM to the page allocator, the command line to
 * core, the bundle behind the kernel. Memory map, command line and bundle are not trusted: what does
 * not make sense is dropped or ends in a panic that says so.
 */
#include <u2k/boot.h>
#include <u2k/log.h>
#include <u2k/pages.h>
#include <u2k/string.h>

#include "vm.h"

enum {
    PIECES = 8,             /* as many as pages_add() takes */
    LEGACY_END = 1 << 20,   /* below: firmware's, and what the loader left for us to read */
    SMALLEST = 16,          /* pages; a piece below this is not worth its bookkeeping */
    FIRMWARE_USE = 2 << 20, /* see clear_firmware_use() */
    FIRMWARE_TABLES = 16 << 20,
    ROOM_TO_REPORT = 1 << 20,
    PLACES = 32,
    LOG_LEVEL = 2,
};

struct piece {
    uint64_t start, end;
};

static struct piece pieces[PIECES];
static unsigned piece_count;
static struct piece holes[3]; /* kernel; command line; bundle */
static struct device_place places[PLACES];
static unsigned place_count;
static struct plat_info info = {.name = "vm", .log_level = LOG_LEVEL};

const struct plat_info *plat_info = &info;

bool vm_is_memory(const struct boot_facts *facts, uint64_t start, uint64_t len)
{
    for (unsigned i = 0; i < facts->range_count; i++) {
        const struct memory_range *r = &facts->range[i];
        if (r->usable && start >= r->start && start <= r->end && len <= r->end - start)
            return true;
    }
    return false;
}

static void keep_piece(uint64_t start, uint64_t end)
{
    start = (start + PAGE_MASK) & ~(uint64_t)PAGE_MASK;
    end &= ~(uint64_t)PAGE_MASK;
    if (end > start && end - start >= SMALLEST * PAGE_SIZE && piece_count < PIECES)
        pieces[piece_count++] = (struct piece){start, end};
}

/* Take from [start, end) what must not be given away: holes, then every range of the map that is
 * not RAM or that came before this one (so that overlapping RAM is given once). */
static void carve(const struct boot_facts *f, unsigned self, uint64_t start, uint64_t end,
                  unsigned from)
{
    for (unsigned i = from; i < ARRAY_SIZE(holes) + f->range_count && start < end; i++) {
        bool hole = i < ARRAY_SIZE(holes);
        unsigned n = i - (unsigned)ARRAY_SIZE(holes);
        struct piece cut = hole ? holes[i] : (struct piece){f->range[n].start, f->range[n].end};
        if (!hole && (n == self || (f->range[n].usable && n > self)))
            continue;
        if (cut.start >= end || cut.end <= start || cut.start >= cut.end)
            continue;
        if (cut.start > start)
            carve(f, self, start, cut.start, i + 1);
        start = cut.end;
    }
    if (start < end)
        keep_piece(start, end);
}

/* Without one core says that there is none. Returns the size of one that memory has no place for. */
static uint64_t find_bundle(const struct boot_facts *f)
{
    uint64_t start = f->module ? f->module : vm_kernel_end_physical();
    const struct bundle_header *header = vm_direct(start);

    if (!vm_is_memory(f, start, sizeof(*header)) || header->magic != BUNDLE_MAGIC)
        return 0;
    uint64_t size = bundle_loaded(header);
    if (!vm_is_memory(f, start, size)) {
        /* What was loaded of it is of no use: enough of that becomes memory to say so. */
        memset(vm_direct(start), 0, vm_is_memory(f, start, ROOM_TO_REPORT) ? ROOM_TO_REPORT : 0);
        return size;
    }
    info.bundle = header;
    info.bundle_len = size;
    return 0;
}

static void clear_below(const struct piece *in, uint64_t end)
{
    uint64_t start = MAX(in->start, end > FIRMWARE_USE ? end - FIRMWARE_USE : 0);

    end = MIN(end, in->end);
    if (start < end)
        memset(vm_direct(start), 0, end - start);
}

/*
 * A PC BIOS leaves its working memory dirty; everything else is as the VMM made it: zero. SeaBIOS
 * (malloc.c) works downwards from the top of RAM below 4 GiB, or from 16 MiB below it, which it
 * keeps for tables, if there is enough; some 150 KiB were seen.
 */
static void clear_firmware_use(void)
{
    struct piece *top = NULL;

    for (unsigned i = 0; i < piece_count; i++)
        if (pieces[i].end <= 1ull << 32 && (!top || pieces[i].end > top->end))
            top = &pieces[i];
    if (!top)
        return;
    uint64_t ram_end = ALIGN_UP(top->end, (uint64_t)1 << 20);
    clear_below(top, top->end);
    if (ram_end > FIRMWARE_TABLES)
        clear_below(top, ram_end - FIRMWARE_TABLES);
}

static void give_memory(const struct boot_facts *f)
{
    uint64_t bundle = info.bundle ? device_address(info.bundle) : 0;
    uint64_t line = f->cmdline ? device_address(f->cmdline) : 0;

    holes[0] = (struct piece){0, MAX(vm_kernel_end_physical(), (uint64_t)LEGACY_END)};
    holes[1] =
        (struct piece){line & ~(uint64_t)PAGE_MASK, ALIGN_UP(line + f->cmdline_len, PAGE_SIZE)};
    holes[2] = (struct piece){bundle, ALIGN_UP(bundle + info.bundle_len, PAGE_SIZE)};
    for (unsigned i = 0; i < f->range_count; i++)
        if (f->range[i].usable)
            carve(f, i, f->range[i].start, f->range[i].end, 0);

    /* Tables for RAM that the boot tables do not reach come off the first piece, which they do. */
    for (unsigned i = 0; i < piece_count; i++) {
        unsigned cost = vm_map_memory_cost(pieces[i].start, pieces[i].end);
        struct piece *first = &pieces[0];
        if (cost > (first->end - first->start) / PAGE_SIZE / 2) {
            piece_count = i;
            break;
        }
        int used = vm_map_memory(pieces[i].start, pieces[i].end, vm_direct(first->start), cost);
        first->start += (uint64_t)used * PAGE_SIZE;
    }
    if (!f->memory_is_zero && !f->memory_is_used)
        clear_firmware_use();
    for (unsigned i = 0; i < piece_count; i++) {
        info.memory += pieces[i].end - pieces[i].start;
        pages_add(vm_direct(pieces[i].start), pieces[i].end - pieces[i].start, !f->memory_is_used);
    }
}

uint64_t vm_memory_end(void)
{
    uint64_t end = 0;

    for (unsigned i = 0; i < piece_count; i++)
        end = MAX(end, pieces[i].end);
    return end;
}

bool vm_number(const char **p, const char *end, uint64_t *out)
{
    unsigned base = 10;
    const char *start;

    if (end - *p > 2 && (*p)[0] == '0' && ((*p)[1] | 0x20) == 'x') {
        base = 16;
        *p += 2;
    }
    *out = 0;
    for (start = *p; *p < end; (*p)++) {
        unsigned c = (unsigned char)**p, letter = (c | 0x20) - 'a';
        unsigned digit = c - '0' <= 9 ? c - '0' : letter < 6 ? letter + 10 : base;
        if (digit >= base)
            break;
        *out = *out * base + digit;
    }
    return *p > start;
}

uint64_t vm_cmdline_number(const char *name)
{
    const char *text = cmdline_value(name);
    uint64_t value = 0;

    if (text)
        (void)vm_number(&text, text + strlen(text), &value);
    return value;
}

/* SIZE[KMG]@BASE:IRQ[:ID] (kernel-parameters, virtio_mmio.device=) */
static bool parse_place(const char *p, const char *end, struct device_place *out)
{
    uint64_t irq;

    *out = (struct device_place){.bus = DEVICE_MMIO};
    if (!vm_number(&p, end, &out->size))
        return false;
    unsigned suffix = p < end ? (unsigned char)*p | 0x20u : 0;
    unsigned shift = suffix == 'k' ? 10 : suffix == 'm' ? 20 : suffix == 'g' ? 30 : 0;
    out->size <<= shift;
    p += shift != 0;
    if (p == end || *p++ != '@' || !vm_number(&p, end, &out->base))
        return false;
    if (p == end || *p++ != ':' || !vm_number(&p, end, &irq))
        return false;
    out->irq = (unsigned)irq;
    return irq < 1024 && (p == end || *p == ':');
}

/* VMMs append their devices to the command line, even behind `--`: they are taken out here, so that
 * they do not become arguments of the program. */
static void take_places(char *line, size_t len)
{
    static const char name[] = "virtio_mmio.device=";
    const size_t n = sizeof(name) - 1;
    char *end = line + len;

    for (char *p = line; (size_t)(end - p) > n;) {
        char *stop = memchr(p, ' ', (size_t)(end - p));
        stop = stop ? stop : end;
        if ((size_t)(stop - p) > n && !memcmp(p, name, n)) {
            if (place_count < PLACES && parse_place(p + n, stop, &places[place_count]))
                place_count++;
            memset(p, ' ', (size_t)(stop - p));
        }
        p = stop < end ? stop + 1 : end;
    }
}

unsigned vm_cmdline_places(struct device_place *out, unsigned max)
{
    unsigned count = MIN(place_count, max);

    memcpy(out, places, count * sizeof(*out));
    return count;
}

/* A word of the command line before there is memory to parse that with. */
static bool has_word(const struct boot_facts *f, const char *word)
{
    size_t len = strlen(word);

    for (size_t at = 0; at + len <= f->cmdline_len; at++)
        if ((!at || f->cmdline[at - 1] == ' ') && !memcmp(f->cmdline + at, word, len) &&
            (at + len == f->cmdline_len || f->cmdline[at + len] == ' '))
            return true;
    return false;
}

NORETURN void vm_start(struct boot_facts *facts)
{
    facts->memory_is_used = has_word(facts, "u2k.memory=used");
    uint64_t too_large = find_bundle(facts);
    give_memory(facts);
    vm_fill_info(&info);
    if (!piece_count)
        panic("the memory map has no memory that can be used (%u ranges)", facts->range_count);
    if (facts->cmdline_len) {
        take_places(facts->cmdline, facts->cmdline_len);
        if (cmdline_parse(facts->cmdline, facts->cmdline_len) < 0)
            panic("no memory for the command line");
    }
    if (too_large)
        panic("%lu KiB of program and files do not fit into %lu KiB of memory: give more with -m",
              (unsigned long)(too_large >> 10), (unsigned long)(info.memory >> 10));
    vm_enter_core();
}
