"""The bundle: boot record and root image as libos/include/u2k/boot.h defines them."""

from __future__ import annotations

import enum
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

MAGIC = 0x316C646E42416B32  # BUNDLE_MAGIC
VERSION = 1
PAGE = 4096
_HEADER = struct.Struct("<QIIQQQQQQ")
_OLDEST = struct.Struct("<QIIQQQQQ")  # without what later versions have appended
_ITEM = struct.Struct("<HHI")


class Tag(enum.IntEnum):
    """enum boot_tag."""

    ARG = 1
    ENV = 2
    CWD = 3
    UID = 4
    GID = 5
    GROUP = 6
    HOSTNAME = 7
    PATH = 8
    ENTRYPOINT_ARGS = 9
    LEFT_OUT = 10
    UMASK = 11
    SITES = 12


@dataclass(frozen=True, slots=True)
class BootRecord:
    """What the program is started with. Strings are bytes as execve(2) takes them, without NUL.

    left_out: canonical paths of the image that are not in the root
    umask:    of the program, at most 0o777 (umask(2)); containers start with 022
    sites:    BOOT_SITES, ascending
    """

    path: bytes
    argv: Sequence[bytes]
    env: Sequence[bytes] = ()
    cwd: bytes = b"/"
    uid: int = 0
    gid: int = 0
    groups: Sequence[int] = ()
    hostname: bytes = b""
    entrypoint_args: int = 0
    left_out: Sequence[bytes] = ()
    umask: int = 0o022
    sites: Sequence[int] = ()

    def pack(self) -> bytes:
        """Tag-length-value items, each padded to eight bytes."""
        items: list[tuple[Tag, bytes]] = [(Tag.PATH, self.path)]
        items += [(Tag.ARG, arg) for arg in self.argv]
        items += [(Tag.ENV, entry) for entry in self.env]
        items += [(Tag.CWD, self.cwd), (Tag.UID, _u32(self.uid)), (Tag.GID, _u32(self.gid))]
        items += [(Tag.GROUP, _u32(group)) for group in self.groups]
        items.append((Tag.ENTRYPOINT_ARGS, _u32(self.entrypoint_args)))
        if self.umask != 0o022:
            items.append((Tag.UMASK, _u32(self.umask)))
        if self.hostname:
            items.append((Tag.HOSTNAME, self.hostname))
        if self.left_out:
            hashes = sorted(set(map(path_hash, self.left_out)))
            items.append((Tag.LEFT_OUT, struct.pack(f"<{len(hashes)}I", *hashes)))
        if self.sites:
            items.append((Tag.SITES, struct.pack(f"<{len(self.sites)}I", *self.sites)))
        return b"".join(
            _ITEM.pack(tag, 0, len(value)) + value + bytes(-len(value) % 8) for tag, value in items
        )


def path_hash(path: bytes) -> int:
    """BOOT_LEFT_OUT's hash of a canonical path: CRC-32 over its components, the last one first."""
    return zlib.crc32(b"/".join(reversed(path.split(b"/")[1:])))


def bundle_head(record: BootRecord, root_size: int, *, root_loaded: bool = True) -> bytes:
    """All of the bundle that stands before the root image: a whole number of pages.

    root_loaded: whether a machine's loader puts the root image into memory too
    """
    packed = record.pack()
    root_offset = -(-(_HEADER.size + len(packed)) // PAGE) * PAGE
    header = _HEADER.pack(
        MAGIC,
        VERSION,
        _HEADER.size,
        root_offset + root_size,
        _HEADER.size,
        len(packed),
        root_offset,
        root_size,
        root_offset + (root_size if root_loaded else 0),
    )
    return (header + packed).ljust(root_offset, b"\0")


def _u32(value: int) -> bytes:
    return struct.pack("<I", value)


def root_place(head: bytes) -> tuple[int, int] | None:
    """Offset and size of the root image in the bundle that begins with `head`; None for what is none."""
    if len(head) < _OLDEST.size:
        return None
    magic, version, *_, offset, size = _OLDEST.unpack_from(head)
    return (offset, size) if (magic, version) == (MAGIC, VERSION) else None
