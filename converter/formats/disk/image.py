"""The layout of a disk that starts by itself.

Sector 0: boot code, protective MBR; then the partition table; the BIOS loader in a partition of its own; from
1 MiB on the EFI system partition with the UEFI loader; then the unikernel file, byte for byte, as a partition
that the library OS finds by its type, where its root is on the disk. Both loaders read the kernel's segments
out of that.
"""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path
from typing import BinaryIO

from converter.errors import ToolchainError
from converter.formats.disk import fat, gpt, loaders
from converter.formats.disk.plan import bootable, packed, with_plan
from converter.image.digest import file_digest

_MIB_SECTORS = (1 << 20) // gpt.SECTOR
_BIOS_AT = 40  # the first sector behind the table that is a whole page
_MBR_PACKET = 424  # of bios/mbr.S: a disk address packet (EDD 1.1, 3.2.1)
_PACKET = struct.Struct("<BBHHHQ")
_LOADER_AT = 0x8000  # in memory
_CHUNK = 1 << 20
_UEFI_PATH = ("EFI", "BOOT", "BOOTX64.EFI")  # UEFI 2.10, 3.5.1.1
USED_MEMORY = "u2k.memory=used"  # for the kernel: firmware has run


def write_disk(unikernel: Path, out: BinaryIO, cmdline: str) -> None:
    """Write the disk to `out` (empty, unbuffered); what is zero is left out where the file system can do
    that.

    Errors: UsageError for what cannot be booted, ToolchainError from the loaders, OSError from writing.
    """
    what = bootable(unikernel)
    digest = _digest(unikernel, cmdline)
    disk = gpt.identity(digest, 0)
    size = unikernel.stat().st_size
    esp = _MIB_SECTORS
    first = _up(esp + fat.SECTORS)
    last = first + -(-size // 4096) * 4096 // gpt.SECTOR - 1
    sectors = _up(last + 1 + gpt.AT_END)
    plan = packed(what, first, disk, f"{USED_MEMORY} {cmdline}".rstrip())
    bios = with_plan(loaders.bios_loader(), plan)
    bios_sectors = len(bios) // gpt.SECTOR
    if _BIOS_AT + bios_sectors > esp:
        raise ToolchainError("the BIOS loader is too large for its partition", hint="this is a bug in u2k")
    places = (
        (gpt.BIOS_BOOT, _BIOS_AT, _BIOS_AT + bios_sectors - 1, "BIOS loader"),
        (gpt.EFI_SYSTEM, esp, esp + fat.SECTORS - 1, "EFI system"),
        (gpt.UNIKERNEL, first, last, "unikernel"),
    )
    partitions = [
        gpt.Partition(kind, gpt.identity(digest, number), start, end, name)
        for number, (kind, start, end, name) in enumerate(places, 1)
    ]
    code = bytearray(loaders.mbr())
    _PACKET.pack_into(code, _MBR_PACKET, _PACKET.size, 0, bios_sectors, _LOADER_AT, 0, _BIOS_AT)
    front, back = gpt.tables(partitions, disk, sectors)
    serial = int.from_bytes(digest[:4], "little")
    out.truncate(sectors * gpt.SECTOR)
    _put(out, 0, gpt.protective_mbr(bytes(code), sectors) + front)
    _put(out, _BIOS_AT, bios)
    _put(out, esp, fat.file_system(_UEFI_PATH, with_plan(loaders.uefi_loader(), plan), serial))
    with unikernel.open("rb") as file:
        out.seek(first * gpt.SECTOR)
        while piece := file.read(_CHUNK):
            _write_or_skip(out, piece)
    _put(out, sectors - gpt.AT_END, back)


def _digest(unikernel: Path, cmdline: str) -> bytes:
    return hashlib.sha256(f"{file_digest(unikernel)} {cmdline}".encode()).digest()


def _put(out: BinaryIO, sector: int, data: bytes) -> None:
    out.seek(sector * gpt.SECTOR)
    _write_or_skip(out, data)


def _write_or_skip(out: BinaryIO, data: bytes) -> None:
    if not any(data):
        out.seek(len(data), 1)
        return
    view = memoryview(data)
    while view:
        view = view[out.write(view) :]


def _up(sector: int) -> int:
    return -(-sector // _MIB_SECTORS) * _MIB_SECTORS
