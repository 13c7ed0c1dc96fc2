/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bundle: what the converter puts beside the kernel. converter/link/bundle.py writes it; both
 * sides are held together by tests/unit/link/test_bundle.py. All integers are little-endian.
 *
 *   offset 0          struct bundle_header
 *   record_offset     the boot record: record_size bytes of tag-length-value items
 *   root_offset       the root image (EROFS), page aligned, root_size bytes
 */
#ifndef U2K_BOOT_H
#define U2K_BOOT_H

#include <u2k/types.h>

#define BUNDLE_MAGIC 0x316c646e42416b32ull /* "2kABndl1" read as little-endian uint64 */
#define BUNDLE_VERSION 1

struct bundle_header {
    uint64_t magic;
    uint32_t version;
    uint32_t header_size; /* of this structure; later versions only append */
    uint64_t total_size;  /* bytes of the whole bundle */
    uint64_t record_offset, record_size;
    uint64_t root_offset, root_size;
    uint64_t
        loaded_size; /* bytes that are put into a VM's memory: all, or what stands before root_offset, and the
                             root is read from a disk: the same file */
};

static inline uint64_t bundle_loaded(const struct bundle_header *h)
{
    return h->header_size > offsetof(struct bundle_header, loaded_size) ? h->loaded_size
                                                                        : h->total_size;
}

/* An item: uint16 tag, uint16 zero, uint32 length, `length` bytes, zeros up to a multiple of 8. */
enum boot_tag {
    BOOT_ARG = 1, /* repeated: argv[i], without NUL */
    BOOT_ENV = 2, /* repeated: NAME=value */
    BOOT_CWD = 3, /* absolute path */
    BOOT_UID = 4, /* uint32 */
    BOOT_GID = 5, /* uint32 */
    BOOT_GROUP = 6, /* repeated uint32: supplementary groups */
    BOOT_HOSTNAME = 7, /* a name */
    BOOT_PATH = 8, /* absolute path of the program to execve (argv[0] may differ) */
    BOOT_ENTRYPOINT_ARGS = 9, /* uint32: how many leading BOOT_ARGs run-time arguments keep */
    BOOT_LEFT_OUT = 10, /* uint32 each, ascending: paths that are not in the root */
    BOOT_UMASK = 11, /* uint32: umask(2) of the program; without it 022 */
    BOOT_SITES = 12, /* uint32 each, ascending: system calls in the root image */
};

/*
 * BOOT_LEFT_OUT has the paths that the image has and the root image lacks, by the CRC-32 (as zlib has it) of
 * their components from the last to the first with slashes between them: `sh/bin/usr` for /usr/bin/sh. A
 * look-up of one is told once, at log level 2, in this form:
 *   PATH was left out of the root: ENOENT; keep it with: u2k convert --keep 'PATH'
 */

/*
 * BOOT_SITES has the `syscall` instructions of programs and libraries that a platform may rewrite from the
 * instructions before them: the first of these has 5 bytes or more, and code was read and nothing leads
 * into the middle of it. 8 times the place of the call in the root image, plus the length of those instructions less
 * 5. Calls that can be rewritten from the instruction behind need not be in it (platform/process/README.md).
 */

/*
 * The command line: Linux's dialect (kernel-parameters; `--` ends it, what follows are the
 * program's arguments), one call a token, quotes already taken off. Understood:
 *   rdinit=PATH init=PATH        another program; what comes after `--` is as u2k.arg=
 *   NAME=value                   environment (names of capitals, digits and underscores but BOOT_IMAGE)
 *   u2k.exec=TEXT                another program; without a slash it is looked up in PATH
 *   u2k.arg=TEXT                 an argument: the first one drops the record's but argv[0..k), or
 *                                all but the other program's name
 *   u2k.env=TEXT u2k.cwd=TEXT u2k.user=UID[:GID[:G,G...]] u2k.hostname=TEXT
 *                                these values are percent-encoded (RFC 3986): any byte can be passed
 *   u2k.loglevel=N               see u2k/log.h
 *   u2k.fastcalls=N              platforms on which calls trap: one is rewritten when it has trapped N times
 *                                at its place (at most 255), 0: none is
 *   u2k.tty=ROWSxCOLUMNS         the streams are one terminal
 *   u2k.realtime=NANOSECONDS     wall clock at start, for platforms without one
 *   u2k.memory=used              RAM is not as a VMM gives it, which is zero: it was used before. Boot loaders
 *                                of disks say so (libos/boot)
 * root=/dev/vdX               where the root is, if it is on a disk; without it /dev/vda
 * console= ip= and the like are the drivers': platform/vm passes them on. Other words without
 * a `=` are passed over. A token is copied, into memory that pages_add() has given before.
 */
int cmdline_token(const char *token, size_t len);

/* Split a whole command line (kernel rules: spaces, double quotes) and give each token. */
int cmdline_parse(const char *line, size_t len);

/* The value of the last NAME=value token with this exact name, NULL if there was none. */
const char *cmdline_value(const char *name);

/* The values of all of them in turn: *at is NULL at first. NULL: no more. */
const char *cmdline_each(const char *name, const void **at);

/* What the program is started with, record and command line merged. Valid after boot_read(). */
struct boot_config {
    const char *path; /* NULL: argv[0] */
    char **argv; /* NULL-terminated */
    char **envp;
    const char *cwd;
    const char *hostname;
    bool hostname_told; /* by record or command line; else the network may name us */
    const char
        *address; /* of the first interface, as a text; NULL: none. net_start() sets these two */
    const char *resolver; /* contents of /etc/resolv.conf; NULL: nobody told name servers */
    uint32_t uid, gid, umask;
    uint32_t *groups;
    size_t group_count;
    const uint8_t *left_out; /* BOOT_LEFT_OUT, little-endian, not aligned */
    size_t left_out_count;
    const uint8_t *sites; /* BOOT_SITES, the same */
    size_t site_count;
    const void *root; /* EROFS image, page aligned; NULL: not in memory, see plat_root() */
    size_t root_size;
};

extern struct boot_config boot_config;
int boot_read(const void *bundle, size_t len); /* checks everything; -EINVAL on a malformed one */

#endif
