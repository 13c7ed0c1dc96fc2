/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program is started with: the bundle's boot record, changed by the command line as
 * `docker run` changes an image's configuration. The bundle may be hostile: all of it is read
 * through cursors.
 *
 * init=, rdinit= and u2k.exec= name another program; its name is all of argv then. `-- ARGS` and
 * u2k.arg= replace what follows that name, or the image's entrypoint.
 */
#include "cmdline.h"

#include <u2k/boot.h>
#include <u2k/cursor.h>
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/pages.h>
#include <u2k/string.h>

#define HOSTNAME_MAX 64
#define GROUPS_MAX 65536

struct boot_config boot_config;

struct strings { /* a growing NULL-terminated array */
    char **item;
    size_t count, room;
};

static int strings_reserve(struct strings *s)
{
    if (s->count + 2 <= s->room)
        return 0;
    size_t room = s->room ? 2 * s->room : 16;
    char **item = heap_resize(s->item, s->room * sizeof(char *), room * sizeof(char *));
    if (!item)
        return -ENOMEM;
    s->item = item;
    s->room = room;
    return 0;
}

static int strings_put(struct strings *s, size_t at, char *text)
{
    int error = text ? strings_reserve(s) : -ENOMEM;

    if (error)
        return error;
    s->item[at] = text;
    if (at == s->count)
        s->item[++s->count] = NULL;
    return 0;
}

static int arguments_put(struct strings *s, char *text)
{
    return strings_put(s, s->count, text);
}

/* A later variable replaces an earlier one of the same name. */
static int environment_put(struct strings *s, char *text)
{
    const char *equals = text ? strchr(text, '=') : NULL;
    size_t at = s->count;

    if (equals)
        for (at = 0; at < s->count; at++)
            if (!strncmp(s->item[at], text, (size_t)(equals - text) + 1))
                break;
    return strings_put(s, at, text);
}

static char *copy_text(const void *text, size_t len)
{
    char *copy = heap_alloc(len + 1);

    if (copy)
        memcpy(copy, text, len);
    return copy;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 3986, section 2.1; a % that no two hexadecimal digits follow stands for itself. */
static char *decode(const char *text)
{
    char *out = copy_text(text, strlen(text)), *to = out;

    for (const char *p = out; p && *p; p++) {
        int high = *p == '%' ? hex_digit(p[1]) : -1;
        int low = high >= 0 ? hex_digit(p[2]) : -1;
        if (low >= 0)
            p += 2;
        *to++ = low >= 0 ? (char)(high << 4 | low) : *p;
    }
    if (to)
        *to = 0;
    return out;
}

static int group_put(struct boot_config *b, uint32_t gid)
{
    size_t old = b->group_count * sizeof(uint32_t);
    uint32_t *groups = heap_resize(b->groups, old, old + sizeof(uint32_t));

    if (!groups)
        return -ENOMEM;
    groups[b->group_count++] = gid;
    b->groups = groups;
    return b->group_count > GROUPS_MAX ? -EINVAL : 0;
}

static bool take_id(const char **p, uint32_t *id)
{
    uint64_t value = 0;
    const char *start = *p;

    for (; **p >= '0' && **p <= '9' && value <= UINT32_MAX; (*p)++)
        value = value * 10 + (uint64_t)(**p - '0');
    *id = (uint32_t)value;
    return *p > start && value < UINT32_MAX; /* -1 is "no id" for the set*id() calls */
}

/* UID[:GID[:G,G...]]; without a group it is 0, as docker has it for a user without an entry. */
static int take_user(struct boot_config *b, const char *text)
{
    const char *p = text;
    uint32_t id;
    int error = 0;

    b->gid = 0;
    b->group_count = 0;
    b->groups = NULL;
    bool good = take_id(&p, &b->uid);
    if (good && *p == ':') {
        p++;
        good = take_id(&p, &b->gid);
    }
    for (char before = ':'; good && !error && *p == before; before = ',') {
        p++;
        good = take_id(&p, &id);
        error = good ? group_put(b, id) : 0;
    }
    if (error)
        return error;
    if (!good || *p) {
        log_error("u2k.user=%s: not UID[:GID[:GROUP,...]] in decimal", text);
        return -EINVAL;
    }
    return 0;
}

struct record {
    struct strings argv, envp;
    uint32_t kept; /* leading arguments that run-time arguments do not replace */
};

static int read_item(struct record *rec, unsigned tag, const char *data, uint32_t len)
{
    struct boot_config *b = &boot_config;
    struct cursor number = cursor_over(data, len);
    uint32_t value = len == 4 ? cursor_le32(&number) : 0;

    if (tag == BOOT_LEFT_OUT) {
        b->left_out = (const uint8_t *)data;
        b->left_out_count = len / 4;
        return len % 4 ? -EINVAL : 0;
    }
    if (tag == BOOT_SITES) {
        b->sites = (const uint8_t *)data;
        b->site_count = len / 4;
        return len % 4 ? -EINVAL : 0;
    }
    bool is_number =
        (tag >= BOOT_UID && tag <= BOOT_GROUP) || tag == BOOT_ENTRYPOINT_ARGS || tag == BOOT_UMASK;

    if (is_number && len != 4)
        return -EINVAL;
    char *text = is_number ? NULL : copy_text(data, len);
    if (!is_number && (!text || memchr(data, 0, len)))
        return text ? -EINVAL : -ENOMEM;

    switch (tag) {
    case BOOT_ARG: return arguments_put(&rec->argv, text);
    case BOOT_ENV: return environment_put(&rec->envp, text);
    case BOOT_CWD: b->cwd = text; return text[0] == '/' ? 0 : -EINVAL;
    case BOOT_UID: b->uid = value; return 0;
    case BOOT_GID: b->gid = value; return 0;
    case BOOT_GROUP: return group_put(b, value);
    case BOOT_HOSTNAME:
        b->hostname = text;
        b->hostname_told = true;
        return len <= HOSTNAME_MAX ? 0 : -EINVAL;
    case BOOT_PATH: b->path = text; return text[0] == '/' ? 0 : -EINVAL;
    case BOOT_ENTRYPOINT_ARGS: rec->kept = value; return 0;
    case BOOT_UMASK: b->umask = value; return value <= 0777 ? 0 : -EINVAL;
    default:
        log_warning("boot record: item %u is not known", tag);
        heap_free(text, len + 1u);
        return 0;
    }
}

static int read_record(struct cursor c, struct record *rec)
{
    while (cursor_left(&c)) {
        const struct PACKED { /* where it lies is the bundle's to say */
            uint16_t tag, zero;
            uint32_t len;
        } *item = (const void *)cursor_take(&c, 8);
        const void *data = item ? cursor_take(&c, item->len) : NULL;
        int error = data && !item->zero ? read_item(rec, item->tag, data, item->len) : -EINVAL;
        if (error == -EINVAL)
            log_error("boot record: what stands before offset %zu is malformed", c.pos);
        if (error)
            return error;
        cursor_skip(&c, -item->len & 7);
    }
    return 0;
}

static const char *program_of(const struct token *t, bool *encoded)
{
    const char *path = token_value(t, "u2k.exec");

    *encoded = path != NULL;
    path = path ? path : token_value(t, "init");
    return path ? path : token_value(t, "rdinit");
}

static int apply_program(struct record *rec)
{
    for (const struct token *t = cmdline_tokens; t; t = t->next) {
        bool encoded;
        const char *path = program_of(t, &encoded);
        if (!path)
            continue;
        char *text = encoded ? decode(path) : copy_text(path, strlen(path));
        rec->argv.count = 0;
        rec->kept = 1;
        boot_config.path = text;
        int error = arguments_put(&rec->argv, text);
        if (error)
            return error;
    }
    return 0;
}

/* What u2k.NAME=value is, with the value after its percent-encoding; BOOT_* tell what it is in the place of. */
static int apply_value(struct record *rec, unsigned tag, char *value)
{
    struct boot_config *b = &boot_config;

    if (!value)
        return -ENOMEM;
    switch (tag) {
    case BOOT_ARG: return arguments_put(&rec->argv, value);
    case BOOT_ENV: return environment_put(&rec->envp, value);
    case BOOT_CWD: b->cwd = value; return 0;
    case BOOT_UID: return take_user(b, value);
    default:
        b->hostname = value;
        b->hostname_told = true;
        return strlen(value) <= HOSTNAME_MAX ? 0 : -EINVAL;
    }
}

static int apply_token(struct record *rec, const struct token *t, bool *replaced)
{
    static const struct {
        char name[13];
        uint8_t tag;
    } values[] = {{"u2k.arg", BOOT_ARG},
                  {"u2k.env", BOOT_ENV},
                  {"u2k.cwd", BOOT_CWD},
                  {"u2k.user", BOOT_UID},
                  {"u2k.hostname", BOOT_HOSTNAME}};
    const char *value = t->argument ? t->text : NULL;
    unsigned tag = BOOT_ARG;

    for (size_t i = 0; i < ARRAY_SIZE(values) && !value; i++)
        if ((value = token_value(t, values[i].name)))
            tag = values[i].tag;
    if (!value && token_is_environment(t))
        return environment_put(&rec->envp, copy_text(t->text, t->len));
    if (value && tag == BOOT_ARG && !*replaced) {
        rec->argv.count = MIN(rec->argv.count, rec->kept);
        *replaced = true;
    }
    return !value ? 0
                  : apply_value(rec, tag, t->argument ? copy_text(value, t->len) : decode(value));
}

static int apply_cmdline(struct record *rec)
{
    bool replaced = false;
    int error = apply_program(rec);

    for (const struct token *t = cmdline_tokens; t && !error; t = t->next)
        error = apply_token(rec, t, &replaced);
    return error;
}

static int malformed(const char *what)
{
    log_error("bundle: %s: convert again", what);
    return -EINVAL;
}

int boot_read(const void *bundle, size_t len)
{
    struct cursor all = cursor_over(bundle, len);
    const struct bundle_header *h = cursor_at(&all, 0, sizeof(*h));
    struct boot_config *b = &boot_config;
    struct record rec = {0};

    if (!h || h->magic != BUNDLE_MAGIC)
        return malformed("no header");
    if (h->version != BUNDLE_VERSION || h->header_size < sizeof(*h))
        return malformed("unknown version");
    bool in_memory = len >= h->total_size;
    struct cursor whole = cursor_part(&all, 0, in_memory ? h->total_size : bundle_loaded(h));
    struct cursor record = cursor_part(&whole, h->record_offset, h->record_size);
    struct cursor root = cursor_part(&whole, h->root_offset, in_memory ? h->root_size : 0);
    if (record.bad || root.bad || (h->root_offset & PAGE_MASK))
        return malformed("not all there");

    *b = (struct boot_config){.cwd = "/", .hostname = "u2k", .umask = 022};
    b->root = in_memory ? root.base : NULL;
    b->root_size = root.len;
    int error = read_record(record, &rec);
    if (!error)
        error = apply_cmdline(&rec);
    if (!error)
        error = strings_reserve(&rec.envp);
    if (error)
        return error;
    if (!rec.argv.count)
        return malformed("no program");
    rec.argv.item[rec.argv.count] = NULL;
    b->argv = rec.argv.item;
    b->envp = rec.envp.item;
    return 0;
}
