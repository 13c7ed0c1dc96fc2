"""A GUID partition table with a protective MBR (UEFI 2.10, 5.2.3 and 5.3), on sectors of 512 bytes."""

from __future__ import annotations

import struct
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

SECTOR = 512
ENTRY_SECTORS = 32  # 128 entries of 128 bytes, the least that 5.3.1 allows
FIRST_USABLE = 2 + ENTRY_SECTORS
AT_END = ENTRY_SECTORS + 1  # sectors that the second table takes

EFI_SYSTEM = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
BIOS_BOOT = uuid.UUID("21686148-6449-6e6f-744e-656564454649")  # GRUB's, known to partitioning tools
UNIKERNEL = uuid.UUID(
    "7b6e3f52-9d41-4c8a-b0e7-75326b756b31"
)  # libos/platform/vm/disk_root/gpt.c looks for it

_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
_ENTRY = struct.Struct("<16s16sQQQ72s")
_REVISION = 0x10000
_ENTRIES = ENTRY_SECTORS * SECTOR // _ENTRY.size
_PROTECTIVE = 0xEE
_MBR_CODE = 440  # bytes


@dataclass(frozen=True, slots=True)
class Partition:
    """`first` and `last` are sectors, both inside."""

    kind: uuid.UUID
    identity: uuid.UUID
    first: int
    last: int
    name: str


def protective_mbr(code: bytes, sectors: int) -> bytes:
    """Sector 0 of a disk of `sectors`: boot code of at most 440 bytes, and one partition over all."""
    size = min(sectors - 1, 0xFFFFFFFF)
    record = struct.pack("<B3sB3sII", 0, b"\x00\x02\x00", _PROTECTIVE, b"\xff\xff\xff", 1, size)
    return code.ljust(_MBR_CODE, b"\0") + bytes(6) + record + bytes(48) + b"\x55\xaa"


def tables(partitions: Sequence[Partition], disk: uuid.UUID, sectors: int) -> tuple[bytes, bytes]:
    """What stands in sector 1 and behind it, and what in the last sectors of the disk."""
    entries = b"".join(
        _ENTRY.pack(
            each.kind.bytes_le,
            each.identity.bytes_le,
            each.first,
            each.last,
            0,
            each.name.encode("utf-16-le"),
        )
        for each in partitions
    ).ljust(_ENTRIES * _ENTRY.size, b"\0")

    def header(own: int, other: int, at: int) -> bytes:
        def packed(checksum: int) -> bytes:
            usable = (FIRST_USABLE, sectors - AT_END - 1)
            return _HEADER.pack(
                *(b"EFI PART", _REVISION, _HEADER.size, checksum, 0, own, other, *usable, disk.bytes_le),
                *(at, _ENTRIES, _ENTRY.size, zlib.crc32(entries)),
            )

        return packed(zlib.crc32(packed(0))).ljust(SECTOR, b"\0")

    last = sectors - 1
    return header(1, last, 2) + entries, entries + header(last, 1, last - ENTRY_SECTORS)


def identity(digest: bytes, number: int) -> uuid.UUID:
    """A GUID that follows from `digest` (16 bytes at least): RFC 9562, 5.8, version 8."""
    value = bytearray((int.from_bytes(digest[:16], "big") ^ number).to_bytes(16, "big"))
    value[6] = 0x80 | value[6] & 0x0F
    value[8] = 0x80 | value[8] & 0x3F
    return uuid.UUID(bytes=bytes(value))
