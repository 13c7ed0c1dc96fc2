"""Bootable files of kernels that tests link, around the tests' own cores."""

from __future__ import annotations

import struct
from pathlib import Path

from converter.link.bundle import MAGIC, VERSION
from converter.link.image_header import EHDR, PHDR, PT_LOAD, PT_NOTE, read_kernel

PAGE = 4096
HEADER = struct.Struct("<QIIQQQQQ")
NOTE = struct.Struct("<III4sQ")
LOADER_AT = 0x3000000


def file_of(kernel: Path, guest: bytes, size: int | None = None, loader: bytes | None = None) -> bytes:
    """The kernel with `guest` as its root image; `size` is what the bundle says of itself. With `loader`
    the file is entered there instead, and knows nothing of PVH."""
    elf = read_kernel(kernel.read_bytes())
    end = next(value for name, value, _, _ in elf.symbols if name == "__kernel_end_physical")
    guest += bytes(-len(guest) % PAGE)
    head = HEADER.pack(MAGIC, VERSION, HEADER.size, size or PAGE + len(guest), PAGE, 0, PAGE, len(guest))
    pieces = [(s.paddr, s.memsz, data) for s, data in elf.segments if s.type == PT_LOAD]
    pieces.append((end, PAGE + len(guest), head.ljust(PAGE, b"\0") + guest))
    note = next(data for s, data in elf.segments if s.type == PT_NOTE)
    if loader is not None:
        pieces.append((LOADER_AT, len(loader), struct.pack("<Q", elf.entry) + loader[8:]))
        note = NOTE.pack(4, 8, 18, b"Xen\0", LOADER_AT + 16)
    headers, body = b"", b""
    for at, memory, data in pieces:
        headers += PHDR.pack(PT_LOAD, 7, PAGE + len(body), at, at, len(data), memory, PAGE)
        body += data + bytes(-len(data) % PAGE)
    headers += PHDR.pack(PT_NOTE, 4, 2048, 0, 0, len(note), len(note), 4)
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    count = len(pieces) + 1
    ehdr = EHDR.pack(ident, 2, 62, 1, elf.entry, EHDR.size, 0, 0, EHDR.size, PHDR.size, count, 0, 0, 0)
    return (ehdr + headers).ljust(2048, b"\0") + note.ljust(2048, b"\0") + body
