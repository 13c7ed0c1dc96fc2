"""What the boot loaders are told (struct boot_plan, libos/boot/plan.h): places on disk and in memory."""

from __future__ import annotations

import struct
import uuid
from dataclasses import dataclass
from pathlib import Path

from converter.errors import ToolchainError, UsageError
from converter.formats.disk.gpt import SECTOR
from converter.link.embedded import bundle_in
from converter.link.image_header import EHDR, PHDR, PT_LOAD, PT_NOTE, Segment

MAGIC = 0x6E616C70746F6F62
PIECES, CMDLINE = 8, 2048
_HEAD = struct.Struct("<QIIQQ16s")
_PIECE = struct.Struct("<QQQQ")
_NOTE = struct.Struct("<III")
_PVH_ENTRY = 18  # XEN_ELFNOTE_PHYS32_ENTRY
_MEMORY_MAX = 900 << 20  # bytes; the kernel's first tables map 1 GiB, and firmware is in it too


@dataclass(frozen=True, slots=True)
class Bootable:
    """What of a unikernel file is put into memory."""

    entry: int
    kernel: tuple[Segment, ...]
    bundle: Segment


def bootable(path: Path) -> Bootable:
    """The segments of a unikernel. UsageError for a file that no boot loader could load."""
    with path.open("rb") as file:
        fields = EHDR.unpack(file.read(EHDR.size))
        file.seek(fields[5])
        table = file.read(fields[10] * PHDR.size)
        segments = [Segment(*PHDR.unpack_from(table, at)) for at in range(0, len(table), PHDR.size)]
        bundle = bundle_in(file, str(path))
        entry = None
        for note in (each for each in segments if each.type == PT_NOTE):
            file.seek(note.offset)
            entry = entry or _pvh_entry(file.read(note.filesz))
    kernel = tuple(each for each in segments if each.type == PT_LOAD and each != bundle)
    odd = any(each.offset % SECTOR or each.paddr % 4096 for each in (*kernel, bundle))
    if entry is None or not kernel or len(kernel) > PIECES or odd:
        raise UsageError("it cannot be booted", where=str(path), hint="convert the image again")
    if bundle.filesz > _MEMORY_MAX:
        raise UsageError(
            f"{bundle.filesz >> 20} MiB are too much for a boot loader to put into memory",
            where=str(path),
            hint="convert the image with --root disk",
        )
    return Bootable(entry, kernel, bundle)


def _pvh_entry(notes: bytes) -> int | None:
    at = 0
    while at + _NOTE.size <= len(notes):
        name_size, size, kind = _NOTE.unpack_from(notes, at)
        name_at = at + _NOTE.size
        value_at = name_at + -(-name_size // 4) * 4
        if kind == _PVH_ENTRY and notes[name_at : name_at + 4] == b"Xen\0":
            return int.from_bytes(notes[value_at : value_at + size], "little")
        at = value_at + -(-size // 4) * 4
    return None


def packed(what: Bootable, first: int, disk: uuid.UUID, cmdline: str) -> bytes:
    """The plan, for a file that begins at sector `first`. UsageError for a command line that is too long."""
    if not (cmdline.isascii() and cmdline.isprintable()):
        raise UsageError("a command line has printable ASCII letters only", where="--cmdline")
    line = cmdline.encode()
    if len(line) >= CMDLINE:
        raise UsageError(f"the command line is longer than {CMDLINE - 1} bytes", where="--cmdline")

    def piece(segment: Segment) -> bytes:
        return _PIECE.pack(
            first + segment.offset // SECTOR, segment.filesz, segment.paddr, -(-segment.memsz // 4096) * 4096
        )

    start = min(each.paddr for each in what.kernel)
    pieces = b"".join(map(piece, what.kernel)).ljust(PIECES * _PIECE.size, b"\0")
    head = _HEAD.pack(MAGIC, what.entry, len(what.kernel), start, what.bundle.paddr, disk.bytes_le)
    return head + pieces + piece(what.bundle) + line.ljust(CMDLINE, b"\0")


def with_plan(loader: bytes, plan: bytes) -> bytes:
    """`loader` with the plan in the place that it keeps for one."""
    at = loader.find(MAGIC.to_bytes(8, "little"))
    if at < 0 or loader.find(MAGIC.to_bytes(8, "little"), at + 1) >= 0 or at + len(plan) > len(loader):
        raise ToolchainError("a boot loader has no place for its plan", hint="this is a bug in u2k")
    return loader[:at] + plan + loader[at + len(plan) :]
