"""EROFS on-disk structures (Linux fs/erofs/erofs_fs.h, Documentation/filesystems/erofs.rst), little-endian.

Only what an uncompressed image needs, readable by Linux 5.4 and later: no incompatible feature bit is set.
"""

from __future__ import annotations

import enum
import functools
import struct
from collections.abc import Iterable, Mapping

from converter.image.tree import FileKind

BLOCK_SIZE = 4096  # bytes; equal to the page size of both architectures
SLOT_SIZE = 32  # bytes; the unit in which node numbers (nid) address inodes
SUPER_OFFSET = 1024  # bytes, fixed by the format
SUPER_SIZE = 128
COMPACT_SIZE = 32
EXTENDED_SIZE = 64
DIRENT_SIZE = 12
NAME_MAX = 255
XATTR_VALUE_MAX = 0xFFFF  # e_value_size has 16 bits
XATTR_BODY_MAX = 12 + 4 * (0xFFFF - 1)  # i_xattr_icount has 16 bits

_MAGIC = 0xE0F5E1E2
_COMPAT_SB_CHECKSUM = 1
_COMPAT_MTIME = 2  # times in extended inodes are mtime, not ctime
_SUPER = struct.Struct("<IIIBBHQQIIII16s16sI44x")
_COMPACT = struct.Struct("<HHHHIIIIHHI")
_EXTENDED = struct.Struct("<HHHHQIIIIQII16x")
_DIRENT = struct.Struct("<QHBx")
_XATTR_HEADER = bytes(12)
_XATTR_ENTRY = struct.Struct("<BBH")


class Layout(enum.IntEnum):
    """i_format bits 1-3: where an inode's bytes lie."""

    FLAT_PLAIN = 0  # whole blocks from raw_blkaddr on
    FLAT_INLINE = 2  # the same, but the last partial block follows the inode and its xattrs


FILE_TYPE = {  # dirent file_type (FT_*)
    FileKind.REGULAR: 1,
    FileKind.DIRECTORY: 2,
    FileKind.CHARACTER: 3,
    FileKind.BLOCK: 4,
    FileKind.FIFO: 5,
    FileKind.SOCKET: 6,
    FileKind.SYMLINK: 7,
}

_WHOLE_NAMES = {"system.posix_acl_access": 2, "system.posix_acl_default": 3}
_PREFIXES = (("user.", 1), ("trusted.", 4), ("lustre.", 5), ("security.", 6))


@functools.cache
def _crc32c_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return tuple(table)


def crc32c(data: bytes) -> int:
    """CRC-32C (RFC 3720 B.4) seeded with all ones and *not* inverted at the end, as the kernel's crc32c()."""
    table = _crc32c_table()
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc


def encode_device(major: int, minor: int) -> int:
    """Linux new_encode_dev(): 12 bits of major, 20 of minor. Raises ValueError beyond that."""
    if not (0 <= major < 1 << 12 and 0 <= minor < 1 << 20):
        raise ValueError(f"device number {major}:{minor} is out of range")
    return minor & 0xFF | major << 8 | (minor & ~0xFF) << 12


def xattr_index(name: str) -> tuple[int, bytes] | None:
    """Name index and rest of an extended attribute's name; None if EROFS has no such namespace."""
    if name in _WHOLE_NAMES:
        return _WHOLE_NAMES[name], b""
    for prefix, index in _PREFIXES:
        if name.startswith(prefix) and len(name) > len(prefix):
            return index, name[len(prefix) :].encode("utf-8", "surrogateescape")
    return None


def xattr_body(xattrs: Mapping[str, bytes]) -> bytes:
    """The inline xattr area, its length a multiple of 4, empty if there are none.

    Names without a namespace known to `xattr_index` are left out. Raises ValueError if a name, a value
    or the whole is larger than the format can say.
    """
    entries: list[tuple[int, bytes, bytes]] = []
    for name, value in xattrs.items():
        if (key := xattr_index(name)) is not None:
            if len(key[1]) > NAME_MAX or len(value) > XATTR_VALUE_MAX:
                raise ValueError(f"extended attribute {name[:40]!r} is too long")
            entries.append((*key, value))
    if not entries:
        return b""
    parts = [_XATTR_HEADER]
    for index, rest, value in sorted(entries):
        entry = _XATTR_ENTRY.pack(len(rest), index, len(value)) + rest + value
        parts.append(entry + bytes(-len(entry) % 4))
    body = b"".join(parts)
    if len(body) > XATTR_BODY_MAX:
        raise ValueError("the extended attributes are too long together")
    return body


def xattr_count(body: bytes) -> int:
    """i_xattr_icount for an inline area: the 12-byte header counts 1, then one for each 4 bytes."""
    return (len(body) - 12) // 4 + 1 if body else 0


def pack_compact(
    layout: Layout, icount: int, mode: int, nlink: int, size: int, union: int, ino: int, uid: int, gid: int
) -> bytes:
    """A 32-byte inode; its time is the superblock's build time. `union` is a block address or a device."""
    return _COMPACT.pack(layout << 1, icount, mode, nlink, size, 0, union, ino, uid, gid, 0)


def pack_extended(
    layout: Layout,
    icount: int,
    mode: int,
    nlink: int,
    size: int,
    union: int,
    ino: int,
    uid: int,
    gid: int,
    mtime: int,
    nsec: int,
) -> bytes:
    """A 64-byte inode. `mtime` is in seconds, signed; `union` is a block address or a device."""
    seconds = mtime & 0xFFFFFFFFFFFFFFFF
    return _EXTENDED.pack(layout << 1 | 1, icount, mode, 0, size, union, ino, uid, gid, seconds, nsec, nlink)


def pack_directory_block(entries: Iterable[tuple[bytes, int, int]]) -> bytes:
    """One directory block, not padded: dirents, then names. Entries are (name, nid, file type), sorted."""
    entries = tuple(entries)
    offset = DIRENT_SIZE * len(entries)
    heads: list[bytes] = []
    for name, nid, file_type in entries:
        heads.append(_DIRENT.pack(nid, offset, file_type))
        offset += len(name)
    return b"".join(heads) + b"".join(name for name, _, _ in entries)


def pack_super(
    *, root_nid: int, inodes: int, build_time: int, build_nsec: int, blocks: int, uuid: bytes
) -> bytes:
    """The superblock, its checksum still zero (see `seal_super`); metadata counts from block 0."""
    return _SUPER.pack(
        _MAGIC,
        0,
        _COMPAT_SB_CHECKSUM | _COMPAT_MTIME,
        BLOCK_SIZE.bit_length() - 1,
        0,
        root_nid,
        inodes,
        build_time,
        build_nsec,
        blocks,
        0,
        0,
        uuid,
        b"",
        0,
    )


def seal_super(image: bytearray) -> None:
    """Write the checksum: over the first block from the superblock on, its own field being zero."""
    struct.pack_into("<I", image, SUPER_OFFSET + 4, crc32c(bytes(image[SUPER_OFFSET:BLOCK_SIZE])))


def unpack_super(data: bytes) -> int | None:
    """The root's node number; None for what is no superblock of ours."""
    fields = _SUPER.unpack(data)
    plain = fields[0] == _MAGIC and 1 << fields[3] == BLOCK_SIZE and fields[10] == 0
    return fields[5] if plain else None


def unpack_inode(record: bytes) -> tuple[int, int, int, int, int, int]:
    """icount, mode, size, union, uid and gid of either form, told apart by its length."""
    fields = (_COMPACT if len(record) == COMPACT_SIZE else _EXTENDED).unpack(record)
    uid, gid = fields[8:10] if len(record) == COMPACT_SIZE else fields[7:9]
    union = fields[6] if len(record) == COMPACT_SIZE else fields[5]
    return fields[1], fields[2], fields[4], union, uid, gid


def unpack_dirent(block: bytes, at: int) -> tuple[int, int]:
    """Node number, and the offset of the name in the block."""
    nid, offset, _ = _DIRENT.unpack_from(block, at)
    return nid, offset
