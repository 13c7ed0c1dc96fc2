"""A FAT16 file system with one file in folders: an EFI system partition (Microsoft's FAT specification 1.03).

UEFI has FAT12 and FAT16 for disks that start by the path of removable media (UEFI 2.10, 13.3.1.1), as these
do. FAT32 would take 33 MiB at least.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

SECTOR = 512
_RESERVED, _FATS, _ROOT_ENTRIES = 1, 2, 512
_CLUSTERS = 8000  # of one sector; from 4085 to 65524 it is FAT16
_FAT_SECTORS = -(-(_CLUSTERS + 2) * 2 // SECTOR)
_ROOT_SECTORS = _ROOT_ENTRIES * 32 // SECTOR
_DATA = _RESERVED + _FATS * _FAT_SECTORS + _ROOT_SECTORS
SECTORS = _DATA + _CLUSTERS
_END_OF_CHAIN = 0xFFFF
_FOLDER, _ARCHIVE = 0x10, 0x20
_FIRST_DAY = 0x21  # 1980-01-01: a date has to be there, and no bytes may depend on the time


def file_system(path: Sequence[str], contents: bytes, serial: int) -> bytes:
    """The file `path` (8.3 names), from the first sector to the last one that is not empty.

    The file system has `SECTORS` sectors; what is not in the result is zero. `contents` has room for 3 MiB.
    """
    folders = path[:-1]
    fat = [0xFFF8, _END_OF_CHAIN]
    clusters = bytearray()

    def chain(data: bytes) -> int:
        first, count = len(fat), -(-len(data) // SECTOR)
        fat.extend(range(first + 1, first + count))
        fat.append(_END_OF_CHAIN)
        clusters.extend(data.ljust(count * SECTOR, b"\0"))
        return first

    # A folder's cluster is one sector, and known before what it names: folders come first.
    places = list(range(2, 2 + len(folders)))
    file_at = 2 + len(folders)
    names = [*places[1:], file_at]
    for number, _ in enumerate(folders):
        above = places[number - 1] if number else 0
        leaf = number == len(folders) - 1
        kind, size = (_ARCHIVE, len(contents)) if leaf else (_FOLDER, 0)
        own = _entry(".", _FOLDER, places[number], 0) + _entry("..", _FOLDER, above, 0)
        chain(own + _entry(path[number + 1], kind, names[number], size))
    chain(contents)
    root = _entry(folders[0], _FOLDER, places[0], 0).ljust(_ROOT_SECTORS * SECTOR, b"\0")
    table = struct.pack(f"<{len(fat)}H", *fat).ljust(_FAT_SECTORS * SECTOR, b"\0")
    return _boot_sector(serial) + table * _FATS + root + bytes(clusters)


def _entry(name: str, attributes: int, cluster: int, size: int) -> bytes:
    base, _, extension = ("", "", "") if name.startswith(".") else name.partition(".")
    short = (base or name).ljust(8).encode() + extension.ljust(3).encode()
    return struct.pack(
        "<11sBBBHHHHHHHI",
        *(short, attributes, 0, 0, 0, _FIRST_DAY, _FIRST_DAY, 0, 0, _FIRST_DAY, cluster, size),
    )


def _boot_sector(serial: int) -> bytes:
    fixed_disk = 0xF8
    parameters = struct.pack(
        "<3s8sHBHBHHBHHHII",
        *(b"\xeb\x3c\x90", b"u2k     ", SECTOR, 1, _RESERVED, _FATS, _ROOT_ENTRIES, SECTORS, fixed_disk),
        *(_FAT_SECTORS, 32, 64, 0, 0),
    )
    extended = struct.pack("<BBBI11s8s", 0x80, 0, 0x29, serial & 0xFFFFFFFF, b"NO NAME    ", b"FAT16   ")
    return (parameters + extended).ljust(510, b"\0") + b"\x55\xaa"
